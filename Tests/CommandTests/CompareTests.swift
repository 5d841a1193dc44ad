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
