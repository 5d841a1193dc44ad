import ArgumentParser
import Compute
import FlashU
import Foundation
import Pipelines
import ShowO2

/// `flashu calibrate`
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measure which neurons and layers matter for each task.",
        discussion: """
            Draws prompts and reads images with questions on the exact engine, and writes \(Calibration.fileName) beside the model: what \
            pruning and calibrated layer skipping need. Done once; ratios can change afterwards. Without --prompts and --images the \
            folder's own calibration/prompts.txt (a prompt a line) and calibration/questions.jsonl (lines of \
            {"image": PATH, "question": TEXT}) are used.

            EXAMPLES
              flashu calibrate -m ~/models/show-o2-1.5B --prompts prompts.txt --images questions.jsonl
              flashu calibrate --task understanding --samples 10
            """)

    enum Task: String, ExpressibleByArgument, CaseIterable { case generation, understanding, both }

    @OptionGroup var engine: EngineOptions

    @Option(help: "What to measure: generation, understanding or both.")
    var task: Task = .both

    @OptionGroup var samples: SampleOptions

    func run() async throws {
        var plan = FilePlan()
        let location = try ModelLocation.resolve(engine.model)
        let folder = try ModelFolder(location)
        plan.reads(
            ModelFiles.all(in: location).filter { $0.lastPathComponent != Calibration.fileName }, "a file of the model")
        let target: OutputFile = plan.writes(
            folder.url.appendingPathComponent(Calibration.fileName).path, "the calibration")
        let prompts = task == .understanding ? [] : try samples.prompts(model: folder.url, &plan)
        let (questions, images) =
            task == .generation ? ([], folder.url) : try samples.questions(model: folder.url, &plan)
        try plan.check()
        try folder.check(samples: questions)

        let model = try await engine.load(folder, calibrated: false)
        let progress = ProgressLine("calibrating")
        var calibration = try await ModelCalibration(model).run(
            prompts: prompts, questions: questions, folder: images
        ) { progress.show($0, of: $1) }
        Terminal.clearProgress()
        if task != .both,
            let before = try Calibration(
                folder: folder.url, layers: model.geometry.llm.layers, neurons: model.geometry.llm.intermediate)
        {
            calibration.scores.merge(before.scores) { new, _ in new }
        }
        try Interruption.whileWriting {
            try calibration.write(
                to: folder.url, metadata: ["samples": "\(samples.samples)", "precision": engine.precision.rawValue])
        }
        try Terminal.write("\(target.shown)  \(prompts.count) prompts, \(questions.count) questions")
    }
}
