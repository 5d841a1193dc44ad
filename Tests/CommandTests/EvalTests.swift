import FlashUTesting
import Foundation
import Testing

@Suite("flashu eval") struct EvalTests {
    struct Report: Decodable {
        struct Score: Decodable, Equatable {
            let share, low, high: Double
            let right, count: Int
        }
        let overall: Score
        let tasks: [String: Score]
        let seconds: Double
        let flops, samples: Int
    }

    func eval(_ place: Workplace, _ task: String, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(["eval", task, "-m", Golden.shapes.path] + more, in: place.results)
    }

    func report(_ run: CommandRun) throws -> Report {
        #expect(run.status == 0 && run.errors == "", "\(run)")
        return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test("--json has shares with intervals, by task and overall, seconds, operations, samples")
    func json() throws {
        let place = try Workplace()
        let drawn = try report(eval(place, "generation", "--limit", "3", "--steps", "5", "--json"))
        #expect(drawn.samples == 3 && Set(drawn.tasks.keys) == ["single_object", "two_object", "counting"])
        let asked = try report(eval(place, "understanding", "--limit", "5", "--json"))
        #expect(asked.samples == 5 && Set(asked.tasks.keys) == ["describe", "color", "count", "exist", "background"])
        for report in [drawn, asked] {
            #expect(report.overall.count == report.samples && report.seconds > 0 && report.flops > 0)
            #expect(report.tasks.values.map(\.right).reduce(0, +) == report.overall.right)
            #expect(report.overall.low <= report.overall.share && report.overall.share <= report.overall.high)
        }
        #expect(place.leftovers == [])
    }

    @Test("The profile in the report can be used as a profile file")
    func profile() throws {
        let place = try Workplace()
        let changes = ["--set", "tokens.dropRatio=0.5", "--set", "tokens.selection=stride"]
        let run = try CommandRun.flashu(
            ["eval", "understanding", "-m", Golden.shapes.path, "--limit", "2", "--json"] + changes, in: place.results)
        let object = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        let profile = try #require((object["settings"] as? [String: Any])?["profile"])
        let file = place.folder.appendingPathComponent("told.json")
        try JSONSerialization.data(withJSONObject: profile).write(to: file)
        let (first, again) = (
            try report(run),
            try report(eval(place, "understanding", "--limit", "2", "--json", "--accelerate", file.path))
        )
        #expect(again.flops == first.flops && again.overall == first.overall)
    }

    @Test("--output goes on where Ctrl-C stopped; other settings are refused")
    func resuming() throws {
        let place = try Workplace()
        let file = place.results.appendingPathComponent("r.jsonl")
        let arguments = ["eval", "understanding", "-m", Golden.shapes.path, "--limit", "300", "-t", "1"]
        let lines = { ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n") }
        let stopped = try CommandRun.flashu(
            arguments + ["--output", "r.jsonl"], in: place.results,
            whileRunning: { pid in
                for _ in 0..<30_000 {
                    if lines().count >= 4 { break }
                    usleep(2000)
                }
                kill(pid, SIGINT)
            })
        #expect(stopped.status == 130 && stopped.output == "", "\(stopped)")
        let kept = lines()
        #expect(kept.count >= 4 && kept.count < 301)
        #expect(kept.allSatisfy { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) != nil })

        let refused = try CommandRun.flashu(
            arguments + ["--output", "r.jsonl", "--accelerate", "paper"], in: place.results)
        #expect(refused.status == 1 && refused.errorLines.count == 1 && refused.errors.contains("acceleration off"))
        #expect(lines() == kept)

        let rest = try report(
            CommandRun.flashu(arguments + ["--output", "r.jsonl", "--json"], in: place.results))
        let whole = try report(CommandRun.flashu(arguments + ["--json"], in: place.results))
        #expect(rest.samples == 300 && rest.overall == whole.overall && rest.tasks == whole.tasks)
        #expect(rest.flops == whole.flops)
        #expect(Array(lines().prefix(kept.count)) == kept && lines().count == 301)
        #expect(place.leftovers == ["r.jsonl"])
    }

    @Test("What can't be run is said in one line")
    func refusals() throws {
        let place = try Workplace()
        expectRefusal(try eval(place, "painting"), place, "painting", usage: true)
        expectRefusal(try eval(place, "generation", "--limit", "0"), place, "--limit", usage: true)
        expectRefusal(try eval(place, "understanding", "--steps", "5"), place, "--steps", usage: true)
        for name in ["-", "/dev/stdout", "/dev/stdin"] {
            expectRefusal(try eval(place, "generation", "--output", name), place, "--output", usage: true)
            expectRefusal(try eval(place, "generation", "--against", name), place, "--against", usage: true)
        }
        expectRefusal(try eval(place, "generation", "--eval-folder", "nowhere"), place, "prompts.jsonl")
        expectRefusal(try eval(place, "generation", "--output", "no/where.jsonl"), place, "does not exist")
        let nano = try CommandRun.flashu(["eval", "generation", "-m", Golden.model("nano").path], in: place.results)
        expectRefusal(nano, place, "prompts.jsonl")
    }
}
