import FlashUTesting
import Foundation
import Tensors
import Testing

/// Weight files that are missing, damaged or made to do harm.
@Suite("Bad weight files end in one line")
struct BadWeightsTests {
    static let tensorFixtures = Golden.folder.deletingLastPathComponent().appendingPathComponent("tensors")

    @Test("The undamaged model draws: what follows fails for its damage alone")
    func sound() throws {
        let place = try Workplace()
        for absent in ["pytorch_model.bin", "model.safetensors"] {
            let run = try place.drawLatents(place.model(without: [absent]))
            #expect(run.status == 0, "\(run.errors)")
            #expect(place.leftovers == ["latents.safetensors"])
        }
    }

    @Test("Missing")
    func missing() throws {
        let place = try Workplace()
        expectRefusal(
            try place.drawLatents(place.model(without: ["model.safetensors", "pytorch_model.bin"])), place,
            "no weights found", "model.safetensors")
        expectRefusal(try place.drawLatents(place.folder.appendingPathComponent("absent")), place, "no such file")
        expectRefusal(
            try place.drawLatents(Golden.model("nano").appendingPathComponent("config.json")), place, "expected")
    }

    @Test("Empty and truncated", arguments: ["model.safetensors", "pytorch_model.bin"])
    func truncated(name: String) throws {
        let place = try Workplace()
        let other: Set = [name == "model.safetensors" ? "pytorch_model.bin" : "model.safetensors"]
        for share in [0, 0.00001, 0.0005, 0.01, 0.5, 0.99999] {
            let model = try place.model(without: other, replacing: name) { $0.prefix(Int(Double($0.count) * share)) }
            expectRefusal(try place.drawLatents(model), place, name)
        }
    }

    @Test("Flipped bits never crash: they are refused, or stay without effect", arguments: 0..<24)
    func flipped(seed: UInt64) throws {
        let place = try Workplace()
        var random = SeededRandom(seed: seed)
        let name = seed % 2 == 0 ? "model.safetensors" : "pytorch_model.bin"
        let other: Set = [name == "model.safetensors" ? "pytorch_model.bin" : "model.safetensors"]
        let model = try place.model(without: other, replacing: name) { data in
            var data = data
            // Where structure is: the header of safetensors, the directory at the end of an archive, or anywhere.
            let area =
                switch seed % 3 {
                case 0: 0..<data.count
                case 1: 0..<2000
                default: data.count - 9000..<data.count
                }
            for _ in 0..<3 {
                data[data.startIndex + Int.random(in: area, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
            return data
        }
        let run = try place.drawLatents(model)
        if run.status == 0 {
            #expect(place.leftovers == ["latents.safetensors"])
        } else {
            expectRefusal(run, place)
        }
    }

    @Test("A flipped bit in an archive's tensors is caught by its checksum")
    func checksum() throws {
        let place = try Workplace()
        let archive = try openWeights(file: Golden.model("nano").appendingPathComponent("pytorch_model.bin"))
        let weights = try archive.tensor("showo.model.layers.1.mlp.up_proj.weight").floats()[0]
        let model = try place.model(without: ["model.safetensors"], replacing: "pytorch_model.bin") { data in
            var data = data
            let pattern = withUnsafeBytes(of: weights.bitPattern.littleEndian) { Data($0) }
            let found = try #require(data.range(of: pattern))
            data[found.lowerBound] ^= 1
            return data
        }
        expectRefusal(try place.drawLatents(model), place, "checksum")
    }

    @Test("Exponents flipped to infinity and not-a-number do not become an image")
    func notFinite() throws {
        let place = try Workplace()
        for value in [Float.nan, .infinity] {
            let model = try place.model(without: ["pytorch_model.bin"], replacing: "model.safetensors") { data in
                var data = data
                let (offset, count) = try #require(try dataRange(of: "diffusion_head_b.linear.weight", in: data))
                let pattern = withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) }
                for at in stride(from: offset, to: offset + count, by: 4) {
                    data.replaceSubrange(at..<at + 4, with: pattern)
                }
                return data
            }
            expectRefusal(try place.drawLatents(model), place, "finite")
        }
    }

    @Test("Safetensors headers that lie")
    func lyingHeaders() throws {
        let place = try Workplace()
        let entry = { (name: String, shape: String, offsets: String) in
            "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
        }
        let huge = "9223372036854775807"
        for (header, word) in [
            (entry("a", "[2]", "[0,8]") + "," + entry("b", "[2]", "[4,12]"), "overlaps"),
            (entry("a", "[2]", "[0,8]") + "," + entry("a", "[2]", "[8,16]"), "a"),
            (entry("a", "[4]", "[\(huge),\(huge)]"), "outside"),
            (entry("a", "[4]", "[0,\(huge)]"), "outside"),
            (entry("a", "[4611686018427387904,4611686018427387904]", "[0,16]"), "too large"),
            (entry("a", "[\(huge),0]", "[0,16]"), "too large"),
            (entry("a", "[-4]", "[0,16]"), "impossible"),
            (entry("a", "[4]", "[16,0]"), "outside"),
            (entry("a", "[4]", "[-16,0]"), "outside"),
            (entry("a", "[4]", "[8,24]"), "outside"),
            (entry("a", "[4]", "[0,18446744073709551616]"), "offsets"),
            (entry("a", "[1e3]", "[0,16]"), "shape"),
            (String(repeating: "[", count: 5000), "not as it must be"),
        ] {
            let model = try place.model(without: ["pytorch_model.bin"], replacing: "model.safetensors") { _ in
                safetensors("{\(header)}", data: 16)
            }
            expectRefusal(try place.drawLatents(model), place, word)
        }
        let endless = try place.model(without: ["pytorch_model.bin"], replacing: "model.safetensors") { _ in
            Data(repeating: 0xff, count: 8) + Data("{}".utf8)
        }
        expectRefusal(try place.drawLatents(endless), place, "model.safetensors")
    }

    @Test("A pickle that calls os.system is refused and not run", arguments: ["bad_system_p2", "bad_system_p4"])
    func pickle(name: String) throws {
        let place = try Workplace()
        let model = try place.model(without: ["model.safetensors"], replacing: "pytorch_model.bin") { _ in
            try Data(contentsOf: Self.tensorFixtures.appendingPathComponent("\(name).pth"))
        }
        expectRefusal(try place.drawLatents(model), place, "refused", "posix.system")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/flashu-was-here"))
    }

    @Test("A zip bomb is refused before anything is inflated")
    func zipBomb() throws {
        let place = try Workplace()
        let model = try place.model(without: ["model.safetensors"], replacing: "pytorch_model.bin") { _ in
            var data = try Data(contentsOf: Self.tensorFixtures.appendingPathComponent("bad_compressed.pth"))
            // Every entry of the directory claims 4 GB of content.
            var from = data.startIndex
            while let entry = data.range(of: Data([0x50, 0x4b, 1, 2]), in: from..<data.endIndex) {
                data.replaceSubrange(
                    entry.lowerBound + 24..<entry.lowerBound + 28, with: Data([0xf0, 0xff, 0xff, 0xff]))
                from = entry.upperBound
            }
            return data
        }
        expectRefusal(try place.drawLatents(model), place, "compressed")
    }

    @Test("What else is found in the place of weights")
    func otherFiles() throws {
        let place = try Workplace()
        for (contents, word) in [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
            ("<!DOCTYPE html><html></html>", "web page"), ("GGUF\u{3}aaaaaaaaaaaaaaaaaaa", "GGUF"),
            ("hello, these are no weights at all", "model.safetensors"),
        ] {
            let model = try place.model(without: ["pytorch_model.bin"], replacing: "model.safetensors") { _ in
                Data(contents.utf8)
            }
            expectRefusal(try place.drawLatents(model), place, word)
        }
    }

    @Test("A VAE that is missing, damaged or another model's")
    func vae() throws {
        let place = try Workplace()
        let draw = { (model: URL) in
            try place.run("generate", "a red circle", "-m", model.path, "--steps", "2", "-W", "32")
        }
        expectRefusal(try draw(place.model(Golden.shapes, without: ["vae.safetensors"])), place, "no VAE")
        for share in [0, 0.001, 0.5] {
            let model = try place.model(Golden.shapes, replacing: "vae.safetensors") {
                $0.prefix(Int(Double($0.count) * share))
            }
            expectRefusal(try draw(model), place, "vae.safetensors")
        }
        let other = try place.model(Golden.shapes, replacing: "vae.safetensors") { _ in
            try Data(contentsOf: Golden.shapes.appendingPathComponent("model.safetensors"))
        }
        expectRefusal(try draw(other), place, "VAE")
    }

    @Test("A kernel without a frame, and other VAEs of impossible shapes")
    func impossibleVAE() throws {
        let place = try Workplace()
        let vae = try SafetensorsFile(url: Golden.shapes.appendingPathComponent("vae.safetensors"))
        for (name, axis, extent) in [
            ("decoder.conv1.weight", 2, 0), ("encoder.conv1.weight", 2, 0), ("decoder.head.2.weight", 0, 0),
            ("decoder.middle.1.to_qkv.weight", 0, 7), ("decoder.upsamples.0.residual.2.weight", 4, 2),
        ] {
            let model = try place.model(Golden.shapes, without: ["vae.safetensors"])
            var shape = try #require(vae.info(name)).shape
            shape[axis] = extent
            let edited = EditedWeights(vae, [name: .zeros(shape, .float32)])
            try SafetensorsWriter.write(
                edited.names.map { ($0, try edited.tensor($0)) }, to: model.appendingPathComponent("vae.safetensors"))
            let run = try place.run("generate", "red", "-m", model.path, "--steps", "2", "-W", "32")
            expectRefusal(run, place, name, "shape")
        }
    }

    @Test("A VAE whose parts do not fit together")
    func inconsistentVAE() throws {
        let place = try Workplace()
        let vae = try SafetensorsFile(url: Golden.shapes.appendingPathComponent("vae.safetensors"))
        let stage = { (name: String, number: Int) in name.hasPrefix("decoder.upsamples.\(number).") }
        for (missing, word) in [
            ({ stage($0, 11) }, "decoder"), ({ stage($0, 7) || stage($0, 8) }, "decoder"),
            ({ stage($0, 3) }, "decoder"),
            ({ $0 == "decoder.conv1.bias" }, "decoder.conv1.bias"),
            ({ $0.hasPrefix("decoder.middle") }, "decoder.middle"),
        ] as [((String) -> Bool, String)] {
            let model = try place.model(Golden.shapes, without: ["vae.safetensors"])
            try SafetensorsWriter.write(
                vae.names.filter { !missing($0) }.map { ($0, try vae.tensor($0)) },
                to: model.appendingPathComponent("vae.safetensors"))
            let run = try place.run("generate", "red", "-m", model.path, "--steps", "2", "-W", "32")
            expectRefusal(run, place, word)
        }
    }

    @Test("A tokenizer that is missing, damaged or of a larger model")
    func tokenizer() throws {
        let place = try Workplace()
        let draw = { (model: URL) in
            try place.run("generate", "a red circle", "-m", model.path, "--steps", "2", "-W", "32")
        }
        expectRefusal(try draw(place.model(Golden.shapes, without: ["tokenizer.json"])), place, "tokenizer.json")
        for contents in ["", "{", "[]", "{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}"] {
            let model = try place.model(Golden.shapes, replacing: "tokenizer.json") { _ in Data(contents.utf8) }
            expectRefusal(try draw(model), place, "tokenizer.json")
        }
        // Without special tokens in geometry.json they are looked up, and must not be taken for rows of the embedding.
        let model = try place.model(Golden.shapes, json: "geometry.json", ["special": nil])
        let file = model.appendingPathComponent("tokenizer.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try FileManager.default.removeItem(at: file)
        try text.replacingOccurrences(of: "1016", with: "700016").write(to: file, atomically: true, encoding: .utf8)
        expectRefusal(try draw(model), place, "tokenizer.json")
    }
}

/// A safetensors file with that header and that many bytes of data.
private func safetensors(_ header: String, data: Int) -> Data {
    let text = Data(header.utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + Data(count: data)
}

/// Where a tensor's elements lie in a safetensors file.
private func dataRange(of name: String, in data: Data) throws -> (offset: Int, count: Int)? {
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any]
    guard let entry = header?[name] as? [String: Any], let offsets = entry["data_offsets"] as? [Int] else { return nil }
    return (8 + length + offsets[0], offsets[1] - offsets[0])
}
