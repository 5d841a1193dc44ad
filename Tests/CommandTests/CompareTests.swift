import FlashUTesting
import Foundation
import Images
import Testing

@Suite("flashu compare") struct CompareTests {
    @Test("A prompt: one row a profile, the exact engine first, images side by side")
    func prompt() throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(
            [
                "compare", "a photo of a red circle", "-m", Golden.shapes.path, "--steps", "11", "--profile", "paper",
                "--profile", "off", "-o", "c.png",
            ], in: place.results)
        #expect(run.status == 0, "\(run.errors)")
        let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map(\.first) == ["profile", "off", "paper", "off", "left"])
        // Name, seconds, speed-up, evaluations, backbone passes, GFLOP, latent error.
        #expect(rows[1][3] == "10" && rows[1][6] == "0.0000")
        #expect(rows[2][3] == "7" && rows[2][6] != "0.0000")
        #expect(try #require(Double(rows[2][5])) < #require(Double(rows[1][5])))
        #expect(Array(rows[3][3...]) == Array(rows[1][3...]), "the exact engine against itself")
        let sheet = try RGBImage(contentsOf: place.results.appendingPathComponent("c.png"))
        #expect(sheet.width > 3 * 128 && sheet.height >= 128)
    }

    @Test("An image and a question: the answers, and the tokens that stayed")
    func question() throws {
        let place = try Workplace()
        let image = Golden.shapes.appendingPathComponent("eval/images/007.png").path
        let run = try CommandRun.flashu(
            ["compare", image, "what color is the star?", "-m", Golden.shapes.path], in: place.results)
        #expect(run.status == 0, "\(run.errors)")
        let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map(\.first) == ["profile", "off", "paper"])
        #expect(rows[1][4] == "64" && rows[2][4] == "32")
        #expect(rows[1].last == "black")
    }

    @Test("--json holds the table, for prompts and for questions")
    func json() throws {
        struct Report: Decodable {
            struct Row: Decodable {
                let profile, changes: String
                let seconds: Double
                let flops: Int
                let answer: String?
                let latent_error: Double?
            }
            let rows: [Row]
            let file: String?
        }
        let place = try Workplace()
        let image = Golden.shapes.appendingPathComponent("eval/images/007.png").path
        for words in [["a photo of a red circle", "--steps", "5"], [image, "what color is the star?"]] {
            let run = try CommandRun.flashu(
                ["compare"] + words + ["-m", Golden.shapes.path, "--json", "--profile", "tokens.dropRatio=0.5"],
                in: place.results)
            #expect(run.status == 0 && run.errors == "", "\(run)")
            let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
            #expect(report.rows.map(\.profile) == ["off", "tokens.dropRatio=0.5"])
            #expect(report.rows.map(\.changes) == ["", "tokens.dropRatio=0.5"])
            #expect(report.rows.allSatisfy { $0.seconds > 0 && $0.flops > 0 })
            #expect(report.rows.allSatisfy { ($0.answer == nil) == (words.count == 3) })
            #expect(report.rows.allSatisfy { ($0.latent_error == nil) == (words.count == 2) })
            #expect((report.file == nil) == (words.count == 2))
        }
    }

    @Test("An image alone is no prompt: it asks for a question")
    func imageAlone() throws {
        let place = try Workplace()
        let image = Golden.shapes.appendingPathComponent("eval/images/007.png").path
        for words in [["n.png"], [image], ["a.png", "b.jpg"]] {
            expectRefusal(
                try CommandRun.flashu(["compare"] + words, in: place.results), place, "ask something of it",
                usage: true)
        }
    }

    @Test("What can't be compared ends in one line")
    func refusals() throws {
        let place = try Workplace()
        for arguments in [
            ["compare", "a circle", "--profile", "nosuch"], ["compare", "a circle", "-o", "no/such/folder/c.png"],
            ["compare", "nosuch.png", "what?"],
        ] {
            let run = try CommandRun.flashu(arguments + ["-m", Golden.shapes.path], in: place.results)
            #expect(run.status == 1 && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.results.path).isEmpty)
    }
}
