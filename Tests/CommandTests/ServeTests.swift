import FlashUTesting
import Foundation
import Testing

/// `flashu serve`: what is wrong with its options is said before anything is loaded.
@Suite struct ServeTests {
    private func refused(_ arguments: [String], _ words: String, files: [String: String] = [:]) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-serve-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let run = try CommandRun.flashu(
            ["serve", "-m", ShapesModel.folder.path, "--port", "0"] + arguments, in: folder, timeout: 60)
        #expect(run.status != 0 && run.status != nil && !run.timedOut, "\(arguments)")
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    @Test func refusesWrongOptions() throws {
        for (arguments, words) in [
            (["--port", "65536"], "--port"), (["--max-queue", "0"], "--max-queue"), (["--memory", "0"], "--memory"),
            (["--request-timeout", "0"], "--request-timeout"), (["--drain-timeout", "-1"], "drain-timeout"),
            (["--max-body", "0"], "--max-body"), (["--alias", ""], "--alias"), (["--host", ""], "--host"),
            (["--image-cache", "-1"], "image-cache"), (["--image-host", "a b"], "names no host"),
            (["--log-format", "xml"], "log-format"),
            (["--accelerate", "warp"], "warp"), (["--api-key-file", "none.txt"], "none.txt"),
        ] {
            try refused(arguments, words)
        }
        try refused(["--api-key-file", "k"], "no key", files: ["k": "# none\n"])
        try refused(["--api-key-file", "k"], "line 2", files: ["k": "a-good-key\nshort\n"])
    }

    /// An address that isn't this machine's, or is taken, is told in one line.
    @Test func refusesAddresses() throws {
        try refused(["--host", "203.0.113.1"], "cannot listen on 203.0.113.1")
        try refused(["--host", "no-such-name.invalid"], "cannot listen on no-such-name.invalid")
    }

    /// SIGTERM ends it as a success, a second signal at once.
    @Test func endsBySignal() throws {
        let folder = FileManager.default.temporaryDirectory
        let run = try CommandRun.flashu(
            ["serve", "-m", ShapesModel.folder.path, "--port", "0", "-t", "1"], in: folder, timeout: 60
        ) { pid in
            sleep(3)
            kill(pid, SIGTERM)
        }
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("listening on http://127.0.0.1:"))
    }
}
