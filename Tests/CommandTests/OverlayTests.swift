import FlashU
import FlashUTesting
import Foundation
import Images
import Testing

@Suite("flashu ask --overlay") struct OverlayTests {
    struct Report: Decodable {
        struct Grid: Decodable, Equatable { let columns: Int, rows: Int }
        let kept_tokens: [Int]?
        let grid: Grid
        let frame_grid: Grid?
    }

    func ask(_ place: Workplace, _ more: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["ask", AskTests.image, "how many objects are there?", "-m", Golden.shapes.path] + more, in: place.results)
    }

    @Test(
        "Patches of kept tokens are the image's, the others are not; the PNG tells the profile", arguments: [0.25, 0.5])
    func overlay(ratio: Double) throws {
        let place = try Workplace()
        let run = try ask(place, "--set", "tokens.dropRatio=\(ratio)", "--overlay", "o.png", "--json")
        #expect(run.status == 0 && run.errors == "", "\(run)")
        #expect(place.leftovers == ["o.png"])
        let kept = try #require(try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)).kept_tokens)
        #expect(kept.count == 64 - Int(64 * ratio) && kept == kept.sorted())

        let file = try Data(contentsOf: place.results.appendingPathComponent("o.png"))
        let (overlay, image) = (
            try RGBImage(data: file), try RGBImage(contentsOf: URL(fileURLWithPath: AskTests.image))
        )
        // 128 pixels are enlarged four times; 8 x 8 tokens of 64 pixels.
        #expect(image.width == 128 && overlay.width == 512 && overlay.height == 512)
        let clear = (0..<64).filter { token in
            (0..<64 * 64).allSatisfy { i in
                let (x, y) = (token % 8 * 64 + i % 64, token / 8 * 64 + i / 64)
                let (a, b) = ((y * 512 + x) * 3, (y / 4 * 128 + x / 4) * 3)
                return overlay.pixels[a..<a + 3].elementsEqual(image.pixels[b..<b + 3])
            }
        }
        #expect(clear == kept)

        let texts = Dictionary(uniqueKeysWithValues: try RGBImage.pngText(of: file).map { ($0.key, $0.value) })
        #expect(texts["Acceleration"] == "tokens.dropRatio=\(ratio)")
        #expect(texts["Tokens kept"] == "\(kept.count) of 64")
        let profile = try JSONDecoder().decode(
            AccelerationProfile.self, from: Data(try #require(texts["Profile"]).utf8))
        #expect(profile.tokens.dropRatio == ratio)
    }

    @Test("The grid is told in which kept tokens count: of a smaller image a smaller one")
    func grids() throws {
        let place = try Workplace()
        func report(_ more: String...) throws -> Report {
            let run = try CommandRun.flashu(
                [
                    "ask", AskTests.image, "how many objects are there?", "-m", Golden.shapes.path, "--json", "--set",
                    "tokens.dropRatio=0.5",
                ] + more, in: place.results)
            return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        }
        #expect(try report().grid == .init(columns: 8, rows: 8))
        let small = try report("--set", "reading.scale=0.5")
        #expect(small.grid == .init(columns: 4, rows: 4) && small.kept_tokens?.count == 8)
        #expect(small.kept_tokens?.allSatisfy { $0 < 16 } == true && small.frame_grid == nil)
    }

    @Test("The answer is the same with and without, for several questions too")
    func answers() throws {
        let place = try Workplace()
        let more = ["is there a star?", "--set", "tokens.dropRatio=0.5"]
        let arguments = ["ask", AskTests.image, "how many objects are there?", "-m", Golden.shapes.path] + more
        let with = try CommandRun.flashu(arguments + ["--overlay", "o.png"], in: place.results)
        #expect(with.status == 0 && place.leftovers == ["o.png"])
        #expect(try CommandRun.flashu(arguments, in: place.results).output == with.output)
        // Without pruning no tokens are named.
        let dense = try ask(place, "--json")
        #expect(!dense.output.contains("kept_tokens"))
    }

    @Test("What can't be shown is refused before anything runs")
    func refusals() throws {
        let place = try Workplace()
        expectRefusal(try ask(place, "--overlay", "o.png"), place, "tokens.dropRatio")
        expectRefusal(try ask(place, "--overlay", "no/such/o.png", "--accelerate", "paper"), place, "does not exist")
        let latents = Golden.folder.appendingPathComponent("mmu_image_nano.safetensors").path
        expectRefusal(
            try place.run(
                "ask", "what?", "-m", Golden.shapes.path, "--image-latents", latents, "--overlay", "o.png"), place,
            "--overlay", usage: true)
    }
}
