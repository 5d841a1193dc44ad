import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

@Suite("flashu generate --frames: videos") struct GenerateFilmTests {
    private static let size = ["-m", Golden.shapes.path, "-W", "64", "-H", "48", "--steps", "4"]

    private func run(_ place: Workplace, _ words: String...) throws -> CommandRun {
        try CommandRun.flashu(["generate"] + Self.size + words, in: place.results)
    }

    @Test("Every format; the film says that it is experimental", arguments: ["a.mp4", "a.webm", "a.gif"])
    func formats(name: String) throws {
        let place = try Workplace()
        let film = try run(place, "a red circle", "--frames", "5", "-o", name)
        #expect(film.status == 0 && film.errors.contains("experimental"), "\(film)")
        #expect(place.leftovers == [name])
        // It can be asked about.
        let asked = try place.run(
            "ask", "-m", Golden.shapes.path, name, "what color is it?", "--frames", "5", "--max-tokens", "3", "--json")
        #expect(asked.status == 0 && asked.output.filter { !$0.isWhitespace }.contains("[0,1,2,3,4]"), "\(asked)")
    }

    @Test("Single pictures, the first of which is the given one's; several films; latents and their way back")
    func frames() throws {
        let place = try Workplace()
        #expect(try run(place, "a red circle", "-o", "first.png").status == 0)
        let film = try run(
            place, "a red circle", "--frames", "5", "--first-frame", "first.png", "-o", "f.png", "--save-latents",
            "l.safetensors", "--seed", "4")
        #expect(film.status == 0, "\(film)")
        #expect(place.leftovers == (1...5).map { "f-\($0).png" } + ["first.png", "l.safetensors"])
        let url = place.results.appendingPathComponent("l.safetensors")
        #expect(try openWeights(file: url).tensor("latents").shape == [2, 16, 6, 8])

        let two = try run(
            place, "a red circle", "--frames", "5", "-n", "2", "--no-decode", "--save-latents", "two.safetensors",
            "--seed",
            "4", "--json")
        #expect(two.status == 0 && two.output.contains("\"videos\""), "\(two)")
        let both = try openWeights(file: place.results.appendingPathComponent("two.safetensors")).tensor("latents")
        #expect(both.shape == [2, 2, 16, 6, 8])

        // From noise of one's own.
        var random = SeededRandom(seed: 9)
        try SafetensorsWriter.write(
            [("noise", random.tensor([2, 16, 6, 8]))], to: place.results.appendingPathComponent("n.safetensors"))
        let own = try run(
            place, "a red circle", "--frames", "5", "--init-noise", "n.safetensors", "--no-decode", "--save-latents",
            "own.safetensors")
        #expect(own.status == 0, "\(own)")
    }

    @Test("What does not go together, in one line")
    func refused() throws {
        let place = try Workplace()
        for (words, message) in [
            (["a", "--frames", "6"], "5 or 9 would do"), (["a", "-o", "x.mp4"], "--frames"),
            (["a", "--fps", "8"], "--frames"), (["a", "--first-frame", "x.png"], "--frames"),
            (["a", "--frames", "5", "--fps", "0"], "--fps"),
            (["a", "--frames", "1", "--first-frame", "x.png"], "--frames 5"),
            (["--like", "x.png", "--frames", "5"], "--like"), (["--prompts", "x.txt", "--frames", "5"], "--prompts"),
            (["--pieces", "x.json", "-o", "x.mp4"], "--pieces"),
            (["--pieces", "x.json", "--video-mask", "full"], "--video-mask"),
            (["a", "--frames", "5", "-o", "x.tiff"], ".tiff"),
            (["a", "--frames", "5", "-o", "x.mp4", "--quality", "5"], "--quality"),
            (["a", "--frames", "5", "--first-frame", "none.png"], "none.png"),
        ] {
            let run = try CommandRun.flashu(["generate"] + Self.size + words, in: place.results)
            #expect(run.status != 0 && run.errors.contains(message), "\(words): \(run)")
            #expect(place.leftovers == [])
        }
        let long = try place.run("generate", "-m", Golden.shapes.path, "a", "--frames", "4093")
        #expect(long.status == 1 && long.errors.contains("would fit, which are"), "\(long)")
        // Noise of an image is none of a video.
        var random = SeededRandom(seed: 9)
        try SafetensorsWriter.write(
            [("noise", random.tensor([1, 16, 6, 8]))], to: place.results.appendingPathComponent("n.safetensors"))
        let noise = try run(place, "a", "--frames", "5", "--init-noise", "n.safetensors", "-o", "x.gif")
        #expect(noise.status == 1 && noise.errors.contains("[1, 2, 16, 6, 8]"), "\(noise)")
    }

    @Test("Without ffmpeg films are refused before weights are loaded; pictures need none")
    func withoutProgram() throws {
        let place = try Workplace()
        let film = try CommandRun.flashu(
            ["generate"] + Self.size + ["a", "--frames", "5", "-o", "x.mp4"], in: place.results,
            environment: ["PATH": "/nonexistent"])
        #expect(film.status == 1 && film.errors.contains("ffmpeg is needed"), "\(film)")
        let pictures = try CommandRun.flashu(
            ["generate"] + Self.size + ["a", "--frames", "5", "-o", "x.png"], in: place.results,
            environment: ["PATH": "/nonexistent"])
        #expect(pictures.status == 0, "\(pictures)")
    }
}
