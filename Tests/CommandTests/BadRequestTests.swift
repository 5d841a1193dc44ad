import FlashUTesting
import Foundation
import Tensors
import Testing

/// What users type and hand over that can't be done.
@Suite("Bad requests end in one line")
struct BadRequestTests {
    /// Draws with the shapes model; `arguments` decide what goes wrong.
    func draw(_ place: Workplace, _ arguments: String...) throws -> CommandRun {
        try CommandRun.flashu(
            ["generate", "-m", Golden.shapes.path, "--steps", "2"] + arguments, in: place.results)
    }

    @Test("Options outside their range are usage errors, told before the model is loaded")
    func usage() throws {
        let place = try Workplace()
        for (arguments, word) in [
            (["red", "--steps", "1"], "--steps"), (["red", "--steps", "-5"], "--steps"),
            (["red", "--steps", "99999999999999999999"], "--steps"), (["red", "--steps", "100000"], "--steps"),
            (["red", "-n", "0"], "-n"), (["red", "-n", "-3"], "-n"), (["red", "-n", "9223372036854775807"], "-n"),
            (["red", "--seed", "-2"], "--seed"), (["red", "--seed", "1.5"], "--seed"),
            (["red", "--seed", "18446744073709551616"], "--seed"), (["red", "--seed", ""], "--seed"),
            (["red", "--quality", "0"], "--quality"), (["red", "--prompts", "p.txt"], "--prompts"),
            (["--prompt-ids", "1", "--prompts", "p.txt"], "--prompts"),
            (["--like", "a.png", "--prompts", "p.txt"], "--prompts"), (["red", "-W", "0"], "--width"),
            (["red", "--height=-16"], "--height"),
            (["red", "-W", "9223372036854775807"], "--width"), (["red", "--cfg-scale", "nan"], "--cfg-scale"),
            (["red", "--cfg-scale", "inf"], "--cfg-scale"), (["red", "--cfg-scale=-2"], "--cfg-scale"),
            (["red", "--time-shift", "0"], "--time-shift"), (["red", "--time-shift", "nan"], "--time-shift"),
            (["red", "--precision", "int3"], "--precision"), (["red", "-t", "0"], "--threads"),
            (["red", "-t", "100000"], "--threads"), (["red", "--no-decode"], "--no-decode"),
            (["red", "--prompt-ids", "1"], "PROMPT"), (["--prompt-ids", "1,x"], "prompt-ids"),
            (["--prompt-ids", "1,-2"], "prompt-ids"), (["--prompt-ids", "99999999999999999999"], "prompt-ids"),
            ([], "say what to draw"), (["red", "--unknown"], "--unknown"), (["red", "blue"], "blue"),
        ] {
            let run = try CommandRun.flashu(["generate"] + arguments, in: place.results)
            expectRefusal(run, place, word, usage: true)
        }
        for (arguments, word) in [
            ([], "image"), (["a.png"], "ask something"), (["a.png", "q", "--max-tokens", "0"], "--max-tokens"),
            (["a.png", "q", "--max-tokens", "1000000"], "--max-tokens"), (["a.png", "q", "--top-k", "0"], "--top-k"),
            (["a.png", "q", "--top-p", "1.5"], "--top-p"), (["a.png", "q", "--temperature=-1"], "--temperature"),
            (["a.png", "q", "--temperature", "nan"], "--temperature"),
            (["a.png", "q", "--question-ids", "1"], "QUESTION"),
            (["--image-latents", "x", "q", "--sample-posterior"], "--sample-posterior"),
            (["a.png", "b.png"], "ask something"), (["a.png", "b.jpg", "c.WEBP"], "ask something"),
            (["a.png", "q", "b.png"], "b.png"), (["a.png", "q", "--max-megapixels", "0"], "--max-megapixels"),
            (["a.png", "q", "--alpha", "keep"], "--alpha"), (["a.png", "q", "--fit", "squeeze"], "--fit"),
            (["a.png", "-q", "q", "--question-ids", "1"], "QUESTION"),
            (["a.png", "--image-latents", "x", "-q", "q"], "a.png"),
            (["a.png", "b.png", "q", "--overlay", "o.png"], "--overlay"),
        ] {
            let run = try CommandRun.flashu(["ask"] + arguments, in: place.results)
            expectRefusal(run, place, word, usage: true)
        }
        expectRefusal(try place.run("draw", "a circle"), place, "draw", usage: true)
        expectRefusal(try place.run("--unknown"), place, "--unknown", usage: true)
    }

    @Test("Sizes that the model can't draw")
    func sizes() throws {
        let place = try Workplace()
        for size in [["-W", "100", "-H", "100"], ["-W", "16384", "-H", "16384"], ["-W", "8"], ["-H", "130"]] {
            let run = try CommandRun.flashu(
                ["generate", "red", "-m", Golden.shapes.path, "--steps", "2"] + size, in: place.results)
            expectRefusal(run, place, size[1])
        }
    }

    @Test("A prompt longer than the model's text room")
    func longPrompt() throws {
        let place = try Workplace()
        expectRefusal(
            try draw(place, String(repeating: "a red circle ", count: 40)), place, "room for 27")
        expectRefusal(
            try draw(place, String(repeating: "red circle ", count: 8000)), place, "room for 27")
        let ids = Array(repeating: "7", count: 28).joined(separator: ",")
        expectRefusal(try draw(place, "--prompt-ids", ids), place, "28 tokens")
    }

    @Test("Token ids outside the vocabulary")
    func tokenIDs() throws {
        let place = try Workplace()
        expectRefusal(try place.drawLatents(Golden.model("nano"), "--prompt-ids", "512"), place, "512", "vocabulary")
        expectRefusal(
            try place.drawLatents(Golden.model("nano"), "--prompt-ids", "9223372036854775807"), place, "vocabulary")
        let image = Golden.shapes.appendingPathComponent("eval/images/000.png").path
        for option in ["--question-ids", "--prefix-ids"] {
            let question = option == "--prefix-ids" ? ["what is it?"] : []
            let run = try CommandRun.flashu(
                ["ask", "-m", Golden.shapes.path, image] + question + [option, "1,1024"], in: place.results)
            expectRefusal(run, place, "1024", "vocabulary")
        }
    }

    @Test("Outputs that can't be written are refused before the work")
    func outputs() throws {
        let place = try Workplace()
        expectRefusal(try draw(place, "red", "-o", "absent/out.png"), place, "does not exist")
        expectRefusal(try draw(place, "red", "-o", "/proc/out.png"), place, "/proc/out.png")
        expectRefusal(try draw(place, "red", "-o", place.folder.path), place, "folder")
        expectRefusal(try draw(place, "red", "-o", "\(try CommandRun.binary().path)/out.png"), place, "not a folder")
        expectRefusal(
            try place.drawLatents(Golden.model("nano"), "--save-latents", "absent/l.safetensors"), place, "absent")
        expectRefusal(try draw(place, "red", "-o", "same", "--save-latents", "same"), place, "both name")
        expectRefusal(
            try draw(place, "red", "-o", String(repeating: "x", count: 300) + ".png"), place, "cannot write")
        // Root may write anywhere, so this needs another user.
        if getuid() != 0 {
            let locked = place.folder.appendingPathComponent("locked")
            try FileManager.default.createDirectory(
                at: locked, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
            expectRefusal(try draw(place, "red", "-o", "\(locked.path)/out.png"), place, "permission")
        }
    }

    @Test(
        "A full disk is told, and nothing half-written stays",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullDisk() throws {
        let place = try Workplace()
        expectRefusal(try draw(place, "red", "-W", "32", "-o", "/dev/full"), place, "/dev/full", "no space")
    }

    @Test("Noise of another shape, not numbers, or not there")
    func noise() throws {
        let place = try Workplace()
        func file(_ name: String, _ shape: [Int], _ value: Float = 0) throws -> String {
            let url = place.folder.appendingPathComponent("noise.safetensors")
            let tensor = Tensor(Array(repeating: value, count: shape.reduce(1, *)), shape: shape)
            try SafetensorsWriter.write([(name, tensor)], to: url)
            return url.path
        }
        let nano = Golden.model("nano")
        for shape in [[1, 16, 6, 6], [2, 16, 12, 12], [16, 12, 12], [1, 4, 12, 12], [1], [1, 16, 12, 0]] {
            expectRefusal(
                try place.drawLatents(nano, "--init-noise", file("noise", shape)), place, "[1, 16, 12, 12]")
        }
        for value in [Float.nan, .infinity] {
            expectRefusal(
                try place.drawLatents(nano, "--init-noise", file("noise", [1, 16, 12, 12], value)), place, "finite")
        }
        expectRefusal(
            try place.drawLatents(nano, "--init-noise", file("latents", [1, 16, 12, 12])), place, "no tensor 'noise'")
        expectRefusal(try place.drawLatents(nano, "--init-noise", "absent.safetensors"), place, "no such file")
    }

    @Test("Image latents of another shape, or not numbers")
    func imageLatents() throws {
        let place = try Workplace()
        for (shape, value, word) in [
            ([1, 16, 12, 13], 0, "[1, 16, h, w]"), ([1, 16, 14, 14], 0, "36 tokens"),
            ([16, 12, 12], 0, "[1, 16, h, w]"),
            ([1, 16, 0, 12], 0, "[1, 16, h, w]"), ([1, 16, 12, 12], Float.nan, "finite"),
        ] {
            let url = place.folder.appendingPathComponent("latents.safetensors")
            let tensor = Tensor(Array(repeating: value, count: shape.reduce(1, *)), shape: shape)
            try SafetensorsWriter.write([("image_latents", tensor)], to: url)
            let run = try place.run(
                "ask", "-m", Golden.model("nano").path, "--image-latents", url.path, "--prefix-ids", "1,2",
                "--question-ids", "3,4")
            expectRefusal(run, place, word)
        }
    }

    @Test("Images that are none, or too large")
    func images() throws {
        let place = try Workplace()
        func ask(_ name: String, _ contents: Data?) throws -> CommandRun {
            let url = place.folder.appendingPathComponent(name)
            try contents?.write(to: url)
            return try place.run("ask", "-m", Golden.shapes.path, url.path, "what is it?")
        }
        expectRefusal(try ask("absent.png", nil), place, "absent.png", "no such file")
        expectRefusal(
            try ask("text.jpg", Data("Dear reader, this is no image.\n".utf8)), place, "text.jpg", "not a PNG")
        expectRefusal(try ask("empty.png", Data()), place, "empty.png")
        expectRefusal(try ask("huge.png", hugePNG(60_000, 60_000)), place, "huge.png", "60000 x 60000")
        expectRefusal(try ask("large.png", hugePNG(0x7fff_ffff, 0x7fff_ffff)), place, "large.png")
        let whole = try Data(contentsOf: Golden.shapes.appendingPathComponent("eval/images/000.png"))
        expectRefusal(try ask("cut.png", whole.prefix(whole.count / 2)), place, "cut.png", "damaged")
        let images = Golden.folder.deletingLastPathComponent().appendingPathComponent("images")
        let bomb = "bomb-pixels.png"
        expectRefusal(try ask(bomb, Data(contentsOf: images.appendingPathComponent(bomb))), place, bomb)
        // Its texts would fill the memory; its pixels are sound, and texts are not read.
        let texts = try ask("texts.png", Data(contentsOf: images.appendingPathComponent("bomb-chunks.png")))
        #expect(texts.status == 0 && texts.errors == "", "\(texts)")
        expectRefusal(try place.run("ask", "-m", Golden.shapes.path, place.folder.path, "what?"), place, "folder")
    }

    @Test("A question longer than the language model reads")
    func longQuestion() throws {
        let place = try Workplace()
        let image = Golden.shapes.appendingPathComponent("eval/images/000.png").path
        let run = try place.run(
            "ask", "-m", Golden.shapes.path, image, String(repeating: "red circle ", count: 9000), "--max-tokens",
            "30000")
        expectRefusal(run, place, "longer than the 32768")
    }

    @Test("No model anywhere")
    func noModel() throws {
        let place = try Workplace()
        expectRefusal(
            try place.run("generate", "red", environment: ["FLASHU_MODEL": "/absent/model"]), place, "/absent/model")
        expectRefusal(try place.run("inspect", "/absent/model"), place, "/absent/model")
        expectRefusal(try place.run("inspect", place.folder.path), place, "no weights found")
    }

    /// A PNG whose header claims a size; its pixels are missing.
    private func hugePNG(_ width: UInt32, _ height: UInt32) -> Data {
        func big(_ value: UInt32) -> Data { withUnsafeBytes(of: value.bigEndian) { Data($0) } }
        func chunk(_ type: String, _ data: Data) -> Data {
            let body = Data(type.utf8) + data
            var crc: UInt32 = ~0
            for byte in body {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
            }
            return big(UInt32(data.count)) + body + big(~crc)
        }
        return Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
            + chunk("IHDR", big(width) + big(height) + Data([8, 2, 0, 0, 0]))
            + chunk("IDAT", Data([0x78, 0x9c, 3, 0, 0, 0, 0, 1]))
            + chunk("IEND", Data())
    }
}
