import FlashUTesting
import Foundation
import Testing

@Suite("flashu ask VIDEO") struct AskVideoTests {
    private struct Reports: Decodable {
        struct Report: Decodable {
            let answer: String
            let tokens: [Int]
            let frames: [Int]
            let frame_grid: [String: Int]
        }
        let answers: [Report]
    }

    static func film(_ name: String, in place: Workplace, frames: Int = 6) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ffmpeg", "-v", "error", "-nostdin", "-loop", "1", "-i", AskTests.image, "-frames:v", "\(frames)",
            place.results.appendingPathComponent(name).path,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test(
        "Two questions on one file; a GIF is a film where frames are asked for", arguments: ["a.mp4", "a.mkv", "a.gif"])
    func questions(name: String) throws {
        let place = try Workplace()
        try Self.film(name, in: place)
        let run = try place.run(
            "ask", "-m", Golden.shapes.path, name, "what color is it?", "how many objects are there?", "--frames", "4",
            "--json",
            "--max-tokens", "4")
        #expect(run.status == 0, "\(run)")
        let reports = try JSONDecoder().decode(Reports.self, from: Data(run.output.utf8))
        #expect(reports.answers.count == 2)
        #expect(reports.answers.allSatisfy { $0.frames == [0, 1, 3, 5] && !$0.tokens.isEmpty })
        #expect(reports.answers.allSatisfy { $0.frame_grid == ["columns": 4, "rows": 4] })
        // The other mask reads other things.
        let full = try place.run(
            "ask", "-m", Golden.shapes.path, name, "what color is it?", "--frames", "4", "--video-mask", "full",
            "--max-tokens", "4")
        #expect(full.status == 0, "\(full)")
        #expect(place.leftovers.filter { $0 != name } == [])
    }

    @Test("What is no video, in one line")
    func refused() throws {
        let place = try Workplace()
        try Data("words\n".utf8).write(to: place.results.appendingPathComponent("text.mp4"))
        for (words, message) in [
            (["text.mp4", "what?"], "text.mp4"), (["nothing.mkv", "what?"], "nothing.mkv"),
            (["text.mp4", "what?", "--frames", "0"], "--frames"),
        ] {
            let run = try CommandRun.flashu(["ask", "-m", Golden.shapes.path] + words, in: place.results)
            #expect(run.status != 0 && run.errors.contains(message), "\(run)")
        }
        try Self.film("b.mp4", in: place)
        let run = try place.run("ask", "-m", Golden.shapes.path, "b.mp4", "what?", "--frames", "4000")
        #expect(run.status == 1 && run.errors.contains("frames would fit"), "\(run)")
    }
}
