import FlashUTesting
import Foundation
import Images
import Testing

@Suite("flashu draw-set") struct DrawSetTests {
    /// Runs `draw-set` on the shapes model with few points.
    static func draw(_ format: String, _ list: String, _ place: Workplace, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["draw-set", format, list, "-m", Golden.shapes.path, "--steps", "3", "-t", "1"] + more, in: place.results)
    }

    static func prompts(_ count: Int, in place: Workplace) throws {
        let colours = ["red", "blue", "green", "yellow", "pink", "black", "orange", "purple"]
        let lines = (0..<count).map { #"{"prompt": "a photo of a \#(colours[$0 % 8]) circle", "n": 1}"# }
        try Data(lines.joined(separator: "\n").utf8).write(to: place.results.appendingPathComponent("p.jsonl"))
    }

    @Test("Shards, the same command again, damage, and --verify")
    func resuming() throws {
        let place = try Workplace()
        try Self.prompts(4, in: place)
        let out = place.results.appendingPathComponent("out")
        let half = try Self.draw("folder", "p.jsonl", place, "-o", "out", "--shard", "0/2")
        #expect(half.status == 0 && half.output.contains("2 files drawn"), "\(half)")
        let incomplete = try Self.draw("folder", "p.jsonl", place, "-o", "out", "--verify")
        #expect(incomplete.status == 1 && incomplete.output.contains("missing     00001.png"), "\(incomplete)")
        let first = try Data(contentsOf: out.appendingPathComponent("00000.png"))
        try first.prefix(500).write(to: out.appendingPathComponent("00002.png"))
        let rest = try Self.draw("folder", "p.jsonl", place, "-o", "out")
        #expect(rest.status == 0 && rest.output.contains("3 files drawn") && rest.output.contains("1 were there"))
        let whole = try Self.draw("folder", "p.jsonl", place, "-o", "out", "--verify")
        #expect(whole.status == 0 && whole.output.contains("4 of 4 files are whole"), "\(whole)")
        #expect(try Data(contentsOf: out.appendingPathComponent("00000.png")) == first)
        #expect(place.leftovers.filter { $0.hasSuffix(".tmp") } == [])
        // Another run into the same folder.
        let other = try Self.draw("folder", "p.jsonl", place, "-o", "out", "--seed", "1")
        #expect(other.status == 1 && other.errors.contains("seed was 0, now 1"), "\(other)")
    }

    @Test("A list of another benchmark, and one with a broken line, before anything is computed")
    func lists() throws {
        let place = try Workplace()
        try Self.prompts(2, in: place)
        let other = try Self.draw("wise", "p.jsonl", place, "-o", "out")
        #expect(other.status == 1 && other.errors.contains("draw-set folder"), "\(other)")
        try Data("{\"prompt\": \"a\"}\n{\"prompt\": }".utf8).write(to: place.results.appendingPathComponent("p.jsonl"))
        let broken = try Self.draw("folder", "p.jsonl", place, "-o", "out")
        #expect(broken.status == 1 && broken.errors.contains("line 2"), "\(broken)")
        #expect(place.leftovers == ["p.jsonl"])
    }
}
