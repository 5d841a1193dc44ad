import FlashUTesting
import Foundation
import Testing

/// A temporary folder in which one test runs `flashu`: damaged models are made in `model`, results are expected in
/// `results`.
final class Workplace {
    private let place: TemporaryFolder
    var folder: URL { place.url }
    /// Where runs happen and results go.
    let results: URL

    init() throws {
        place = try TemporaryFolder()
        results = place["results"]
        try FileManager.default.createDirectory(at: results, withIntermediateDirectories: true)
    }

    /// What runs left behind, temporary files included.
    var leftovers: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: results.path)) ?? []).sorted()
    }

    /// A copy of a model, some of its files left out. Files are links until they are replaced.
    func model(_ source: URL = Golden.model("nano"), without absent: Set<String> = []) throws -> URL {
        let copy = folder.appendingPathComponent("model-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where !absent.contains(name) {
            try FileManager.default.createSymbolicLink(
                at: copy.appendingPathComponent(name), withDestinationURL: source.appendingPathComponent(name))
        }
        return copy
    }

    /// A copy in which one file has other contents.
    func model(
        _ source: URL = Golden.model("nano"), without absent: Set<String> = [], replacing name: String,
        _ change: (Data) throws -> Data
    ) throws -> URL {
        let copy = try model(source, without: absent)
        let file = copy.appendingPathComponent(name)
        let before = (try? Data(contentsOf: file)) ?? Data()
        try? FileManager.default.removeItem(at: file)
        try change(before).write(to: file)
        return copy
    }

    /// A copy whose JSON file has other values; nil removes a key.
    func model(
        _ source: URL = Golden.model("nano"), json name: String, _ values: [String: Any?]
    ) throws -> URL {
        try model(source, replacing: name) { data in
            var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            for (key, value) in values { object[key] = value }
            return try JSONSerialization.data(withJSONObject: object)
        }
    }

    /// Runs `flashu` in the results folder.
    func run(
        _ arguments: String..., input: Data? = nil, closedOutput: Bool = false, timeout: Double = 120,
        environment: [String: String] = [:], whileRunning: ((pid_t) -> Void)? = nil
    ) throws -> CommandRun {
        try CommandRun.flashu(
            arguments, in: results, input: input, closedOutput: closedOutput, timeout: timeout,
            environment: environment,
            whileRunning: whileRunning)
    }

    /// Latents from a nano model: what needs neither VAE nor tokenizer.
    func drawLatents(_ model: URL, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            [
                "generate", "-m", model.path, "--prompt-ids", "1,2,3", "--steps", "3", "--precision", "f32",
                "--no-decode", "--save-latents", "latents.safetensors",
            ] + more, in: results)
    }
}

extension CommandRun {
    /// What was said besides the note on sizes that the model was not trained on, which small test images bring about.
    var remarks: [Substring] { errorLines.filter { !$0.contains("was trained to draw") } }
}

/// Expects the end that every bad input must have: one line on standard error that holds `words`, a failure status, no
/// crash, nothing on standard output, nothing written.
///
/// - Parameter usage: whether the command line itself is at fault, so that the usage text may follow.
func expectRefusal(
    _ run: CommandRun, _ place: Workplace, _ words: String..., usage: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(!run.timedOut, sourceLocation: sourceLocation)
    #expect(run.signal == nil, "crashed: \(run.errors.prefix(400))", sourceLocation: sourceLocation)
    #expect(run.status == (usage ? 64 : 1), "\(run.errors.prefix(400))", sourceLocation: sourceLocation)
    #expect(run.output == "", sourceLocation: sourceLocation)
    let lines = run.remarks
    if usage {
        #expect(lines.first?.hasPrefix("Error: ") == true, "\(run.errors.prefix(400))", sourceLocation: sourceLocation)
        #expect(lines.count <= 4, "\(run.errors.prefix(900))", sourceLocation: sourceLocation)
    } else {
        #expect(lines.count == 1, "\(run.errors.prefix(900))", sourceLocation: sourceLocation)
        #expect(lines.first?.hasPrefix("flashu: ") == true, "\(run.errors.prefix(400))", sourceLocation: sourceLocation)
        #expect(run.errors.utf8.count < 1000, "\(run.errors.prefix(1200))", sourceLocation: sourceLocation)
    }
    for word in words {
        #expect(lines.first?.contains(word) == true, "\(run.errors.prefix(400))", sourceLocation: sourceLocation)
    }
    #expect(place.leftovers == [], sourceLocation: sourceLocation)
}
