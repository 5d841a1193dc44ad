import FlashUTesting
import Foundation
import Testing

@Suite("flashu ask-set") struct AskSetTests {
    struct Line: Decodable, Equatable {
        let index: Int
        let question: String
        let answer: String?
        let error: String?
    }

    static func ask(_ place: Workplace, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["ask-set", "q.jsonl", "-o", "a.jsonl", "-m", Golden.shapes.path, "--max-tokens", "6", "-t", "1"] + more,
            in: place.results)
    }

    static func write(_ lines: [String], in place: Workplace) throws {
        try Data(lines.joined(separator: "\n").utf8).write(to: place.results.appendingPathComponent("q.jsonl"))
    }

    static func answers(_ place: Workplace) throws -> [Line] {
        let text = try String(contentsOf: place.results.appendingPathComponent("a.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test("Videos among images: the answers of flashu ask, and what is broken fails its own lines only")
    func videos() throws {
        let place = try Workplace()
        try AskVideoTests.film("film.mp4", in: place)
        let film = try Data(contentsOf: place.results.appendingPathComponent("film.mp4"))
        try film.prefix(film.count / 3).write(to: place.results.appendingPathComponent("cut.mp4"))
        try FileManager.default.createSymbolicLink(
            at: place.results.appendingPathComponent("photo.png"),
            withDestinationURL: URL(fileURLWithPath: AskTests.image))
        try Self.write(
            [
                #"{"video": "film.mp4", "questions": ["what color is it?", "how many objects are there?"]}"#,
                #"{"video": "cut.mp4", "questions": ["what color is it?", "how many objects are there?"]}"#,
                #"{"image": "photo.png", "question": "what color is it?"}"#,
                #"{"video": "film.mp4", "frames": 2, "question": "what color is it?"}"#,
                #"{"video": "missing.mp4", "question": "what color is it?"}"#,
            ], in: place)
        let run = try Self.ask(place, "--frames", "4")
        #expect(run.status == 1 && run.errors.contains("3 questions have an error"), "\(run)")
        #expect(run.errors.contains("line 2") && run.errors.contains("missing.mp4"), "\(run)")
        let answers = try Self.answers(place)
        #expect(answers.map(\.index) == Array(0..<7))
        #expect(answers.filter { $0.error != nil }.map(\.index) == [2, 3, 6])
        // Each is what the question alone gives.
        for (line, arguments) in [
            (answers[0], ["film.mp4", "--frames", "4"]), (answers[1], ["film.mp4", "--frames", "4"]),
            (answers[4], ["photo.png"]), (answers[5], ["film.mp4", "--frames", "2"]),
        ] {
            let single = try CommandRun.flashu(
                ["ask", "-m", Golden.shapes.path, "--max-tokens", "6", "-t", "1", arguments[0], "-q", line.question]
                    + arguments.dropFirst(), in: place.results)
            #expect(single.output == (line.answer ?? "") + "\n", "\(single)")
        }
        // Mended files are asked about by the same command, and nothing else is.
        try film.write(to: place.results.appendingPathComponent("cut.mp4"))
        try film.write(to: place.results.appendingPathComponent("missing.mp4"))
        let again = try Self.ask(place, "--frames", "4")
        #expect(
            again.status == 0 && again.output.contains("3 answers") && again.output.contains("4 were there"), "\(again)"
        )
        #expect(try Self.answers(place)[2].answer == answers[0].answer)
        // How videos are read is a setting of the run.
        let other = try Self.ask(place, "--frames", "5")
        #expect(other.status == 1 && other.errors.contains("frames was 4, now 5"), "\(other)")
        let mask = try Self.ask(place, "--frames", "4", "--video-mask", "full")
        #expect(mask.status == 1 && mask.errors.contains("video_mask was official, now full"), "\(mask)")
        #expect(try Self.ask(place, "--verify").status == 0)
    }
}
