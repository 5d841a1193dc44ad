import ArgumentParser
import Compute
import Evaluation
import FlashU
import Foundation
import Images
import Pipelines
import Tensors
import Tuning

/// `frontier judges`: how far each judge that knows no labels agrees with ShapesBench, which does.
struct JudgeFrontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judges", abstract: "Correlation of judges without labels with ShapesBench's loss.",
        discussion: "EXAMPLE\n  frontier judges generation Models/shapes --limit 100 -o docs/judge-drawing")

    enum Task: String, ExpressibleByArgument, CaseIterable { case generation, understanding }

    @Argument(help: "generation or understanding.")
    var task: Task

    @OptionGroup var options: FrontierOptions

    @Option(help: "Only the first so many prompts or questions. (default: all)")
    var limit: Int?

    @Option(
        help:
            "Leaves out the first so many prompts or questions: for judging on others than those that a judge was fitted to."
    )
    var skip = 0

    @Option(help: "Drawings of each prompt, each from another noise.")
    var noises = 1

    @Option(help: "Only configurations of at most so many points of the time grid.")
    var mostPoints = 1000

    @Option(help: "Keeps a line a configuration, and goes on from there.")
    var record: String?

    /// One configuration's means.
    struct Row: Codable {
        let title: String
        /// Points of ShapesBench lost against the exact engine.
        let loss: Double
        let gflop: Double
        let judges: [String: Double]
        /// Image by image, of drawings: what other ways of judging can be tried on.
        var images: [Image]?

        struct Image: Codable {
            let isRight: Bool
            let exactIsRight: Bool
            let loss: DrawingLoss
        }
    }

    func run() async throws {
        let model = try await options.load(.bf16)
        let set = ShapesSet(folder: model.folder.appendingPathComponent("eval"))
        let file = URL(fileURLWithPath: record ?? options.output + ".jsonl")
        var rows = ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
            .compactMap { try? JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
        func add(_ row: Row) throws {
            rows.append(row)
            let lines = try rows.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n" }
            try Data(lines.joined().utf8).write(to: file, options: .atomic)
            print(row.title, String(format: "%.2f", row.loss), row.judges.sorted { $0.key < $1.key })
        }
        switch task {
        case .generation:
            let prompts = Array(try set.prompts().dropFirst(skip).prefix(limit ?? .max))
            let all = try options.choose(drawingConfigurations() + harshDrawingConfigurations())
                .filter { $0.points ?? 2 <= mostPoints }
            let judging = DrawingJudging(model: model, prompts: prompts, noises: noises)
            let exact = try await judging.draw(.exact)
            for one in all where !rows.contains(where: { $0.title == one.title }) {
                let drawn = try await judging.draw(one)
                try add(judging.row(one, drawn, against: exact))
            }
        case .understanding:
            let questions = Array(try set.questions().dropFirst(skip).prefix(limit ?? .max))
            let all = try options.choose(answerConfigurations() + harshAnswerConfigurations())
            let judging = try await AnswerJudging(model: model, set: set, questions: questions)
            for one in all where !rows.contains(where: { $0.title == one.title }) {
                try await add(judging.row(one))
            }
        }
        try write(rows)
    }

    private func write(_ rows: [Row]) throws {
        let names = Set(rows.flatMap(\.judges.keys)).sorted()
        var lines = ["configuration,loss,gflop," + names.map { $0.replacing(" ", with: "_") }.joined(separator: ",")]
        lines += rows.map { row in
            ([row.title.replacing(",", with: ";")]
                + ([row.loss, row.gflop] + names.map { row.judges[$0] ?? .nan }).map { String(format: "%.6g", $0) })
                .joined(separator: ",")
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(fileURLWithPath: options.output + ".csv"), options: .atomic)
        for name in names {
            // Older records lack the judges that came later.
            let told = rows.compactMap { row in row.judges[name].map { (row, $0) } }
            let rho = Correlation.spearman(told.map(\.1), told.map(\.0.loss)) ?? .nan
            print(String(format: "%@: Spearman %.3f over %d configurations", name, rho, told.count))
            let marks = told.map { row, value in
                MarksPlot.Mark(
                    series: String(row.title.prefix { $0 != "," }), joined: false, x: max(value, 1e-5), y: row.loss,
                    title: row.title)
            }
            let plot = MarksPlot(
                marks: marks, label: "points of ShapesBench lost", logarithmic: false, xLabel: name)
            try Data(plot.svg.utf8).write(
                to: URL(fileURLWithPath: "\(options.output)-\(name.replacing(" ", with: "-")).svg"), options: .atomic)
        }
    }
}

/// Draws a set's prompts and judges the images in both ways.
private struct DrawingJudging {
    let model: UnifiedModel
    let prompts: [ShapesPrompt]
    let noises: Int

    struct Drawn {
        let view: DrawingView
        let isRight: Bool
        let flops: Int
    }

    func draw(_ one: FrontierConfiguration) async throws -> [Drawn] {
        let judge = DrawingJudge(model)
        var drawn: [Drawn] = []
        for noise in 0..<noises {
            for (place, prompt) in prompts.enumerated() {
                let one = try await judge.draw(
                    prompt.prompt, seed: UInt64(1000 * (noise + 1) + place), one.profile, steps: one.points)
                let view = try await judge.view(one.latents, of: prompt.prompt)
                let scene = ShapesScene(reading: try await TextToImage(model).decoded(one.latents))
                drawn.append(Drawn(view: view, isRight: prompt.isFulfilled(by: scene), flops: one.flops))
            }
        }
        return drawn
    }

    func row(_ one: FrontierConfiguration, _ drawn: [Drawn], against exact: [Drawn]) -> JudgeFrontier.Row {
        let losses = zip(drawn, exact).map { $0.view.loss(against: $1.view) }
        func mean(_ value: (DrawingLoss) -> Double) -> Double {
            losses.map(value).reduce(0, +) / Double(losses.count)
        }
        let lost = exact.count(where: \.isRight) - drawn.count(where: \.isRight)
        return .init(
            title: one.title, loss: 100 * Double(lost) / Double(drawn.count),
            gflop: Double(drawn.reduce(0) { $0 + $1.flops }) / 1e9 / Double(drawn.count),
            judges: [
                "latent error": mean(\.latentError), "semantic distance": mean(\.semanticDistance),
                "patch distance": mean(\.patchDistance), "alignment lost": mean { $0.alignmentLoss ?? .nan },
                "inconsistency": mean { $0.inconsistencyGained ?? .nan },
                "points": DrawingLoss.points(of: losses) ?? .nan,
            ],
            images: zip(losses, zip(drawn, exact)).map {
                .init(isRight: $1.0.isRight, exactIsRight: $1.1.isRight, loss: $0)
            })
    }
}

/// Asks a set's questions and judges the answers in both ways.
private struct AnswerJudging {
    let model: UnifiedModel
    let questions: [ShapesQuestion]
    let images: [(latents: Tensor, questions: [Int])]
    let references: [[AnswerReference]]
    let right: Int
    let set: ShapesSet

    init(model: UnifiedModel, set: ShapesSet, questions: [ShapesQuestion]) async throws {
        (self.model, self.questions, self.set) = (model, questions, set)
        var images: [(Tensor, [Int])] = []
        var references: [[AnswerReference]] = []
        for (name, places) in questions.indices.groupedInOrder(by: { questions[$0].image }) {
            let image = try RGBImage(contentsOf: set.folder.appendingPathComponent(name))
            let latents = try await ImageQuestion(model).latents(of: image)
            images.append((latents, places))
            references.append(
                try await AnswerJudge(model).references(.latents(latents), places.map { questions[$0].question }))
        }
        (self.images, self.references) = (images, references)
        right = try await ShapesBench(model).understanding(questions).overall.right
    }

    func row(_ one: FrontierConfiguration) async throws -> JudgeFrontier.Row {
        var losses: [AnswerLoss] = []
        var flops = 0
        for (image, references) in zip(images, references) {
            let answered = try await AnswerJudge(model).losses(
                .latents(image.latents), image.questions.map { questions[$0].question }, references, one.profile)
            losses += answered.map(\.loss)
            flops += answered.reduce(0) { $0 + $1.flops }
        }
        func mean(_ value: (AnswerLoss) -> Double) -> Double { losses.map(value).reduce(0, +) / Double(losses.count) }
        var options = ShapesBench.Options()
        options.profile = one.profile
        let own = try await ShapesBench(model).understanding(questions, options).overall.right
        return .init(
            title: one.title, loss: 100 * Double(right - own) / Double(questions.count),
            gflop: Double(flops) / 1e9 / Double(questions.count),
            judges: [
                "divergence": mean(\.divergence), "variation": mean(\.variation),
                "changed tokens": mean(\.changedTokens), "changed answers": mean { $0.isChanged ? 1 : 0 },
                "regret": mean(\.regret),
            ])
    }
}

/// Configurations that nobody would choose: judges must tell them from those that one would.
private func harshDrawingConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    for points in [4, 3] { try all.add("solver", "euler", points, [:]) }
    for (sampler, points) in [("ab2", 10), ("ab2", 7), ("dpmpp2m", 12), ("dpmpp2m", 8), ("heun", 5)] {
        try all.add("solver", sampler, points, ["schedule.sampler": sampler])
    }
    for ratio in ["0.5", "0.6", "0.7", "0.8"] {
        try all.add("pruned FFN", ratio, 20, ["ffn.generationRatio": ratio])
    }
    for ratio in ["0.26", "0.4"] { try all.add("layer skipping", ratio, 20, ["layers.generationRatio": ratio]) }
    for (interval, order) in [(5, 0), (8, 0), (4, 1), (5, 1)] {
        try all.add(
            "head cache", "\(interval)/\(order)", 30,
            ["headCache.interval": "\(interval)", "headCache.order": "\(order)", "headCache.warmup": "4"])
    }
    for tail in ["0.5", "0.8"] {
        for points in [20, 6] { try all.add("conditional tail", tail, points, ["guidance.conditionalTail": tail]) }
    }
    // Cheap ones that fail each in its own way.
    for sampler in ["ab2", "dpmpp2m", "unipc"] {
        for points in [6, 5, 4] { try all.add("few", sampler, points, ["schedule.sampler": sampler]) }
    }
    for ratio in ["0.5", "0.7", "0.85"] {
        for points in [5, 4] { try all.add("few", "pruned \(ratio)", points, ["ffn.generationRatio": ratio]) }
    }
    for ratio in ["0.26", "0.4", "0.6"] { try all.add("few", "skipped \(ratio)", 7, ["layers.generationRatio": ratio]) }
    for (interval, points) in [(2, 8), (3, 10), (2, 6)] {
        try all.add("few", "head \(interval)", points, ["headCache.interval": "\(interval)", "headCache.warmup": "1"])
    }
    for interval in ["3", "6"] {
        try all.add("few", "difference \(interval)", 8, ["guidance.differenceInterval": interval])
    }
    return all
}

/// The same for answers.
private func harshAnswerConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    for ratio in ["0.4", "0.6", "0.7", "0.8"] {
        try all.add("pruned FFN", ratio, nil, ["ffn.understandingRatio": ratio])
    }
    for (ratio, kept) in [("0.3", "0.5"), ("0.3", "0.7"), ("0.5", "0.5")] {
        try all.add(
            "combined", "FFN \(ratio), \(kept) dropped after 3", nil,
            [
                "ffn.understandingRatio": ratio, "tokens.dropRatio": kept, "tokens.layer": "3",
                "tokens.selection": "keepHighNorm",
            ])
    }
    for ratio in ["0.4", "0.5"] {
        try all.add("layer skipping", "\(ratio) at prefill", nil, ["layers.understandingRatio": ratio])
    }
    return all
}
