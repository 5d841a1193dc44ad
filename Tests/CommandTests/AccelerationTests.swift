import FlashUTesting
import Foundation
import Images
import Testing

@Suite("--accelerate, --set, --sampler, --trace") struct AccelerationTests {
    struct Step: Decodable {
        let evaluation: Int
        let regime, head, branches: String
        let flops: Int
        let milliseconds: Double
    }

    func draw(_ place: Workplace, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["generate", "a blue star", "-m", Golden.shapes.path, "--steps", "9", "-o", "a.png"] + more,
            in: place.results)
    }

    func parameters(_ place: Workplace) throws -> GenerationParameters {
        let data = try Data(contentsOf: place.results.appendingPathComponent("a.png"))
        let text = try RGBImage.pngText(of: data).first { $0.key == GenerationParameters.pngKey }?.value
        return try GenerationParameters(parsing: #require(text))
    }

    func acceleration(_ place: Workplace) throws -> String? {
        try parameters(place).extra.first { $0.key == "Acceleration" }?.value
    }

    func trace(_ place: Workplace) throws -> [Step] {
        try JSONDecoder().decode(
            [Step].self, from: Data(contentsOf: place.results.appendingPathComponent("t.json")))
    }

    @Test("--set changes the profile: cached steps run no head, and the PNG tells")
    func headCache() throws {
        let place = try Workplace()
        #expect(try draw(place, "--trace", "t.json").status == 0)
        let dense = try trace(place)
        #expect(dense.map(\.evaluation) == Array(0..<8) && dense.allSatisfy { $0.head == "computed" && $0.flops > 0 })
        #expect(try acceleration(place) == nil)
        #expect(try draw(place, "--trace", "t.json", "--set", "headCache.interval=4").status == 0)
        let cached = try trace(place)
        #expect(cached.map(\.head) == (0..<8).map { $0 % 4 == 0 ? "computed" : "reused" })
        #expect(cached.filter { $0.head == "reused" }.allSatisfy { $0.regime == "cached" && $0.flops < dense[0].flops })
        #expect(try acceleration(place) == "headCache.interval=4")
    }

    @Test("A profile file is read, its fields can be changed, it is named after its file")
    func file() throws {
        let place = try Workplace()
        let profile = place.folder.appendingPathComponent("mine.json")
        try Data("{\"guidance\": {\"conditionalTail\": 0.5}}".utf8).write(to: profile)
        #expect(try draw(place, "--accelerate", profile.path, "--trace", "t.json").status == 0)
        #expect(try trace(place).map(\.branches).suffix(4) == Array(repeating: "conditional", count: 4)[...])
        #expect(try acceleration(place) == "guidance.conditionalTail=0.5", "its content, not its name or place")
        let more = ["--accelerate", profile.path, "--set", "guidance.conditionalTail=0", "--trace", "t.json"]
        let run = try CommandRun.flashu(
            ["generate", "a blue star", "-m", Golden.shapes.path, "--steps", "9", "-o", "a.png"] + more,
            in: place.results)
        #expect(run.status == 0, "\(run)")
        #expect(try trace(place).allSatisfy { $0.branches == "both" })
    }

    @Test(
        "--sampler names the solver in the PNG",
        arguments: [
            ("euler", "Euler", 8), ("heun", "Heun", 15), ("ab2", "AB2", 8), ("dpmpp2m", "DPM++ 2M", 8),
            ("unipc", "UniPC", 8),
        ])
    func sampler(name: String, title: String, evaluations: Int) throws {
        let place = try Workplace()
        #expect(try draw(place, "--sampler", name, "--trace", "t.json").status == 0)
        #expect(try trace(place).count == evaluations)
        let told = try parameters(place)
        #expect(try told.sampler == title && acceleration(place) == nil)
        let image = try Data(contentsOf: place.results.appendingPathComponent("a.png"))
        #expect(try draw(place, "--set", "schedule.sampler=\(name)").status == 0)
        #expect(try Data(contentsOf: place.results.appendingPathComponent("a.png")) == image)
    }

    @Test("A profile can be given as JSON or as what it changes, from standard input too")
    func inline() throws {
        let place = try Workplace()
        let json = "{\"headCache\": {\"interval\": 4}, \"schedule\": {\"sampler\": \"ab2\"}}"
        #expect(try draw(place, "--accelerate", json).status == 0)
        let image = try Data(contentsOf: place.results.appendingPathComponent("a.png"))
        for text in ["headCache.interval=4; schedule.sampler=ab2", "schedule.sampler=ab2;headCache.interval=4"] {
            #expect(try draw(place, "--accelerate", text).status == 0)
            #expect(try Data(contentsOf: place.results.appendingPathComponent("a.png")) == image)
        }
        let run = try place.run(
            "generate", "a blue star", "-m", Golden.shapes.path, "--steps", "9", "-o", "a.png", "--accelerate", "-",
            input: Data(json.utf8))
        #expect(run.status == 0, "\(run)")
        #expect(try Data(contentsOf: place.results.appendingPathComponent("a.png")) == image)
        try FileManager.default.removeItem(at: place.results.appendingPathComponent("a.png"))
        expectRefusal(try draw(place, "--accelerate", "headCache.interval=0"), place, "headCache.interval")
        expectRefusal(try draw(place, "--accelerate", "headCache.speed=1"), place, "headCache.speed")
        expectRefusal(try draw(place, "--accelerate", "{"), place, "JSON")
    }

    @Test("Profiles that can't be are refused with the field and its range")
    func refusals() throws {
        let place = try Workplace()
        expectRefusal(try draw(place, "--accelerate", "warp"), place, "warp", "paper")
        expectRefusal(try draw(place, "--set", "headCache.interval=0"), place, "headCache.interval", "1 and 1000")
        expectRefusal(try draw(place, "--set", "headCache.speed=2"), place, "headCache.speed")
        expectRefusal(try draw(place, "--set", "ffn.full=middle"), place, "ffn.full")
        expectRefusal(try draw(place, "--set", "headCache.interval"), place, "FIELD=VALUE", usage: true)
        expectRefusal(try draw(place, "--sampler", "magic"), place, "magic", usage: true)
        expectRefusal(try draw(place, "--trace", "no/t.json"), place, "does not exist")
        expectRefusal(try draw(place, "--trace", "a.png"), place, "both name")
    }

    @Test("ask: dropped image tokens cost fewer operations")
    func asking() throws {
        struct Report: Decodable {
            struct Timings: Decodable { let image_flops, flops: Int }
            let timings: Timings
        }
        let place = try Workplace()
        let ask = { (more: [String]) in
            let run = try CommandRun.flashu(
                ["ask", AskTests.image, "describe the image.", "-m", Golden.shapes.path, "--json"] + more,
                in: place.results)
            #expect(run.status == 0, "\(run)")
            return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)).timings
        }
        let (dense, pruned) = (try ask([]), try ask(["--set", "tokens.dropRatio=0.5"]))
        #expect(pruned.image_flops < dense.image_flops)
        let refused = try CommandRun.flashu(
            ["ask", AskTests.image, "q", "-m", Golden.shapes.path, "--set", "tokens.dropRatio=2"], in: place.results)
        expectRefusal(refused, place, "tokens.dropRatio", "0.95")
    }

    @Test("A change that changes nothing is told")
    func idle() throws {
        let place = try Workplace()
        for (change, note) in [
            (
                "velocityCache.threshold=0.2",
                "velocityCache.threshold changes nothing while velocityCache.policy is off"
            ),
            ("reading.scale=0.5", "reading.scale changes nothing in drawing"),
        ] {
            let run = try draw(place, "--set", change)
            #expect(run.status == 0 && run.errorLines == ["note: \(note)"], "\(run)")
        }
        #expect(try draw(place, "--set", "headCache.interval=3").errors == "")
        let asked = try CommandRun.flashu(
            [
                "ask", AskTests.image, "is there a star?", "-m", Golden.shapes.path, "--set", "headCache.interval=3",
                "--set", "reading.scale=0.5",
            ], in: place.results)
        #expect(asked.status == 0 && asked.errorLines == ["note: headCache.interval changes nothing in answering"])
        // In a profile given as text or as a file, too; but that may be written for both tasks.
        let text = "velocityCache.threshold=0.2; reading.scale=0.5"
        let note = "note: velocityCache.threshold changes nothing while velocityCache.policy is off"
        let file = place.results.appendingPathComponent("own.json")
        try Data(#"{"velocityCache": {"threshold": 0.2}, "reading": {"scale": 0.5}}"#.utf8).write(to: file)
        for given in [text, file.path] {
            let run = try draw(place, "--accelerate", given)
            #expect(run.status == 0 && run.errorLines.map(String.init) == [note], "\(run)")
        }
        // What --set turns on is not idle, and nothing is told twice.
        let on = try draw(place, "--accelerate", text, "--set", "velocityCache.policy=easyCache")
        #expect(on.status == 0 && on.errors == "", "\(on)")
        let twice = try draw(place, "--accelerate", text, "--set", "velocityCache.threshold=0.3")
        #expect(twice.status == 0 && twice.errorLines.map(String.init) == [note], "\(twice)")
    }
}
