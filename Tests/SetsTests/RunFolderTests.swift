import Foundation
import Testing

import Sets

@Suite("Records of runs") struct RunFolderTests {
    func place() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test("Of many that begin at once all agree, and those with other settings are refused with the difference")
    func race() async throws {
        let folder = try place()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = RunFolder(of: folder.appendingPathComponent("out"))
        let results = await withTaskGroup(of: (Int, SetError?).self) { tasks in
            for i in 0..<24 {
                tasks.addTask {
                    do throws(SetError) {
                        try run.begin(RunSettings(["seed": "\(i % 2)", "steps": "4"])) { true }
                        return (i % 2, nil)
                    } catch { return (i % 2, error) }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        let winner = try #require(try run.settings()?["seed"])
        for (seed, error) in results {
            if "\(seed)" == winner {
                #expect(error == nil)
            } else {
                let difference = RunSettings.Difference(field: "seed", recorded: winner, asked: "\(seed)")
                #expect(error == .otherSettings(target: run.results.path, differences: [difference]))
            }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: run.url.path).sorted()
        #expect(left == ["failed", "run.json"])
    }

    @Test("No failure of several processes is lost, and those that were made up for are forgotten")
    func failures() async throws {
        let folder = try place()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = RunFolder(of: folder.appendingPathComponent("out"))
        try run.begin(RunSettings(["a": "b"])) { true }
        await withTaskGroup(of: Void.self) { tasks in
            for i in 0..<16 {
                tasks.addTask {
                    try? run.add(.init(file: "\(i).png", error: "no"))
                    if i % 4 == 0 { run.clear("\(i).png") }
                    try? run.tellFailures()
                }
            }
        }
        let told = try #require(RunRecord(Data(contentsOf: run.recordFile))).failed
        #expect(told == run.failed() && told.count == 12)
    }

    @Test("Results without a record, and a damaged record, are refused")
    func foreign() throws {
        let folder = try place()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = RunFolder(of: folder.appendingPathComponent("out"))
        #expect(throws: SetError.self) { try run.begin(RunSettings(["a": "b"])) { false } }
        try run.begin(RunSettings(["a": "b"])) { true }
        try Data("{".utf8).write(to: run.recordFile)
        #expect(throws: SetError.self) { try run.begin(RunSettings(["a": "b"])) { true } }
    }
}
