import FlashUTesting
import Foundation
import Testing

@Suite("flashu tune and judge") struct TuneTests {
    /// A model folder of links, with room for profiles.
    func model(_ place: Workplace) throws -> URL {
        let folder = place.folder.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in [
            "config.json", "geometry.json", "model.safetensors", "vae.safetensors", "tokenizer.json",
            "flashu.safetensors",
            "calibration",
        ] {
            try FileManager.default.createSymbolicLink(
                at: folder.appendingPathComponent(name), withDestinationURL: Golden.shapes.appendingPathComponent(name))
        }
        return folder
    }

    @Test("Killed, gone on with, written, used")
    func tune() throws {
        let place = try Workplace()
        let folder = try model(place)
        let command = [
            "tune", "-m", folder.path, "--task", "understanding", "--budget", "30", "-o", "tune.html", "--json",
            "tune.json",
        ]
        let killed = try CommandRun.flashu(command, in: place.results) { pid in
            // As soon as something was measured.
            let journal = folder.appendingPathComponent(".tune/journal.jsonl").path
            for _ in 0..<6000 {
                if (FileManager.default.contents(atPath: journal)?.count ?? 0) > 4000 { break }
                usleep(10_000)
            }
            kill(pid, SIGKILL)
        }
        #expect(killed.signal == SIGKILL)
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("profiles.json").path))
        let run = try CommandRun.flashu(command, in: place.results, timeout: 300)
        #expect(run.status == 0 && run.errors.contains("goes on") && run.output.contains("balanced"), "\(run)")
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent(".tune").path))
        let page = try String(contentsOf: place.results.appendingPathComponent("tune.html"), encoding: .utf8)
        #expect(page.contains("<h2>Answering</h2>") && page.contains("</html>") && !page.contains("<script"))
        #expect(!page.contains("http"))
        let image = Golden.shapes.appendingPathComponent("eval/images/000.png").path
        let asked = try CommandRun.flashu(
            ["ask", image, "how many squares are there?", "-m", folder.path, "--accelerate", "balanced"],
            in: place.results)
        #expect(asked.status == 0 && !asked.errors.contains("not tuned"), "\(asked)")
    }

    @Test("On videos, what does not change is left out where that loses nothing")
    func videos() throws {
        let place = try Workplace()
        let folder = try model(place)
        var lines: [String] = []
        for number in 0..<6 {
            try AskVideoTests.film("film\(number).mp4", in: place)
            // Some from the list's folder, some from anywhere.
            let name = (number % 2 == 0 ? "" : place.results.path + "/") + "film\(number).mp4"
            lines.append(#"{"video": "\#(name)", "question": "what color is it?"}"#)
        }
        func tune(_ lines: [String]) throws -> CommandRun {
            try Data(lines.joined(separator: "\n").utf8).write(to: place.results.appendingPathComponent("films.jsonl"))
            return try CommandRun.flashu(
                [
                    "tune", "-m", folder.path, "--task", "understanding", "--budget", "30", "--images", "films.jsonl",
                    "--frames", "4", "--json", "tune.json",
                ], in: place.results, timeout: 300)
        }
        let run = try tune(lines)
        #expect(run.status == 0, "\(run)")
        let told = try String(contentsOf: place.results.appendingPathComponent("tune.json"), encoding: .utf8)
        #expect(told.contains("frameCache.threshold") || told.contains("not read again"))
        // What can't be read is found before anything is measured.
        try Data("no film".utf8).write(to: place.results.appendingPathComponent("film5.mp4"))
        for wrong in [
            lines, [#"{"image": "a.png", "video": "film0.mp4", "question": "what?"}"#], [#"{"question": "what?"}"#],
        ] {
            let refused = try tune(wrong)
            #expect(refused.status != 0 && refused.errorLines.count == 1, "\(refused)")
        }
    }

    @Test("A model that was not tuned says so in one line")
    func untuned() throws {
        let place = try Workplace()
        let folder = try model(place)
        let run = try CommandRun.flashu(
            ["generate", "a red circle", "-m", folder.path, "--accelerate", "fast", "-o", "a.png"], in: place.results)
        #expect(run.status == 0 && run.errorLines.count == 1 && run.errors.contains("flashu tune"), "\(run)")
    }

    @Test("Where the model finds its prompts in none of its images, judges say so and the tuner takes care")
    func blind() throws {
        let place = try Workplace()
        let folder = try model(place)
        // Asked as a model of photographs is, this one never says yes.
        let geometry = folder.appendingPathComponent("geometry.json")
        var fields = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: geometry)) as? [String: Any])
        #expect(fields.removeValue(forKey: "alignment") != nil)
        try FileManager.default.removeItem(at: geometry)
        try JSONSerialization.data(withJSONObject: fields).write(to: geometry)
        let judged = try CommandRun.flashu(
            ["judge", "-m", folder.path, "--task", "generation", "--profile", "paper", "--samples", "2"],
            in: place.results)
        #expect(judged.status == 0 && judged.errors.contains("the alignment says nothing"), "\(judged)")
        let run = try CommandRun.flashu(
            [
                "tune", "-m", folder.path, "--task", "generation", "--budget", "40", "-o", "tune.html", "--json",
                "tune.json",
            ], in: place.results, timeout: 300)
        #expect(run.status == 0 && run.errors.contains("judged by how much they differ"), "\(run)")
        let page = try String(contentsOf: place.results.appendingPathComponent("tune.html"), encoding: .utf8)
        #expect(page.contains("Take care: asked, the model finds its prompts in none"))
        let profiles = try String(contentsOf: folder.appendingPathComponent("profiles.json"), encoding: .utf8)
        #expect(profiles.contains("patch distance and inconsistency") && !profiles.contains("alignment and"))
    }

    @Test("Profiles, and folders of images, are judged")
    func judge() throws {
        let place = try Workplace()
        let folder = place.results.path
        let profiles = try CommandRun.flashu(
            ["judge", "--profile", "paper", "--samples", "2", "--json", "judge.json"], in: place.results)
        #expect(
            profiles.status == 0 && profiles.output.contains("alignment lost") && profiles.output.contains("regret"),
            "\(profiles)")
        #expect(!profiles.errors.contains("says nothing"))
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: place.results.appendingPathComponent("judge.json")))
        let drawings = try #require((json as? [String: Any])?["drawings"] as? [String: Any])
        #expect((drawings["samples"] as? [Any])?.count == 2)

        for (name, steps) in [("a", "30"), ("b", "4")] {
            try FileManager.default.createDirectory(
                at: place.results.appendingPathComponent(name), withIntermediateDirectories: true)
            for index in 0..<2 {
                let drawn = try CommandRun.flashu(
                    ["generate", "a red circle", "--seed", "\(index)", "--steps", steps, "-o", "\(name)/\(index).png"],
                    in: place.results)
                #expect(drawn.status == 0)
            }
        }
        let same = try CommandRun.flashu(["judge", "\(folder)/a", "\(folder)/a"], in: place.results)
        #expect(same.status == 0 && same.output.contains("latent error                0.0000"), "\(same)")
        let other = try CommandRun.flashu(["judge", "a", "b"], in: place.results)
        #expect(
            other.status == 0 && !other.output.contains("latent error                0.0000") && other.errors.isEmpty,
            "\(other)")
    }

    @Test(
        "What can't be judged or tuned is said in one line",
        arguments: [
            ["judge"], ["judge", "a"], ["judge", "nosuch", "nosuch"], ["judge", "--profile", "nosuch"],
            ["judge", "--profile", "off", "--prompts", "nosuch.txt"], ["tune", "--budget", "no"],
            ["tune", "--loss", "0"],
            ["tune", "--loss", "a,b"], ["tune", "--prompts", "nosuch.txt"], ["tune", "-m", "nosuch"],
        ])
    func refusals(arguments: [String]) throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(arguments, in: place.results)
        #expect(run.status != 0 && run.signal == nil && !run.errors.isEmpty, "\(run)")
        #expect(!run.errors.contains("Fatal"))
    }
}
