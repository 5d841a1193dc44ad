import FlashUTesting
import Foundation
import Tensors
import Testing

@Suite("flashu ask") struct AskTests {
    struct Report: Decodable {
        struct Timings: Decodable {
            let encoding, reading, question, decoding, tokens_per_second: Double
        }
        let question: String?
        let answer: String
        let tokens: [Int]
        let finished: Bool
        let timings: Timings
    }

    static let image = Golden.shapes.appendingPathComponent("eval/images/000.png").path

    func report(_ run: CommandRun) throws -> Report {
        #expect(run.status == 0 && run.errors == "", "\(run)")
        return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test("The official answer: --image-latents, --prefix-ids, --question-ids", arguments: ["nano", "nano-eq"])
    func golden(name: String) throws {
        let place = try Workplace()
        let golden = try Golden("mmu_image_\(name)")
        let ids = { (tensor: String, skipped: Int) in
            try golden[tensor].floats().dropFirst(skipped).map { "\(Int($0))" }.joined(separator: ",")
        }
        let expected = try #require(golden.manifest.output_ids)
        let question = try ids("text_tokens_b", 2)  // without boi and eoi
        let run = try place.run(
            "ask", "-m", Golden.model(name).path, "--precision", "f32", "--image-latents",
            Golden.folder.appendingPathComponent("mmu_image_\(name).safetensors").path, "--prefix-ids",
            try ids("text_tokens_a", 0), "--question-ids", question, "--max-tokens", "\(expected.count)", "--json")
        let report = try report(run)
        #expect(report.tokens == expected)
        #expect(report.question == nil && report.answer == "")
    }

    @Test("Answers are text, --json and streamed text agree, threads do not matter")
    func text() throws {
        let place = try Workplace()
        let question = "how many objects are there?"
        let one = try report(place.run("ask", "-m", Golden.shapes.path, Self.image, question, "--json", "-t", "1"))
        #expect(one.question == question && one.finished && !one.answer.isEmpty)
        #expect(one.timings.encoding > 0 && one.timings.reading > 0 && one.timings.question > 0)
        let two = try report(place.run("ask", "-m", Golden.shapes.path, Self.image, question, "--json", "-t", "3"))
        #expect(two.tokens == one.tokens)
        let plain = try place.run("ask", "-m", Golden.shapes.path, Self.image, question)
        #expect(plain.output == one.answer + "\n" && plain.errors == "")
        #expect(place.leftovers == [])
    }

    @Test("Several questions on one image: each answered as if alone")
    func severalQuestions() throws {
        struct Reports: Decodable { let answers: [Report] }
        let place = try Workplace()
        let questions = ["how many objects are there?", "what color is the background?", "is there a star?"]
        let run = try CommandRun.flashu(
            ["ask", "-m", Golden.shapes.path, Self.image, "--json"] + questions, in: place.results)
        let reports = try JSONDecoder().decode(Reports.self, from: Data(run.output.utf8)).answers
        #expect(reports.map(\.question) == questions)
        for report in reports {
            let alone = try self.report(
                place.run("ask", "-m", Golden.shapes.path, Self.image, try #require(report.question), "--json"))
            #expect(alone.tokens == report.tokens)
        }
        let plain = try CommandRun.flashu(["ask", "-m", Golden.shapes.path, Self.image] + questions, in: place.results)
        #expect(plain.output == reports.map { "\($0.question ?? "")\n  \($0.answer)\n" }.joined())
    }

    @Test("--max-tokens cuts, --temperature follows its seed, --sample-posterior its own")
    func options() throws {
        let place = try Workplace()
        let ask = { (more: [String]) in
            try self.report(
                CommandRun.flashu(
                    ["ask", "-m", Golden.shapes.path, Self.image, "what is in the picture?", "--json"] + more,
                    in: place.results))
        }
        let cut = try ask(["--max-tokens", "1"])
        #expect(cut.tokens.count == 1)
        #expect(try ask([]).tokens.prefix(1) == cut.tokens.prefix(1))
        let random = ["--temperature", "5", "--max-tokens", "20", "--top-p", "0.99"]
        let first = try ask(random + ["--seed", "1"])
        #expect(try ask(random + ["--seed", "1"]).tokens == first.tokens)
        #expect(try ask(random + ["--seed", "2"]).tokens != first.tokens)
        #expect(try ask(["--temperature", "5", "--top-k", "1"]).tokens == ask([]).tokens)
        #expect(
            try ask(["--sample-posterior", "--seed", "4"]).tokens == ask(["--sample-posterior", "--seed", "4"]).tokens)
    }

    @Test("An empty answer is an empty line; token ids are shown only where there is no tokenizer")
    func emptyAnswers() throws {
        let place = try Workplace()
        // Behind these ids the model has nothing to say.
        let ids = ["--question-ids", "1015", "--prefix-ids", "1"]
        let empty = try CommandRun.flashu(["ask", "-m", Golden.shapes.path, Self.image] + ids, in: place.results)
        #expect(empty.status == 0 && empty.output == "\n" && empty.errors == "", "\(empty)")
        let model = try place.model(Golden.shapes, without: ["tokenizer.json"])
        let bare = try CommandRun.flashu(["ask", "-m", model.path, Self.image] + ids, in: place.results)
        #expect(bare.status == 0 && bare.output == "tokens 1015\n" && bare.errors == "", "\(bare)")
    }

    @Test("A cut answer says so, once for each")
    func cutAnswers() throws {
        let place = try Workplace()
        let run = try place.run(
            "ask", "-m", Golden.shapes.path, Self.image, "describe the image.", "what is in the picture?",
            "--max-tokens", "1")
        #expect(run.status == 0)
        #expect(
            run.errorLines == [
                "note: the answer to question 1 was cut at --max-tokens 1",
                "note: the answer to question 2 was cut at --max-tokens 1",
            ])
    }

    @Test("--seed random is told, and gives the same again")
    func randomSeed() throws {
        let place = try Workplace()
        let words = ["ask", "-m", Golden.shapes.path, Self.image, "describe the image.", "--temperature", "3"]
        let run = try CommandRun.flashu(words + ["--seed", "random"], in: place.results)
        let seed = try #require(run.errors.split(separator: " ").last?.dropLast())
        #expect(run.errors == "note: the seed is \(seed)\n")
        let again = try CommandRun.flashu(words + ["--seed", "\(seed)"], in: place.results)
        #expect(again.output == run.output && again.errors == "")
    }
}
