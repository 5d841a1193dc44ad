import FlashUTesting
import Foundation
import Images
import Tensors
import Testing

/// An image's text is all that is needed to draw it again.
@Suite("The text in an image") struct ProvenanceTests {
    static let cases = Golden.folder.deletingLastPathComponent().appendingPathComponent("cases")

    static let commands: [[String]] = [
        ["a red circle", "--steps", "4"],
        ["two red circles, \"x\": ü 🦊\nSteps: 5", "--seed", "18446744073709551615", "-H", "48", "-W", "64"],
        ["", "--cfg-scale", "0", "--steps", "5", "-W", "64"],
        ["a blue star", "--negative-prompt", "red, \"round\": circle", "--cfg-scale", "2.75", "--time-shift", "2.1"],
        ["a sign\nNegative prompt: none", "-W", "32", "--sampler", "heun", "--steps", "4"],
        ["a blue star", "--accelerate", "paper", "--steps", "12", "--precision", "f32", "-W", "64"],
        ["a blue star", "--accelerate", "fast", "--set", "features.interval=2", "--set", "features.order=1"],
        ["a blue star", "--accelerate", "headCache.interval=3; headCache.order=2", "--sampler", "dpmpp2m", "-W", "64"],
        ["--prompt-ids", "64,335,286", "--steps", "3", "-W", "48", "--precision", "int8"],
        ["a green square", "--seed", "random", "--sampler", "UniPC", "--steps", "6", "-H", "96"],
        [
            "a blue star", "--set", "guidance.earlyFraction=0.7058823529411765", "--set", "guidance.earlyFactor=0.75",
            "--set", "tokens.seed=18446744073709551615", "-W", "32",
        ],
    ]

    func draw(_ place: Workplace, _ arguments: [String], _ file: String) throws -> Data {
        let run = try CommandRun.flashu(
            ["generate", "-m", Golden.shapes.path, "-o", file] + arguments, in: place.results)
        let idle = run.remarks.filter { $0.contains(" changes nothing ") }
        #expect(run.status == 0 && run.remarks == idle, "\(arguments): \(run)")
        return try Data(contentsOf: place.results.appendingPathComponent(file))
    }

    @Test("The same bytes from the text alone, and by --like", arguments: commands)
    func again(command: [String]) throws {
        let place = try Workplace()
        let first = try draw(place, command, "a.png")
        let text = try ParametersText.of(place.results.appendingPathComponent("a.png"))
        #expect(try draw(place, ParametersText.arguments(text), "b.png") == first, "\(text)")
        #expect(try draw(place, ["--like", "a.png"], "c.png") == first, "\(text)")
        for path in [place.folder.path, "/work", "/tmp", "Models/"] {
            #expect(!text.contains(path), "\(text)")
        }
    }

    @Test("JPEG and WebP hold the same text", arguments: ["a.jpg", "a.JPEG", "a.webp"])
    func otherFormats(name: String) throws {
        let place = try Workplace()
        let words = ["a red circle, \"ünicode\" 🦊", "--negative-prompt", "blurry", "--steps", "3", "-W", "64"]
        _ = try draw(place, words, "a.png")
        let first = try draw(place, words + ["--quality", "70"], name)
        let format = try #require(ImageFormat(signature: first))
        #expect(format == (name.hasSuffix("webp") ? .webp : .jpeg))
        let file = place.results.appendingPathComponent(name)
        #expect(try ParametersText.of(file) == ParametersText.of(place.results.appendingPathComponent("a.png")))
        #expect(try draw(place, ["--like", name, "--quality", "70"], "again-\(name)") == first)
        #expect(try draw(place, words + ["--quality", "20"], "small-\(name)").count < first.count)
    }

    @Test("Two profiles of one name leave different texts")
    func profilesOfOneName() throws {
        let place = try Workplace()
        let texts = try ["A", "B"].map { name in
            let profile = Self.cases.appendingPathComponent("\(name)/fast.json").path
            _ = try draw(place, ["x", "--steps", "9", "-W", "32", "--accelerate", profile], "\(name).png")
            return try ParametersText.of(place.results.appendingPathComponent("\(name).png"))
        }
        #expect(texts[0].contains("Acceleration: headCache.interval=3,"))
        #expect(texts[1].contains("Acceleration: headCache.interval=5,"))
    }

    @Test("Fingerprints follow weights, calibration and noise, not where they lie; --like tells what differs")
    func fingerprints() throws {
        let place = try Workplace()
        func text(_ model: URL, _ more: [String] = []) throws -> [String: String] {
            let run = try CommandRun.flashu(
                ["generate", "x", "-m", model.path, "--steps", "2", "-W", "32", "-o", "x.png"] + more,
                in: place.results)
            #expect(run.status == 0, "\(run)")
            let text = try ParametersText.of(place.results.appendingPathComponent("x.png"))
            let extra = try GenerationParameters(parsing: text).extra
            return Dictionary(uniqueKeysWithValues: extra.map { ($0.key, $0.value) })
        }
        let own = try text(Golden.shapes)
        #expect(own["Model hash"]?.count == 16 && own["Calibration hash"]?.count == 16 && own["Noise hash"] == nil)
        let elsewhere = try place.model(Golden.shapes)
        try Data("notes".utf8).write(to: elsewhere.appendingPathComponent("notes.safetensors"))
        #expect(try text(elsewhere) == own)
        let uncalibrated = try text(place.model(Golden.shapes, without: ["flashu.safetensors"]))
        #expect(uncalibrated["Model hash"] == own["Model hash"] && uncalibrated["Calibration hash"] == nil)
        // The middle of the last tensor of a file of 25 MB.
        let other = try text(
            place.model(Golden.shapes, replacing: "model.safetensors") { data in
                var data = data
                data[data.count - 1000] ^= 1
                return data
            })
        #expect(other["Model hash"] != own["Model hash"] && other["Calibration hash"] == own["Calibration hash"])

        let run = try place.run("generate", "--like", "x.png", "-o", "y.png", "-m", elsewhere.path)
        #expect(run.status == 0)
        #expect(run.remarks.count == 1 && run.errors.contains("another model"), "\(run)")

        func noise(_ value: Float) throws -> String {
            let url = place.folder.appendingPathComponent("noise-\(value).safetensors")
            let tensor = Tensor(Array(repeating: value, count: 16 * 4 * 4), shape: [1, 16, 4, 4])
            try SafetensorsWriter.write([("noise", tensor)], to: url)
            return url.path
        }
        let (one, two) = (
            try text(elsewhere, ["--init-noise", noise(1)]), try text(elsewhere, ["--init-noise", noise(2)])
        )
        #expect(one["Noise hash"] != nil && one["Noise hash"] != two["Noise hash"])
        #expect(try text(elsewhere, ["--init-noise", noise(1)]) == one)
        let without = try place.run("generate", "--like", "x.png", "-o", "z.png", "-m", elsewhere.path)
        #expect(without.errors.contains("--init-noise"), "\(without)")
    }

    @Test("--like takes what is not given, and refuses what holds no such text")
    func like() throws {
        let place = try Workplace()
        _ = try draw(place, ["a red circle", "--steps", "4", "--seed", "5", "-W", "64"], "a.png")
        let onItself = try place.run("generate", "--like", "a.png", "-m", Golden.shapes.path, "-o", "./a.png")
        #expect(onItself.status == 1 && onItself.errors.contains("both name"), "\(onItself)")
        _ = try draw(place, ["--like", "a.png", "a blue star", "--seed", "6"], "b.png")
        let b = try GenerationParameters(parsing: ParametersText.of(place.results.appendingPathComponent("b.png")))
        #expect(b.prompt == "a blue star" && b.seed == 6 && b.steps == 4 && b.width == 64)
        try FileManager.default.removeItem(at: place.results.appendingPathComponent("a.png"))
        try FileManager.default.removeItem(at: place.results.appendingPathComponent("b.png"))
        for (name, word) in [
            ("transparent-logo.png", "no text"), ("A/fast.json", "a text, not"), ("absent.png", "no such file"),
        ] {
            let file = Self.cases.appendingPathComponent(name).path
            expectRefusal(try place.run("generate", "--like", file, "-m", Golden.shapes.path), place, "--like", word)
        }
    }
}
