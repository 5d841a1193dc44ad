import FlashUTesting
import Foundation
import Tensors
import Testing

@Suite("flashu convert") struct ConvertTests {
    /// The latents that a model draws.
    func latents(_ place: Workplace, _ model: URL, _ precision: String, _ more: String...) throws -> [Float] {
        let run = try CommandRun.flashu(
            [
                "generate", "-m", model.path, "--prompt-ids", "1,2,3", "--steps", "4", "--precision", precision,
                "--no-decode", "--save-latents", "latents.safetensors",
            ] + more, in: place.results)
        #expect(run.status == 0, "\(run.errors)")
        let file = place.results.appendingPathComponent("latents.safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        return try SafetensorsFile(url: file).tensor("latents").floats()
    }

    /// nano is float32, as safetensors and as a torch archive; shapes is bfloat16, with tied embedding and calibration.
    static let sources: [(model: URL, without: Set<String>)] = [
        (Golden.model("nano"), ["pytorch_model.bin"]), (Golden.model("nano"), ["model.safetensors"]),
        (Golden.shapes, []),
    ]

    @Test("The new folder gives the very results of the old one", arguments: sources.indices)
    func roundTrip(index: Int) throws {
        let place = try Workplace()
        let model = try place.model(Self.sources[index].model, without: Self.sources[index].without)
        for precision in ["int4", "int8", "bf16"] {
            let copy = place.folder.appendingPathComponent("copy-\(precision)")
            let run = try place.run("convert", model.path, "--to", precision, "-o", copy.path)
            #expect(run.status == 0 && run.errors == "" && run.output.contains(copy.path), "\(run)")
            let (old, new) = (try latents(place, model, precision), try latents(place, copy, precision))
            #expect(new == old, "\(precision)")
            // Pruned neurons are ranges of the same packed weights.
            if index == 2 {
                let paper = ["--accelerate", "paper"]
                #expect(
                    try latents(place, copy, precision, paper[0], paper[1])
                        == latents(place, model, precision, paper[0], paper[1]))
            }
            // The other precisions read it too, with the rounding that it stores.
            for other in ["f32", "bf16"] {
                let error = relativeError(try latents(place, copy, other), try latents(place, model, "f32"))
                #expect(
                    error < (precision == "int4" ? 0.8 : precision == "int8" ? 0.2 : 0.1),
                    "\(other) from \(precision): \(error)")
            }
            // A second conversion of what is converted changes nothing.
            let again = place.folder.appendingPathComponent("again-\(precision)")
            #expect(try place.run("convert", copy.path, "--to", precision, "-o", again.path).status == 0)
            let files = [copy, again].map {
                FileManager.default.contents(atPath: $0.appendingPathComponent("model.safetensors").path)
            }
            #expect(files[0] == files[1])
        }
        let temporary = try FileManager.default.contentsOfDirectory(atPath: place.folder.path).filter {
            $0.hasSuffix(".tmp")
        }
        #expect(temporary == [])
    }

    @Test("What is stored, and what is copied along; inspect shows it")
    func contents() throws {
        let place = try Workplace()
        let copy = place.folder.appendingPathComponent("small")
        #expect(try place.run("convert", Golden.shapes.path, "--to", "int8", "-o", copy.path).status == 0)
        let files = try Set(FileManager.default.contentsOfDirectory(atPath: copy.path))
        #expect(
            files == [
                "config.json", "geometry.json", "tokenizer.json", "tokenizer_config.json", "flashu.safetensors",
                "model.safetensors", "vae.safetensors",
            ])
        let stored = try SafetensorsFile(url: copy.appendingPathComponent("model.safetensors"))
        let name = "showo.model.layers.0.mlp.down_proj.weight"
        let info = try #require(stored.info(name))
        #expect(info.dtype == .int8)
        #expect(stored.info(name + "_scale") == TensorInfo(shape: [info.shape[0]], dtype: .float32))
        #expect(stored.info("showo.model.embed_tokens.weight")?.dtype == .bfloat16)
        let run = try place.run("inspect", copy.path, "--json")
        let report = try JSONDecoder().decode(InspectTests.Report.self, from: Data(run.output.utf8))
        let parameters = try #require(report.dtypes["int8"])
        #expect(report.missing == [] && parameters > 8_000_000)
        #expect(!report.parts.contains { $0.name == "other" })
        let memory = try ["int8", "bf16", "f32"].map { try #require(report.memory[$0]) }
        #expect(memory[0] < memory[1] && memory[1] < memory[2])
        let bytes = try #require(
            FileManager.default.attributesOfItem(atPath: copy.appendingPathComponent("model.safetensors").path)[.size]
                as? Int)
        let counted = report.parts.filter { $0.name != "VAE" }.reduce(0) { $0 + $1.bytes }
        #expect(counted <= bytes && counted > bytes * 98 / 100, "all but the header, scales included")
    }

    @Test("Prefixes of wrappers are not written again, rare values are left out, old torch files convert")
    func cleans() throws {
        let place = try Workplace()
        let whole = try SafetensorsFile(url: Golden.model("nano").appendingPathComponent("model.safetensors"))
        let model = try place.model(without: ["pytorch_model.bin", "model.safetensors"])
        try SafetensorsWriter.write(
            whole.names.map { ("module._orig_mod." + $0, try whole.tensor($0)) },
            to: model.appendingPathComponent("model.safetensors"))
        let copies = ["plain", "cleaned"].map { place.folder.appendingPathComponent($0) }
        for (source, copy) in zip([Golden.model("nano"), model], copies) {
            let run = try place.run("convert", source.path, "--to", "bf16", "-o", copy.path)
            #expect(run.status == 0, "\(run)")
        }
        let files = copies.map {
            FileManager.default.contents(atPath: $0.appendingPathComponent("model.safetensors").path)
        }
        #expect(files[0] != nil && files[0] == files[1])
    }

    @Test("A disk that is full leaves nothing behind, and says so")
    func fullDisk() throws {
        let place = try Workplace()
        // A limit on a file's size fails as a full disk does: in the middle of writing.
        let run = try CommandRun.flashu(
            ["convert", Golden.model("nano").path, "--to", "bf16", "-o", "out"], in: place.results,
            limits: "ulimit -f 200")
        expectRefusal(run, place, "out", "can't be written")
    }

    @Test("Bad requests and bad sources")
    func refusals() throws {
        let place = try Workplace()
        let nano = Golden.model("nano")
        let target = "out"
        expectRefusal(try place.run("convert", nano.path, "--to", "int3", "-o", target), place, "int3", usage: true)
        expectRefusal(try place.run("convert", nano.path, "--to", "int8"), place, "output", usage: true)
        expectRefusal(try place.run("convert", nano.path, "-o", target), place, "--to", usage: true)
        expectRefusal(
            try place.run("convert", nano.path, "--to", "int8", "-o", nano.path), place, "exists already")
        let link = place.folder.appendingPathComponent("link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: nano)
        for same in [nano.path + "/", nano.path + "/../nano", link.path] {
            expectRefusal(
                try place.run("convert", nano.path, "--to", "int8", "-o", same), place, "exists already")
        }
        expectRefusal(
            try place.run("convert", nano.path, "--to", "int8", "-o", "absent/out"), place, "no folder")
        expectRefusal(
            try place.run("convert", place.folder.path + "/absent", "--to", "int8", "-o", target), place, "no such file"
        )
        expectRefusal(
            try place.run("convert", try place.model(without: ["config.json"]).path, "--to", "int8", "-o", target),
            place, "config.json")
        // A weight that is not finite.
        let broken = try place.model(without: ["pytorch_model.bin"])
        let file = broken.appendingPathComponent("model.safetensors")
        let source = try SafetensorsFile(url: file)
        let name = "showo.model.layers.0.mlp.down_proj.weight"
        let tensors = try source.names.map { name in (name: name, tensor: try source.tensor(name)) }
        let weight = try source.tensor(name)
        var values = weight.floats()
        values[5] = .infinity
        try FileManager.default.removeItem(at: file)
        try SafetensorsWriter.write(
            tensors.map { ($0.name, $0.name == name ? Tensor(values, shape: weight.shape) : $0.tensor) }, to: file)
        expectRefusal(
            try place.run("convert", broken.path, "--to", "int8", "-o", target), place, name, "infinities")
    }

    @Test("Damaged 8-bit folders end in one line")
    func damaged() throws {
        let place = try Workplace()
        let copy = place.folder.appendingPathComponent("small")
        #expect(
            try place.run("convert", Golden.model("nano").path, "--to", "int8", "-o", copy.path).status == 0)
        let source = try SafetensorsFile(url: copy.appendingPathComponent("model.safetensors"))
        let scale = "showo.model.layers.0.mlp.down_proj.weight_scale"
        func altered(_ change: (Tensor) -> Tensor?) throws -> URL {
            let model = try place.model(copy)
            let tensors = try source.names.compactMap { name -> (name: String, tensor: Tensor)? in
                let tensor = try source.tensor(name)
                return (name == scale ? change(tensor) : tensor).map { (name, $0) }
            }
            let file = model.appendingPathComponent("model.safetensors")
            try FileManager.default.removeItem(at: file)
            try SafetensorsWriter.write(tensors, to: file)
            return model
        }
        expectRefusal(try place.drawLatents(try altered { _ in nil }), place, "scales", "missing")
        expectRefusal(
            try place.drawLatents(try altered { Tensor(Array($0.floats().dropLast()), shape: [$0.count - 1]) }), place,
            scale, "expected")
        expectRefusal(
            try place.drawLatents(try altered { Tensor($0.floats().map { _ in .nan }, shape: $0.shape) }), place, scale)
    }
}
