/// What the latent frontier measures: everything, as it takes few prompts.
func latentConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    for sampler in ["euler", "ab2", "dpmpp2m", "unipc"] {
        for points in solverPoints {
            try all.add("solver", sampler, points, ["schedule.sampler": sampler])
        }
    }
    for points in [26, 18, 14, 9] { try all.add("solver", "heun", points, ["schedule.sampler": "heun"]) }
    // Each mechanism alone on 50 points of plain Euler.
    for order in 0...2 {
        for interval in [2, 3, 5] {
            try all.add("head cache", order == 0 ? "reuse" : "forecast \(order)", 50, headCache(interval, order, 4))
        }
    }
    for ratio in ["0.1", "0.2", "0.3", "0.5"] {
        try all.add("pruned FFN", "always", 50, ["ffn.generationRatio": ratio])
    }
    for phase in ["end", "start"] {
        try all.add("pruned FFN", "full at the \(phase)", 50, ["ffn.generationRatio": "0.2", "ffn.full": phase])
    }
    for ratio in ["0.13", "0.26", "0.5"] {
        try all.add("layer skipping", "ratio \(ratio)", 50, ["layers.generationRatio": ratio])
    }
    for interval in [2, 3, 5] {
        try all.add("guidance difference", "every \(interval)", 50, ["guidance.differenceInterval": "\(interval)"])
    }
    for tail in ["0.2", "0.4"] { try all.add("conditional tail", tail, 50, ["guidance.conditionalTail": tail]) }
    try all.add("guidance schedule", "0.75 early", 35, earlyGuidance)
    for order in 0...1 {
        for interval in [2, 4] {
            try all.add(
                "features", order == 0 ? "reuse" : "forecast", 50,
                ["features.interval": "\(interval)", "features.order": "\(order)"])
        }
    }
    try all.addPaper()
    // Combinations of what is cheap: a multistep solver with a forecast head (interval / order, after a warm-up), or with reused differences.
    for sampler in ["ab2", "unipc"] {
        let solver = ["schedule.sampler": sampler]
        for points in [35, 28, 24, 20, 17, 14, 12] {
            for (interval, order, warmup) in [(2, 1, 3), (2, 2, 4), (3, 1, 3)] {
                try all.add(
                    "combined", "\(sampler) + forecast head \(interval)/\(order) after \(warmup)", points,
                    solver.merging(headCache(interval, order, warmup)) { $1 })
            }
        }
        try all.add(
            "combined", "\(sampler) + forecast head 3/1 + pruned FFN 0.3", 24,
            solver.merging(headCache(3, 1, 3)) { $1 }.merging(["ffn.generationRatio": "0.3"]) { $1 })
        for points in [35, 24, 17, 12] {
            try all.add(
                "combined", "\(sampler) + difference every 2", points,
                solver.merging(["guidance.differenceInterval": "2"]) { $1 })
        }
    }
    try all.addFewPruned()
    try all.addAdaptive(points: [50, 30], samplers: ["euler", "ab2", "unipc"])
    try all.addPresets()
    return all
}

/// What the drawing frontier judges: each configuration takes minutes, so the rivals and one representative of each mechanism.
func drawingConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    try all.addPresets()
    for points in solverPoints {
        for sampler in ["euler", "unipc"] { try all.add("solver", sampler, points, ["schedule.sampler": sampler]) }
    }
    try all.addPaper()
    for points in [35, 24, 17, 12] {
        try all.add(
            "combined", "ab2 + forecast head 2/1", points,
            ["schedule.sampler": "ab2"].merging(headCache(2, 1, 3)) { $1 })
    }
    try all.add(
        "combined", "ab2 + forecast head 3/1 + pruned FFN 0.3", 24,
        ["schedule.sampler": "ab2", "ffn.generationRatio": "0.3"].merging(headCache(3, 1, 3)) { $1 })
    try all.addFewPruned()
    try all.addAdaptive(points: [30, 12], samplers: ["euler", "unipc"])
    // Each mechanism alone, on the paper's 35 points of plain Euler.
    try all.add("head cache", "reuse, interval 3", 35, headCache(3, 0, 4))
    try all.add("head cache", "forecast 1, interval 3", 35, headCache(3, 1, 4))
    try all.add("pruned FFN", "0.2 always", 35, ["ffn.generationRatio": "0.2"])
    try all.add("pruned FFN", "0.2, full at the start", 35, ["ffn.generationRatio": "0.2", "ffn.full": "start"])
    try all.add("layer skipping", "one of eight", 35, ["layers.generationRatio": "0.13"])
    try all.add("guidance schedule", "0.75 early", 35, earlyGuidance)
    try all.add("guidance difference", "every 2", 35, ["guidance.differenceInterval": "2"])
    try all.add("conditional tail", "0.2", 35, ["guidance.conditionalTail": "0.2"])
    try all.add("features", "forecast, interval 2", 35, ["features.interval": "2", "features.order": "1"])
    return all
}

/// Points of the time grid at which solvers are compared.
private let solverPoints = [50, 40, 35, 28, 20, 17, 12, 10, 8, 6, 5]

private let earlyGuidance = ["guidance.earlyFactor": "0.75", "guidance.earlyFraction": "0.7"]

private func headCache(_ interval: Int, _ order: Int, _ warmup: Int) -> [String: String] {
    ["headCache.interval": "\(interval)", "headCache.order": "\(order)", "headCache.warmup": "\(warmup)"]
}

extension [FrontierConfiguration] {
    /// Few points of plain Euler with pruned neurons.
    fileprivate mutating func addFewPruned() throws {
        for points in [10, 8, 6, 5] {
            try add("combined", "euler + pruned FFN 0.3", points, ["ffn.generationRatio": "0.3"])
        }
    }

    /// What decides at run time, by thresholds, on several grids.
    fileprivate mutating func addAdaptive(points grids: [Int], samplers: [String]) throws {
        for points in grids {
            for sampler in samplers {
                let solver = ["schedule.sampler": sampler]
                func add(_ group: String, _ name: String, _ settings: [String: String]) throws {
                    try self.add(
                        "adaptive \(group)", "\(sampler) + \(name)", points, solver.merging(settings) { $1 })
                }
                for threshold in ["0.05", "0.1", "0.2"] {
                    let policy = ["velocityCache.policy": "easyCache", "velocityCache.threshold": threshold]
                    for order in ["0", "1"] {
                        try add(
                            "easyCache", "easyCache \(threshold) order \(order)",
                            policy.merging(["velocityCache.order": order]) { $1 })
                    }
                    // The authors' own reuse.
                    if sampler == "euler" {
                        try add(
                            "easyCache", "easyCache \(threshold) drift -1",
                            policy.merging(["velocityCache.drift": "-1"]) { $1 })
                    }
                }
                for threshold in ["0.06", "0.12", "0.24"] {
                    for order in ["0", "1"] {
                        try add(
                            "magCache", "magCache \(threshold) order \(order)",
                            [
                                "velocityCache.policy": "magCache", "velocityCache.threshold": threshold,
                                "velocityCache.order": order,
                            ])
                    }
                }
                for threshold in ["0.05", "0.1", "0.2"] {
                    try add(
                        "blockCache", "blockCache 1 layer \(threshold)",
                        ["blockCache.layers": "1", "blockCache.threshold": threshold])
                }
                for tolerance in ["0.01", "0.03", "0.1"] {
                    try add(
                        "verified", "verified forecast \(tolerance)",
                        headCache(5, 1, 3).merging(["headCache.tolerance": tolerance]) { $1 })
                }
            }
            for (start, end) in [("0", "0.6"), ("0", "0.8"), ("0.1", "1")] {
                try add(
                    "adaptive guidance", "interval \(start) to \(end)", points,
                    ["guidance.start": start, "guidance.end": end])
            }
            for share in ["0.5", "1"] {
                try add("adaptive guidance", "rescale \(share)", points, ["guidance.rescale": share])
            }
        }
    }
}
