public import ArgumentParser
import Foundation
public import Pipelines
import ShowO2

/// `flashu convert`
struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Store a model's weights as an engine holds them: smaller, and quicker to load.",
        discussion: """
            Writes a new model folder with one model.safetensors and copies of the configuration, tokenizer, VAE and calibration. \
            int8 keeps most attention and FFN layers in 8 bits, a scale for each output (tensors NAME and NAME_scale), other matrices in \
            bfloat16; int4 keeps the larger part of those in 4 bits, a step and a zero for each 32 inputs (NAME_step); bf16 keeps all matrices \
            in bfloat16. With the --precision of the same name the new folder gives the very results of the old one; the other precisions \
            read it too, from the rounded weights. A calibrated model's neurons are stored in the order of their importance in int8 and int4.

            EXAMPLES
              flashu convert ~/models/show-o2-1.5B --to int8 -o ~/models/show-o2-1.5B-int8
              flashu generate -m ~/models/show-o2-1.5B-int8 --precision int8 "a cat on a sofa"
              flashu convert ~/models/show-o2-7B --to int4 -o ~/models/show-o2-7B-int4
            """)

    @Argument(help: "The model's folder.", completion: .directory)
    var folder: String

    @Option(help: "How matrices are stored: int4, int8 or bf16.")
    var to: ModelConversion.Target

    @Flag(
        help:
            "Rounds to int4 so that the calibrated neurons' outputs change least, not the weights. The folder must have been calibrated."
    )
    var calibrated = false

    @Option(
        name: [.short, .long], help: ArgumentHelp("The folder to make; it must not exist.", valueName: "folder"),
        completion: .directory)
    var output: String

    @Option(name: [.short, .long], help: "Threads; the result does not depend on it. (default: all cores)")
    var threads: Int?

    func validate() throws {
        try Bounds.check(threads: threads)
        if output.isEmpty { throw ValidationError("--output needs the name of a folder.") }
    }

    /// The model, every tensor of which is checked first.
    private func open() throws -> ModelConversion {
        do {
            return try ModelConversion(ModelLocation.resolve(folder), to: to, calibrated: calibrated)
        } catch let error as ModelProblems where error.problems.count > 1 {
            for problem in error.problems { Terminal.error("\(problem.file): \(problem)") }
            throw ExitCode(1)
        }
    }

    func run() async throws {
        let destination = URL(userPath: output).standardizedFileURL
        try ModelConversion.check(destination)
        let conversion = try open()
        let line = ProgressLine("converting")
        let report = try Interruption.whileWriting {
            try conversion.write(to: destination, threads: threads) {
                try Task.checkCancellation()
                line.show(share: $0)
            }
        }
        Terminal.clearProgress()
        let gigabytes = { (bytes: Int) in String(format: "%.3f GB", Double(bytes) / 1e9) }
        try Terminal.write(
            "\(destination.path)  weights \(gigabytes(report.bytesBefore)) -> \(gigabytes(report.bytesAfter)), copied \(report.copied.joined(separator: ", "))"
        )
    }
}

extension ModelConversion.Target: ExpressibleByArgument {}
