import FlashUTesting
import Foundation
import Images
import Testing
import flashu

@Suite("flashu chat") struct ChatTests {
    private struct Report: Decodable {
        struct Part: Decodable {
            var text: String?
            var tokens: [Int]?
            var image: String?
            var seed: Int?
            var width: Int?
            var cfg_scale: Double?
        }
        struct Read: Decodable {
            var writing: Int
            var drawing: Int
        }
        var line: Int
        var turn: Int?
        var parts: [Part]?
        var ending: String?
        var read: Read?
        var length: Int?
        var error: String?
    }

    private func reports(_ run: CommandRun) throws -> [Report] {
        try run.output.split(separator: "\n").map { try JSONDecoder().decode(Report.self, from: Data($0.utf8)) }
    }

    private func script(_ lines: String, _ place: Workplace, name: String = "s.jsonl", _ arguments: String...) throws
        -> CommandRun
    {
        try Data(lines.utf8).write(to: place.results.appendingPathComponent(name))
        return try CommandRun.flashu(
            ["chat", "-m", Golden.shapes.path, "--precision", "f32", "--script", name, "--steps", "3"] + arguments,
            in: place.results)
    }

    private func pixels(_ path: String, _ place: Workplace) throws -> [UInt8] {
        try RGBImage(
            contentsOf: path.hasPrefix("/") ? URL(fileURLWithPath: path) : place.results.appendingPathComponent(path)
        ).pixels
    }

    @Test func scriptOfAllKinds() throws {
        let place = try Workplace()
        let run = try script(
            """
            {"draw": "a photo of two red circles"}

            {"text": "a photo of"}
            {"draw": true}
            {"undo": true}
            {"size": "64x64"}
            {"seed": 40}
            {"draw": "a blue star"}
            {"image": "s-1.png"}
            {"text": "what is it?"}
            """, place, "--seed", "3", "--max-tokens", "9")
        // The image is there only once the first turn has drawn it.
        #expect(run.status == 1 && run.errors.contains("line 9"), "\(run)")
        let first = try script(
            """
            {"draw": "a photo of two red circles"}

            {"text": "a photo of"}
            {"draw": true}
            {"undo": true}
            {"size": "64x64"}
            {"seed": 40}
            {"draw": "a blue star"}
            """, place, "--seed", "3", "--max-tokens", "9")
        #expect(
            first.status == 0 && first.errorLines.count == 1 && first.errors.contains("was not trained"), "\(first)")
        let told = try reports(first)
        #expect(told.map(\.line) == [1, 3, 4, 8] && told.map(\.turn) == [1, 2, 3, 3])
        #expect(told[0].parts?.first?.cfg_scale == 3.5 && told[2].parts?.first?.cfg_scale == 5)
        #expect(told[0].parts?.first?.seed == 3 && told[2].parts?.first?.seed == 4 && told[3].parts?.first?.seed == 41)
        #expect(told[3].parts?.first?.width == 64)
        // Only what is new is read.
        #expect(told[0].read?.drawing == 7 && told[1].read?.drawing == 0 && (told[2].read?.drawing ?? 0) > 64)
        // The first image is the prompt's.
        let alone = try CommandRun.flashu(
            [
                "generate", "a photo of two red circles", "-m", Golden.shapes.path, "--precision", "f32", "--seed", "3",
                "--steps", "3", "-o", "alone.png",
            ], in: place.results)
        #expect(alone.status == 0)
        let image = try #require(told[0].parts?.first?.image)
        #expect(try pixels(image, place) == pixels("alone.png", place))
        // Its text says that a prompt alone does not draw it again.
        let like = try place.run("generate", "--like", image)
        #expect(like.status == 1 && like.errors.contains("sequence"), "\(like)")
        // What is shown is read.
        let asked = try script(
            "{\"image\": \"s-1.png\"}\n{\"text\": \"what color are the circles?\"}", place, name: "t.jsonl",
            "--template",
            "chatml", "--temperature", "0")
        #expect(asked.status == 0, "\(asked)")
        #expect((try reports(asked).first?.read?.writing ?? 0) > 64)
    }

    /// A conversation that is gone on with is the very one that was not interrupted.
    @Test func savedAndContinued() throws {
        let place = try Workplace()
        let (first, second) = (
            "{\"draw\": \"a red circle\"}\n{\"text\": \"a photo of\"}\n", "{\"text\": \"two\"}\n{\"draw\": \"stars\"}\n"
        )
        let whole = try script(first + second, place, "--save", "whole")
        let begun = try script(first, place, "--save", "kept")
        let continued = try script(second, place, name: "t.jsonl", "--continue", "kept")
        #expect(whole.status == 0 && begun.status == 0 && continued.status == 0, "\(whole) \(begun) \(continued)")
        let expected = try reports(whole)
        let found = try reports(begun) + reports(continued)
        #expect(found.map { $0.parts?.first?.tokens } == expected.map { $0.parts?.first?.tokens })
        #expect(found.map(\.length) == expected.map(\.length) && found.map(\.turn) == [1, 2, 3, 4])
        for name in ["image-1.png", "image-2.png", "conversation.md"] {
            let (a, b) = (
                try Data(contentsOf: place.results.appendingPathComponent("kept/\(name)")),
                try Data(contentsOf: place.results.appendingPathComponent("whole/\(name)"))
            )
            #expect(a == b, "\(name)")
        }
        let text = try String(
            contentsOf: place.results.appendingPathComponent("kept/conversation.md"), encoding: .utf8)
        #expect(text.contains("**You:** a red circle") && text.contains("![](image-2.png)"))
        // A new conversation does not go over it, and a taken-back image leaves the folder.
        let over = try script(first, place, "--save", "kept")
        #expect(over.status == 1 && over.errors.contains("--continue"), "\(over)")
        let back = try script("{\"undo\": true}", place, name: "u.jsonl", "--continue", "kept")
        #expect(back.status == 0 && !place.leftovers.contains("kept/image-2.png"), "\(back)")
        #expect(place.leftovers.contains("kept/image-1.png"))
        // The latents are pieces.
        try Data("[{\"ids\": [1014]}, {\"latents\": [\"kept/image-1.safetensors\", 0, 1]}]".utf8).write(
            to: place.results.appendingPathComponent("p.json"))
        let pieces = try place.run("ask", "-m", Golden.shapes.path, "--pieces", "p.json", "--max-tokens", "2")
        #expect(pieces.status == 0, "\(pieces)")
    }

    @Test(
        "Records that are none",
        arguments: [
            ("{", "no conversation"), ("{}", "no conversation"), ("[]", "no conversation"),
            (
                #"{"version":2,"program":"","model":"","model_hash":"","template":"plain","image_time":"official","video_mask":"official","context":9,"seed":0,"turns":[]}"#,
                "version 2"
            ),
            (
                #"{"version":1,"program":"","model":"","model_hash":"","template":"x","image_time":"official","video_mask":"official","context":9,"seed":0,"turns":[]}"#,
                "template"
            ),
            (
                #"{"version":1,"program":"","model":"","model_hash":"","template":"plain","image_time":"official","video_mask":"official","context":9,"seed":0,"turns":[{"ending":"ended","parts":[{"author":"user","latents":"../x.safetensors"}]}]}"#,
                "neither"
            ),
            (
                #"{"version":1,"program":"","model":"","model_hash":"","template":"plain","image_time":"official","video_mask":"official","context":9,"seed":0,"turns":[{"ending":"ended","parts":[{"author":"user","ids":[-4]}]}]}"#,
                "vocabulary"
            ),
            (
                #"{"version":1,"program":"","model":"","model_hash":"","template":"plain","image_time":"official","video_mask":"official","context":0,"seed":0,"turns":[]}"#,
                "context"
            ),
        ])
    func brokenRecord(text: String, word: String) throws {
        let place = try Workplace()
        let folder = place.results.appendingPathComponent("d")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appendingPathComponent("conversation.json"))
        let run = try script("{\"text\": \"a\"}", place, "--continue", "d")
        #expect(run.status == 1 && run.errors.contains(word) && run.output.isEmpty, "\(run)")
    }

    @Test(
        "Scripts that are refused before anything is computed",
        arguments: [
            ("{\"text\": \"a\"}\n{\"txt\": 1}", "line 2"), ("{\"text\": \"a\"}\n\nnonsense", "line 3"),
            ("[1]", "line 1"), ("{\"text\": 3}", "line 1"), ("{\"text\": \"a\", \"draw\": true}", "line 1"),
            ("{\"draw\": false}", "draw is"), ("{\"size\": \"9\"}", "432x432"), ("{\"size\": \"17x17\"}", "line 1"),
            ("{\"seed\": -3}", "seed"), ("{\"undo\": 1}", "only be true"), ("", "no lines"),
            ("{\"image\": \"no.png\"}\n{\"text\": \"a\"}", "line 1"),
            ("{\"image\": \"s.jsonl\"}", "followed by no text"),
            ("{\"video\": \"no.mp4\"}\n{\"text\": \"a\"}", "no file"), ("{\"text\": \"a\", \"text\": \"b\"}", "line 1"),
            ("{\"text\": \"\u{1}\"}", "line 1"),
        ])
    func refused(text: String, word: String) throws {
        let place = try Workplace()
        let run = try script(text, place)
        #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1, "\(run)")
        #expect(run.errors.contains(word), "\(run)")
    }

    /// A context that is full is told in its line; the conversation goes on.
    @Test func fullContext() throws {
        let place = try Workplace()
        let run = try script(
            """
            {"draw": "a red circle"}
            {"draw": "a blue star"}
            {"undo": true}
            {"draw": "a star"}
            """, place, "--context", "100")
        let told = try reports(run)
        #expect(run.status == 1 && told.map(\.line) == [1, 2, 4], "\(run)")
        #expect(told[1].error?.contains("/undo") == true && told[2].ending == "drawn")
    }

    /// What a person types, from a pipe.
    @Test func typed() throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(
            ["chat", "-m", Golden.shapes.path, "--steps", "3", "--save", "d", "--max-tokens", "5"], in: place.results,
            input: Data(
                "/help\n/seed 7\n/draw a red circle\n/image d/image-1.png\n/undo\n/size 7x7\n/nothing\na photo of\n\n/save\n/quit\nnever"
                    .utf8))
        #expect(run.status == 0, "\(run)")
        #expect(run.output.contains("[an image of 128 x 128, seed 7]") && !run.output.contains("\u{1B}"))
        #expect(run.errors.contains("/draw [PROMPT]") && run.errors.contains("there is no /nothing"))
        #expect(run.errors.contains("multiples of 16") && place.leftovers.contains("d/conversation.md"))
    }

    @Test func options() throws {
        let place = try Workplace()
        func expectRefusal(_ word: String, _ arguments: String...) throws {
            let run = try CommandRun.flashu(["chat"] + arguments, in: place.results)
            #expect(run.status != 0 && run.errors.contains(word), "\(run)")
        }
        try expectRefusal("--save", "--save", "a", "--continue", "b")
        try expectRefusal("--template", "--continue", "b", "--template", "plain")
        try expectRefusal("conversation.json", "--continue", "b")
        try expectRefusal("32768", "--context", "40000")
        try expectRefusal("--rounds", "--rounds", "0")
        try expectRefusal("tokenizer.json", "-m", Golden.model("nano").path)
    }

    /// Copies share what their pieces show; each is drawn as if alone.
    @Test func copiesOfPieces() throws {
        let place = try Workplace()
        let drawn = try place.run(
            "generate", "-m", Golden.shapes.path, "a red circle", "--steps", "3", "-o", "a.png")
        #expect(drawn.status == 0)
        try Data("[{\"ids\": [1014]}, {\"image\": \"a.png\"}, {\"text\": \"a blue star\"}]".utf8).write(
            to: place.results.appendingPathComponent("p.json"))
        func draw(_ arguments: String...) throws -> CommandRun {
            try CommandRun.flashu(
                ["generate", "-m", Golden.shapes.path, "--pieces", "p.json", "--steps", "3"] + arguments,
                in: place.results)
        }
        #expect(try draw("-n", "2", "-o", "b.png").status == 0)
        for copy in 1...2 {
            #expect(try draw("--seed", "\(copy - 1)", "-o", "c.png").status == 0)
            #expect(try pixels("b-\(copy).png", place) == pixels("c.png", place))
        }
        let like = try place.run("generate", "--like", "c.png")
        #expect(like.status == 1 && like.errors.contains("sequence"), "\(like)")
    }

    /// `ask` without a template continues what it is given.
    @Test func askTemplate() throws {
        let place = try Workplace()
        #expect(
            try place.run("generate", "-m", Golden.shapes.path, "a red circle", "--steps", "3", "-o", "a.png").status
                == 0)
        func tokens(_ arguments: String...) throws -> String {
            let run = try CommandRun.flashu(
                ["ask", "-m", Golden.shapes.path, "--json", "--max-tokens", "4"] + arguments, in: place.results)
            #expect(run.status == 0, "\(run)")
            let start = try #require(run.output.range(of: "\"tokens\""))
            return String(run.output[start.lowerBound...].prefix { $0 != "]" })
        }
        try Data("[{\"ids\": [1014]}, {\"image\": \"a.png\"}, {\"text\": \"what\"}]".utf8).write(
            to: place.results.appendingPathComponent("p.json"))
        let plain = try tokens("a.png", "what", "--template", "plain")
        #expect(plain == (try tokens("--pieces", "p.json")))
        #expect(try tokens("a.png", "what") == tokens("a.png", "what", "--template", "chatml"))
    }

    /// A video stands in a conversation as an image does: read where it stands, kept, and gone on with.
    @Test func video() throws {
        let place = try Workplace()
        try AskVideoTests.film("a.mp4", in: place)
        let (first, second) = (
            "{\"video\": \"a.mp4\"}\n{\"text\": \"what color is the circle?\"}\n", "{\"text\": \"how many?\"}\n"
        )
        let chat = ["--temperature", "0", "--max-tokens", "4", "--frames", "3"]
        let new = chat + ["--template", "chatml"]
        func run(_ lines: String, _ name: String, _ arguments: [String]) throws -> [Report] {
            try Data(lines.utf8).write(to: place.results.appendingPathComponent(name))
            let run = try CommandRun.flashu(
                ["chat", "-m", Golden.shapes.path, "--precision", "f32", "--script", name] + arguments,
                in: place.results)
            #expect(run.status == 0, "\(run)")
            return try reports(run)
        }
        let whole = try run(first + second, "w.jsonl", new + ["--save", "whole"])
        let begun = try run(first, "b.jsonl", new + ["--save", "kept"])
        let continued = try run(second, "c.jsonl", chat + ["--continue", "kept"])
        #expect(whole.count == 2 && whole.allSatisfy { $0.error == nil })
        // Three frames of 8 x 8 cells are 4 x 4 tokens each.
        #expect((whole[0].read?.writing ?? 0) > 3 * 16)
        #expect((begun + continued).map { $0.parts?.first?.tokens } == whole.map { $0.parts?.first?.tokens })
        #expect(continued.last?.length == whole.last?.length)
        let text = try String(
            contentsOf: place.results.appendingPathComponent("kept/conversation.md"), encoding: .utf8)
        #expect(text.contains("(a video)"))
        // A turn that fails is told, and the others follow.
        try Data("words".utf8).write(to: place.results.appendingPathComponent("broken.mp4"))
        let broken = try script("{\"video\": \"broken.mp4\"}\n{\"text\": \"a photo of\"}", place, "--max-tokens", "2")
        #expect(broken.status == 1 && broken.errors.contains("line 1"), "\(broken)")
    }

    /// Ctrl-C within a script: the turns that ended are kept, the one that was running leaves nothing.
    @Test func interrupted() throws {
        let place = try Workplace()
        try Data("{\"draw\": \"a red circle\"}\n{\"draw\": \"a blue star\"}\n{\"draw\": \"a square\"}\n".utf8)
            .write(to: place.results.appendingPathComponent("s.jsonl"))
        let done = place.results.appendingPathComponent("kept/image-1.png").path
        let run = try place.run(
            "chat", "-m", Golden.shapes.path, "--script", "s.jsonl", "--steps", "100", "--save", "kept"
        ) { pid in
            for _ in 0..<1200 where !FileManager.default.fileExists(atPath: done) { usleep(50_000) }
            usleep(500_000)
            kill(pid, SIGINT)
        }
        #expect(run.status == 130 && run.errors.contains("interrupted"), "\(run)")
        let told = try reports(run)
        #expect((1...2).contains(told.count), "\(run)")
        let images = place.leftovers.filter { $0.hasSuffix(".png") }.sorted()
        #expect(images == told.indices.map { "kept/image-\($0 + 1).png" })
        let continued = try script("{\"draw\": \"a square\"}", place, name: "t.jsonl", "--continue", "kept")
        #expect(continued.status == 0, "\(continued)")
        #expect(try reports(continued).first?.turn == told.count + 1)
    }
}
