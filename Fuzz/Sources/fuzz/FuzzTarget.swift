import Foundation

/// A parser, fed with bytes from strangers. It may refuse them; it may not crash, hang, or take much memory.
struct FuzzTarget: Sendable {
    let name: String
    /// Files to start from, under `Tests/Resources`, and inputs made here.
    var seeds: [Seed] = []
    let run: @Sendable (Data) -> Void

    struct Seed: Sendable {
        let name: String
        let contents: @Sendable (_ resources: URL) throws -> Data

        /// A file under `Tests/Resources`.
        static func file(_ path: String) -> Seed {
            Seed(name: path.replacingOccurrences(of: "/", with: "_")) { resources in
                try Data(contentsOf: resources.appendingPathComponent(path))
            }
        }

        /// Text given here.
        static func text(_ name: String, _ text: String) -> Seed {
            Seed(name: name) { _ in Data(text.utf8) }
        }
    }

    static let all: [FuzzTarget] =
        tensorTargets + tokenizerTargets + imageTargets + videoTargets + configurationTargets + setTargets
        + sequenceTargets + serverTargets

    /// `Tests/Resources` in the source tree.
    static let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Tests/Resources")

    /// An error that a user sees must be one printable line.
    static func check(_ error: any Error) {
        let line = "\(error)"
        guard !line.contains("\n"), !line.contains("\u{1b}"), line.count < 3000 else {
            fatalError("not one line: \(line)")
        }
    }

    /// Writes the seeds into `folder/NAME/`.
    func writeSeeds(to folder: URL) throws {
        let own = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
        for seed in seeds {
            try seed.contents(Self.resources).write(to: own.appendingPathComponent("seed_\(seed.name)"))
        }
    }
}
