import FlashUTesting
import Foundation
import Images
import Tensors
import Testing

@Suite("flashu generate") struct GenerateTests {
    /// Draws a small image with the shapes model.
    func draw(_ place: Workplace, _ arguments: String...) throws -> CommandRun {
        let run = try CommandRun.flashu(
            ["generate", "-m", Golden.shapes.path, "--steps", "4", "-W", "64"] + arguments, in: place.results)
        #expect(run.status == 0, "\(run)")
        #expect(run.remarks == [], "no progress where standard error is no terminal")
        return run
    }

    func bytes(_ place: Workplace, _ name: String) throws -> Data {
        try Data(contentsOf: place.results.appendingPathComponent(name))
    }

    func image(_ place: Workplace, _ name: String) throws -> RGBImage {
        try RGBImage(contentsOf: place.results.appendingPathComponent(name))
    }

    @Test("The same bytes run after run and at any thread count", arguments: ["bf16", "f32"])
    func deterministic(precision: String) throws {
        let place = try Workplace()
        for (name, threads) in [("a", "1"), ("b", "1"), ("c", "2"), ("d", "3"), ("e", "5")] {
            _ = try draw(
                place, "a blue star", "--seed", "3", "--precision", precision, "-t", threads, "-o", "\(name).png")
        }
        let first = try bytes(place, "a.png")
        for name in ["b", "c", "d", "e"] { #expect(try bytes(place, "\(name).png") == first, "\(name)") }
        _ = try draw(place, "a blue star", "--seed", "4", "--precision", precision, "-o", "f.png")
        #expect(try image(place, "f.png") != image(place, "a.png"), "another seed, another image")
    }

    @Test("-n 3 makes NAME-1.png ... as single images of seed, seed + 1, ...")
    func severalImages() throws {
        let place = try Workplace()
        let run = try draw(place, "a blue star", "--seed", "7", "-n", "3", "-o", "x.png", "--precision", "f32")
        #expect(place.leftovers == ["x-1.png", "x-2.png", "x-3.png"])
        #expect(run.output.split(separator: "\n").count == 3 && run.output.contains("x-2.png  seed 8"))
        for i in 1...3 {
            _ = try draw(place, "a blue star", "--seed", "\(6 + i)", "-o", "single.png", "--precision", "f32")
            let (batch, single) = (try image(place, "x-\(i).png"), try image(place, "single.png"))
            let difference = zip(batch.pixels, single.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
            #expect(batch.width == 64 && batch.pixels.count == single.pixels.count && difference <= 1, "\(difference)")
        }
    }

    @Test("--json holds settings, files, seeds and timings")
    func json() throws {
        struct Report: Decodable {
            struct Image: Decodable {
                struct Timings: Decodable {
                    let prefill, denoising, decoding: Double
                    let evaluations: Int
                }
                let file: String?
                let seed: UInt64
                let width, height: Int
                let timings: Timings
            }
            let steps: Int
            let cfg_scale, time_shift: Double
            let latents: String?
            let images: [Image]
        }
        let place = try Workplace()
        let run = try draw(place, "a blue star", "-n", "2", "--json", "--save-latents", "l.safetensors")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.steps == 4 && report.cfg_scale == 3.5 && report.time_shift == 3, "the model's defaults")
        #expect(report.images.map(\.seed) == [0, 1])
        for image in report.images {
            #expect(FileManager.default.fileExists(atPath: try #require(image.file)))
            #expect(image.width == 64 && image.height == 64 && image.timings.evaluations == 3)
            #expect(image.timings.denoising > 0 && image.timings.decoding > 0 && image.timings.prefill >= 0)
        }
        let latents = try openWeights(file: URL(fileURLWithPath: try #require(report.latents))).tensor("latents")
        #expect(latents.shape == [2, 16, 8, 8])
    }

    @Test("The official run from its noise: --init-noise, --prompt-ids, --no-decode, --save-latents")
    func golden() throws {
        for name in ["t2i_dense_nano", "t2i_dense_nano_b2"] {
            let place = try Workplace()
            let golden = try Golden(name)
            let prompts = try #require(golden.manifest.prompts_token_ids)
            let steps = try #require(golden.manifest.num_inference_steps)
            var arguments = ["generate", "-m", Golden.model("nano").path, "--precision", "f32", "--cfg-scale", "5"]
            arguments += ["--steps", "\(steps)", "--no-decode", "--save-latents", "final.safetensors"]
            arguments += ["--init-noise", Golden.folder.appendingPathComponent("\(name).safetensors").path]
            for prompt in prompts {
                let ids = prompt.map { String($0) }.joined(separator: ",")
                arguments += ["--prompt-ids", ids]
            }
            let run = try CommandRun.flashu(arguments, in: place.results)
            #expect(run.status == 0 && run.output == "" && run.errors == "", "\(run)")
            #expect(place.leftovers == ["final.safetensors"])
            let latents = try openWeights(file: place.results.appendingPathComponent("final.safetensors"))
                .tensor("latents")
            let expected = try golden["final"]
            #expect(latents.shape == expected.shape && latents.shape[0] == prompts.count)
            #expect(relativeError(latents.floats(), expected.floats()) < 1e-3)
        }
    }

    @Test("--prompt-ids of a text's tokens draws what the text draws; repeated it makes a batch")
    func promptIDs() throws {
        let place = try Workplace()
        let blank = place.results.appendingPathComponent("blank.png")
        _ = try draw(place, "", "-o", "blank.png")
        #expect(FileManager.default.fileExists(atPath: blank.path), "an empty prompt is the unconditional image")
        try FileManager.default.removeItem(at: blank)
        _ = try draw(place, "--prompt-ids", "64,335,286", "--prompt-ids", "5", "-o", "x.png", "-n", "2")
        #expect(place.leftovers == ["x-1.png", "x-2.png", "x-3.png", "x-4.png"])
        let text = try #require(RGBImage.pngText(of: bytes(place, "x-3.png")).first?.value)
        let parameters = try GenerationParameters(parsing: text)
        #expect(parameters.extra.contains(.init(key: "Prompt ids", value: "5")) && parameters.seed == 2)
    }

    @Test("The embedded model is found from its neighbourhood, or through $FLASHU_MODEL")
    func defaultModel() throws {
        let place = try Workplace()
        for environment in [[:], ["FLASHU_MODEL": Golden.shapes.path]] {
            let run = try place.run(
                "generate", "a red circle", "--steps", "2", "-W", "32", "-o", "out.png", environment: environment)
            #expect(run.status == 0, "\(run)")
            #expect(run.output.hasPrefix("out.png  seed 0  1 evaluations in "))
        }
    }
}
