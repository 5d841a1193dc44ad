import FlashU
package import ShowO2

/// What there is to turn.
package enum Knobs {
    /// What anybody would do first, by the names of knobs: draw on fewer points, read a smaller image.
    private static let plain: Set = ["schedule", "size"]

    /// Whether a candidate of these choices, by knob, is a rival of all else: nothing but fewer points was chosen, or a smaller image.
    package static func arePlain(_ choices: [String: String]) -> Bool { choices.keys.allSatisfy(plain.contains) }

    /// Whether a schedule is nothing but a solver and its points.
    package static func isPlainSchedule(_ option: Knob.Option) -> Bool {
        Set(option.changes.keys).isSubset(of: ["schedule.sampler", "schedule.stepsFactor"])
    }

    /// Schedules of drawing: solver, points and reuse between evaluations. They can be scored from the states of a reference trajectory.
    ///
    /// - Parameters:
    ///   - points: of the model's own grid.
    ///   - hasMagnitude: whether the calibration knows the ratios that MagCache wants.
    package static func schedules(points: Int, hasMagnitude: Bool) -> Knob {
        var options: [Knob.Option] = []
        func count(_ factor: Double) -> Int { Int((Double(points) * factor).rounded()) }
        var counts: Set<Int> = []
        let factors = [1, 0.8, 0.6, 0.5, 0.4, 0.33, 0.27, 0.2, 0.17, 0.13, 0.1].filter {
            Int(Double(points) * $0) >= 3 && counts.insert(count($0)).inserted
        }
        for sampler in [Sampler.Kind.euler, .ab2, .dpmpp2m, .unipc] {
            for factor in factors where factor < 1 || sampler != .euler {
                options.append(
                    .init(
                        "\(sampler.rawValue), \(count(factor)) points",
                        ["schedule.sampler": sampler.rawValue, "schedule.stepsFactor": "\(factor)"]))
            }
        }
        for base in options + [
            .init("euler, \(points) points", ["schedule.sampler": "euler", "schedule.stepsFactor": "1.0"])
        ]
        where !base.name.contains("dpm") {
            for cache in caches where hasMagnitude || !cache.name.hasPrefix("MagCache") {
                options.append(
                    .init("\(base.name), \(cache.name)", base.changes.merging(cache.changes) { $1 }))
            }
        }
        return Knob(name: "schedule", options: options)
    }

    /// Reuse between evaluations.
    private static let caches: [Knob.Option] = {
        var all: [Knob.Option] = []
        for (interval, order) in [(2, 0), (2, 1), (3, 0), (3, 1), (4, 1)] {
            all.append(
                .init(
                    "head \(order == 0 ? "reused" : "forecast") \(interval)",
                    [
                        "headCache.interval": "\(interval)", "headCache.order": "\(order)",
                        "headCache.warmup": order == 0 ? "\(interval - 1)" : "3",
                    ]))
        }
        for (policy, thresholds) in [("easyCache", [0.03, 0.06, 0.1, 0.2]), ("magCache", [0.06, 0.12, 0.24])] {
            for threshold in thresholds {
                for order in [0, 1] {
                    all.append(
                        .init(
                            "\(policy == "easyCache" ? "EasyCache" : "MagCache") \(threshold)\(order == 0 ? "" : ", forecast")",
                            [
                                "velocityCache.policy": policy, "velocityCache.threshold": "\(threshold)",
                                "velocityCache.order": "\(order)",
                            ]))
                }
            }
        }
        return all
    }()

    /// What else drawing has.
    ///
    /// - Parameters:
    ///   - isCalibrated: whether neurons can be pruned.
    ///   - layers: of the LLM.
    package static func drawing(isCalibrated: Bool, layers: Int) -> [Knob] {
        var knobs: [Knob] = []
        if isCalibrated {
            knobs.append(neurons("ffn.generationRatio"))
        }
        knobs.append(
            Knob(
                name: "layers",
                options: (1...2).map { count in
                    .init(
                        "\(count) of \(layers) layers skipped",
                        ["layers.generationRatio": "\((Double(count) + 0.5) / Double(layers))"])
                }, isOrdered: true))
        knobs.append(
            Knob(
                name: "guidance",
                options: [
                    .init("guidance off in the last fifth", ["guidance.conditionalTail": "0.2"]),
                    .init("guidance off in the last two fifths", ["guidance.conditionalTail": "0.4"]),
                    .init("guidance off in the first tenth", ["guidance.start": "0.1"]),
                    .init("difference every second evaluation", ["guidance.differenceInterval": "2"]),
                ]))
        knobs.append(
            Knob(
                name: "blocks",
                options: [("0.05", "1"), ("0.1", "1"), ("0.2", "1"), ("0.1", "2")].map { threshold, count in
                    .init(
                        "blocks after \(count) reused below \(threshold)",
                        ["blockCache.layers": count, "blockCache.threshold": threshold])
                }))
        knobs.append(
            Knob(
                name: "features",
                options: [
                    .init("features forecast 2", ["features.interval": "2", "features.order": "1"]),
                    .init("features reused 2", ["features.interval": "2"]),
                ]))
        return knobs
    }

    /// Shares of the FFN's neurons that are left out, by a field.
    private static func neurons(_ field: String) -> Knob {
        Knob(
            name: "neurons",
            options: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map { .init("FFN -\(Int(100 * $0)) %", [field: "\($0)"]) },
            isOrdered: true)
    }

    /// What of a video's frames is not read again.
    private static let frames = Knob(
        name: "frames",
        options: ["0.01", "0.02", "0.05", "0.1"].map {
            .init("cells that changed by less than \($0) not read again", ["frameCache.threshold": $0])
        }, isOrdered: true)

    /// Sizes at which images are read, each grid of tokens once.
    private static func sizes(_ geometry: ShowO2Geometry) -> Knob {
        var grids = [geometry.readingGrid]
        let scales = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4].filter { scale in
            let grid = geometry.reading(at: scale).grid
            defer { grids.append(grid) }
            return !grids.contains(grid)
        }
        return Knob(
            name: "size",
            options: scales.map {
                .init("read at \(Int((100 * $0).rounded())) % of the size", ["reading.scale": "\($0)"])
            }, isOrdered: true)
    }

    /// What answering has.
    ///
    /// - Parameters:
    ///   - hasVideos: whether any of the questions is on a video.
    ///   - geometry: the model's.
    package static func answering(isCalibrated: Bool, hasVideos: Bool = false, _ geometry: ShowO2Geometry) -> [Knob] {
        let (layers, encoderLayers) = (geometry.llm.layers, geometry.vision.layers)
        var tokens: [Knob.Option] = []
        func add(_ selection: TokenSelection, _ words: String, _ changes: [String: String]) {
            let kind = changes.merging(["tokens.selection": selection.rawValue, "tokens.dropRatio": "0.5"]) { $1 }
            tokens.append(.init("\(selection.rawValue), 50 % of the tokens dropped \(words)", kind))
        }
        // Which tokens, where, at half of them; the share of the best is refined.
        let selections: [TokenSelection] = [
            .keepHighNorm, .keepLowNorm, .stride, .divPrune, .divPruneHighNorm, .v2Drop,
        ]
        for layer in Set([1, 2, 3, layers / 3, layers / 2]).sorted() where layer <= layers - 2 {
            for selection in selections where layer == 2 || selection != .keepLowNorm {
                add(selection, "after layer \(layer)", ["tokens.layer": "\(layer)"])
            }
        }
        for tail in Set([0, encoderLayers / 4]).sorted() where tail < encoderLayers {
            for selection in selections where selection != .keepLowNorm {
                add(
                    selection, "before the language model\(tail > 0 ? ", \(tail) layers of the encoder without" : "")",
                    ["tokens.place": "encoder", "tokens.encoderTail": "\(tail)"])
            }
        }
        var knobs = [sizes(geometry)]
        if hasVideos { knobs.insert(frames, at: 0) }
        knobs.append(
            Knob(name: "tokens", options: tokens) { best in
                var more: [Knob.Option] = []
                for fate in AccelerationProfile.Tokens.Fate.allCases {
                    for ratio in [0.25, 0.5, 0.6, 0.7, 0.8, 0.9] where fate == .merge || ratio != 0.5 {
                        var option = best
                        option.changes["tokens.dropRatio"] = "\(ratio)"
                        option.changes["tokens.dropped"] = fate.rawValue
                        option.name =
                            best.name.replacing("50 %", with: "\(Int((100 * ratio).rounded())) %")
                            + (fate == .merge ? ", merged" : "")
                        more.append(option)
                    }
                }
                return more
            })
        if isCalibrated {
            knobs.append(neurons("ffn.understandingRatio"))
        }
        knobs.append(
            Knob(
                name: "layers",
                options: (1...2).map { count in
                    .init(
                        "\(count) of \(layers) layers skipped in decoding",
                        ["layers.understandingRatio": "\((Double(count) + 0.5) / Double(layers))"])
                }, isOrdered: true))
        return knobs
    }
}
