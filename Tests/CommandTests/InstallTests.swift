import FlashUTesting
import Foundation
import Testing

@Suite("scripts/install") struct InstallTests {
    static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/install").path

    func sh(_ command: String, in folder: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command + " 2>&1"]
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("What is installed runs from anywhere with nothing in its environment, and goes without a trace")
    func installs() throws {
        let place = try Workplace()
        let program = try CommandRun.binary().path
        let install = "'\(Self.script)' --prefix 'with blank/pre' --program '\(program)'"
        let done = try sh(install, in: place.folder)
        #expect(done.status == 0, "\(done.output)")
        let prefix = place.folder.appendingPathComponent("with blank/pre").path
        for name in [
            "bin/flashu", "share/bash-completion/completions/flashu", "share/zsh/site-functions/_flashu",
            "share/fish/vendor_completions.d/flashu.fish", "share/flashu/models/shapes/config.json",
        ] {
            #expect(FileManager.default.fileExists(atPath: "\(prefix)/\(name)"), "\(name)")
        }
        let elsewhere = try sh(
            "env -i '\(prefix)/bin/flashu' generate 'a red circle' --steps 2 -o x.png && "
                + "env -i '\(prefix)/bin/flashu' ask x.png 'what is it?' && PATH='\(prefix)/bin' flashu inspect",
            in: place.results)
        #expect(
            elsewhere.status == 0 && elsewhere.output.contains("\(prefix)/share/flashu/models/shapes"), "\(elsewhere)")
        // Through a link, as from another folder on the PATH.
        let link = try sh("ln -s '\(prefix)/bin/flashu' f && env -i ./f inspect", in: place.results)
        #expect(link.status == 0, "\(link)")

        #expect(try sh(install, in: place.folder).status == 0, "over an older one")
        let gone = try sh("'\(Self.script)' --uninstall --prefix 'with blank/pre'", in: place.folder)
        #expect(gone.status == 0, "\(gone.output)")
        let left = try sh("find 'with blank/pre' ! -type d", in: place.folder)
        #expect(left.output == "")
    }

    @Test("A copied program says what it misses and what to do")
    func alone() throws {
        let place = try Workplace()
        let program = try CommandRun.binary().path
        let run = try sh(
            "cp '\(program)' '\(place.folder.path)/flashu' && cd / && env -i '\(place.folder.path)/flashu' generate x",
            in: place.results)
        #expect(run.status == 1 && run.output.split(separator: "\n").count == 1, "\(run)")
        for word in ["scripts/install", "--model", "FLASHU_MODEL", place.folder.lastPathComponent] {
            #expect(run.output.contains(word), "\(run.output)")
        }
    }

    @Test("Bad options are told")
    func refusals() throws {
        let place = try Workplace()
        for options in ["--prefix", "--fast", "--prefix '' x", "--program absent --prefix p"] {
            let run = try sh("'\(Self.script)' \(options)", in: place.folder)
            #expect(run.status == 1 && run.output.hasPrefix("install: "), "\(options): \(run)")
        }
        #expect(try sh("'\(Self.script)' --help", in: place.folder).output.contains("--uninstall"))
    }
}
