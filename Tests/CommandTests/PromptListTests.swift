import FlashUTesting
import Foundation
import Images
import Tensors
import Testing

@Suite("flashu generate --prompts") struct PromptListTests {
    func run(_ place: Workplace, _ lines: String, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["generate", "-m", Golden.shapes.path, "--steps", "3", "-W", "32", "--prompts", "-"] + more,
            in: place.results, input: Data(lines.utf8))
    }

    func parameters(_ place: Workplace, _ name: String) throws -> GenerationParameters {
        try GenerationParameters(parsing: ParametersText.of(place.results.appendingPathComponent(name)))
    }

    @Test("Lines of text and of JSON are drawn as each alone would be")
    func lines() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(
            at: place.results.appendingPathComponent("all/deep"), withIntermediateDirectories: true)
        let lines = """
            a red circle

            {"prompt": "a blue star", "seed": 9, "steps": 4, "cfg_scale": 2, "negative_prompt": "red", "width": 48, "n": 2}
            {"prompt": "a green square", "file": "own.jpg"}\r
            {"prompt": "a green square", "file": "deep/own.png", "n": 2, "seed": "random"}
            """
        let run = try run(place, lines, "-o", "all/x.png", "--seed", "3")
        #expect(run.status == 0 && run.remarks == [], "\(run)")
        #expect(
            place.leftovers == [
                "all", "all/deep", "all/deep/own-1.png", "all/deep/own-2.png", "all/own.jpg", "all/x-1.png",
                "all/x-2.png", "all/x-3.png",
            ])
        #expect(run.output.split(separator: "\n").count == 6)
        let second = try parameters(place, "all/x-3.png")
        #expect(second.seed == 10 && second.steps == 4 && second.cfgScale == 2 && second.negativePrompt == "red")
        #expect(second.width == 48 && second.height == 48 && second.prompt == "a blue star")
        #expect(try parameters(place, "all/own.jpg").seed == 6, "the fourth image of seed 3")
        for name in ["all/x-1.png", "all/x-2.png"] {
            let text = try ParametersText.of(place.results.appendingPathComponent(name))
            let alone = try CommandRun.flashu(
                ["generate", "-m", Golden.shapes.path, "-o", "alone.png"] + ParametersText.arguments(text),
                in: place.results)
            #expect(alone.status == 0, "\(alone)")
            let files = try ["alone.png", name].map {
                try RGBImage(contentsOf: place.results.appendingPathComponent($0))
            }
            let difference = zip(files[0].pixels, files[1].pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
            #expect(difference <= 1)
        }
    }

    @Test("From a file, with latents and as JSON; one prompt keeps the output's name")
    func file() throws {
        struct Report: Decodable {
            struct Image: Decodable {
                let file, prompt: String
                let seed: UInt64
            }
            let images: [Image]
        }
        let place = try Workplace()
        let list = place.folder.appendingPathComponent("list.txt")
        try Data("\u{FEFF}a red circle\na blue star".utf8).write(to: list)
        let words = ["generate", "-m", Golden.shapes.path, "--steps", "2", "-W", "32", "--prompts", list.path]
        let run = try CommandRun.flashu(words + ["--json", "--save-latents", "l.safetensors"], in: place.results)
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.images.map(\.prompt) == ["a red circle", "a blue star"] && report.images.map(\.seed) == [0, 1])
        let latents = try openWeights(file: place.results.appendingPathComponent("l.safetensors")).tensor("latents")
        #expect(latents.shape == [2, 16, 4, 4])
        try Data("a red circle\n\n".utf8).write(to: list)
        #expect(try CommandRun.flashu(words + ["-o", "one.png"], in: place.results).status == 0)
        #expect(place.leftovers.contains("one.png"))
    }

    @Test(
        "Errors name the line, before anything is drawn",
        arguments: [
            ("a\n{\"prompt\": 5}", ["line 2", "prompt"]),
            ("a\n\n{\"prompt\": \"x\", \"speed\": 1}", ["line 3", "speed"]),
            ("{\"seed\": 1}", ["line 1", "prompt"]), ("{\"prompt\": \"x\"", ["line 1", "JSON"]),
            ("{\"prompt\": \"x\", \"steps\": 1}", ["line 1", "steps"]),
            ("{\"prompt\": \"x\", \"steps\": 2.5}", ["line 1", "steps"]),
            ("{\"prompt\": \"x\", \"n\": -1}", ["line 1", "n must"]),
            ("{\"prompt\": \"x\", \"seed\": -2}", ["line 1", "seed"]),
            ("{\"prompt\": \"x\", \"cfg_scale\": -1}", ["line 1", "cfg_scale"]),
            ("{\"prompt\": \"x\", \"width\": 99999999999}", ["line 1", "width"]),
            ("a\n{\"prompt\": \"x\", \"width\": 30}", ["line 2", "multiples of 16"]),
            ("{\"prompt\": \"x\", \"file\": \"../x.png\"}", ["line 1", "../x.png"]),
            ("{\"prompt\": \"x\", \"file\": \"/tmp/x.png\"}", ["line 1", "/tmp/x.png"]),
            ("{\"prompt\": \"x\", \"file\": \"out/x.png\"}", ["line 1", "leads out"]),
            ("{\"prompt\": \"x\", \"file\": \"escape.png\"}", ["line 1", "leads out"]),
            ("{\"prompt\": \"x\", \"file\": \"\"}", ["line 1", "file"]),
            ("{\"prompt\": \"x\", \"file\": \"a\\u0000b\"}", ["line 1", "file"]),
            ("{\"prompt\": \"x\", \"file\": \"x.gif\"}", ["line 1", ".gif"]),
            (
                "{\"prompt\": \"x\", \"file\": \"a.png\"}\n{\"prompt\": \"y\", \"file\": \"a.png\"}",
                ["line 1", "line 2", "both"]
            ),
            ("a\n{\"prompt\": \"y\", \"file\": \"out-1.png\"}", ["line 2", "both"]),
            ("", ["no prompts"]), ("\n \n", ["no prompts"]),
        ])
    func refusals(lines: String, words: [String]) throws {
        let place = try Workplace()
        for (link, target) in [("out", place.folder.path), ("escape.png", "\(place.folder.path)/y.png")] {
            try FileManager.default.createSymbolicLink(
                atPath: place.results.appendingPathComponent(link).path, withDestinationPath: target)
        }
        let before = place.leftovers
        let run = try run(place, lines)
        #expect(run.status == 1 && run.output == "" && run.remarks.count == 1, "\(run)")
        for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
        #expect(place.leftovers == before)
    }

    @Test("A too long prompt is named by its line")
    func longPrompt() throws {
        let place = try Workplace()
        let run = try run(place, "a\n" + String(repeating: "a red circle ", count: 40))
        expectRefusal(run, place, "line 2", "room for 27")
    }
}
