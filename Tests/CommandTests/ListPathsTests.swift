import FlashUTesting
import Foundation
import Testing

/// Lists name files from their own folder, from anywhere by absolute paths, and from the working directory where they come by standard input.
@Suite("Paths that a list names") struct ListPathsTests {
    /// Everything that reads such a list, but `tune`, whose own test has both kinds.
    static let commands = [
        ["judge", "--task", "understanding", "--profile", "paper", "--samples", "2", "--images"],
        ["analyze", "--samples", "2", "--layer", "3", "-o", "r.html", "--images"],
        ["calibrate", "--task", "understanding", "--samples", "2", "--images"], ["ask-set"],
    ]

    /// A place with a model, and a picture in the folder `pictures`.
    func place() throws -> (Workplace, model: String) {
        let place = try Workplace()
        let folder = place.folder.appendingPathComponent("model")
        try FileManager.default.copyItem(at: Golden.shapes, to: folder)
        let pictures = place.results.appendingPathComponent("pictures")
        try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: URL(fileURLWithPath: AskTests.image), to: pictures.appendingPathComponent("a.png"))
        return (place, folder.path)
    }

    func lines(_ path: String) -> Data {
        Data(
            (0..<2).map { #"{"image": "\#(path)", "question": "is there a star? \#($0)"}"# }.joined(separator: "\n")
                .utf8)
    }

    @Test("From the list's folder, from anywhere, and from the working directory", arguments: commands)
    func found(command: [String]) throws {
        let (place, model) = try place()
        let list = place.results.appendingPathComponent("pictures/list.jsonl")
        let absolute = place.results.appendingPathComponent("pictures/a.png").path
        for (path, input) in [
            ("a.png", false), ("../pictures/a.png", false), (absolute, false), ("pictures/a.png", true),
        ] {
            try lines(path).write(to: list)
            let output = command == ["ask-set"] ? ["-o", "\(UUID()).jsonl"] : []
            let run = try CommandRun.flashu(
                command + [input ? "-" : list.path, "-m", model] + output, in: place.results,
                input: input ? lines(path) : nil)
            #expect(run.status == 0, "\(path): \(run)")
        }
    }

    @Test("What is not there is named by its own path", arguments: commands)
    func missing(command: [String]) throws {
        let (place, model) = try place()
        for (path, told) in [
            ("b.png", place.results.appendingPathComponent("b.png").path), ("/nowhere/b.png", " /nowhere/b.png"),
        ] {
            let list = place.results.appendingPathComponent("list.jsonl")
            try lines(path).write(to: list)
            let output = command == ["ask-set"] ? ["-o", "a.jsonl"] : []
            let run = try CommandRun.flashu(command + [list.path, "-m", model] + output, in: place.results)
            #expect(run.status == 1 && run.errorLines.count == 1 && run.errors.contains(told), "\(run)")
        }
    }

    @Test(
        "An image that can't be read is told with its line, before weights are loaded", arguments: commands.dropLast())
    func damaged(command: [String]) throws {
        let (place, model) = try place()
        try Data("no picture".utf8).write(to: place.results.appendingPathComponent("text.png"))
        let whole = try Data(contentsOf: URL(fileURLWithPath: AskTests.image))
        try whole.prefix(whole.count / 2).write(to: place.results.appendingPathComponent("half.png"))
        let list = place.results.appendingPathComponent("list.jsonl")
        for name in ["text.png", "half.png", "pictures", ""] {
            try (lines("pictures/a.png") + Data("\n".utf8) + lines(name)).write(to: list)
            // Weights that can't be read would be told otherwise.
            try Data().write(to: URL(fileURLWithPath: model).appendingPathComponent("vae.safetensors"))
            let run = try CommandRun.flashu(command + [list.path, "-m", model, "--samples", "9"], in: place.results)
            #expect(run.status == 1 && run.errorLines.count == 1 && run.errors.contains("line 3: "), "\(run)")
        }
    }
}
