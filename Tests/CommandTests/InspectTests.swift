import FlashUTesting
import Foundation
import Tensors
import Testing

@Suite("flashu inspect") struct InspectTests {
    struct Report: Decodable {
        struct Part: Decodable {
            let name: String
            let parameters, bytes: Int
        }
        let name: String
        let image_size: [Int]
        let image_tokens, prompt_tokens: Int
        let parts: [Part]
        let dtypes, memory: [String: Int]
        let missing: [String]
        let problems: [Problem]
        struct Problem: Decodable {
            let file: String
            let tensor: String?
            let problem: String
        }
    }

    @Test("JSON: parts, element types, memory, nothing missing")
    func json() throws {
        let place = try Workplace()
        let run = try place.run("inspect", Golden.shapes.path, "--json")
        #expect(run.status == 0 && run.errors == "", "\(run)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.name == "shapes" && report.image_size == [128, 128])
        #expect(report.image_tokens == 64 && report.prompt_tokens == 27 && report.missing == [])
        #expect(report.problems.isEmpty)
        let names = Set(report.parts.map(\.name))
        #expect(names.isSuperset(of: ["embedding", "language model", "semantic encoder", "diffusion head", "VAE"]))
        #expect(!names.contains("other"), "every parameter belongs to a part")
        let parameters = report.parts.reduce(0) { $0 + $1.parameters }
        #expect(report.dtypes.values.reduce(0, +) == parameters)
        let sizes = try ["model.safetensors", "vae.safetensors"].map {
            try #require(
                FileManager.default.attributesOfItem(atPath: Golden.shapes.appendingPathComponent($0).path)[.size]
                    as? Int)
        }
        let stored = report.parts.reduce(0) { $0 + $1.bytes }
        #expect(stored <= sizes.reduce(0, +) && stored > sizes.reduce(0, +) * 98 / 100, "all but the headers")
        #expect(try #require(report.memory["bf16"]) < #require(report.memory["f32"]))
    }

    @Test("Text, and what is missing")
    func text() throws {
        let place = try Workplace()
        let run = try place.run("inspect", Golden.model("nano").path)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        for words in [
            "draws 96 x 96 px", "language model", "diffusion head", "missing: VAE", "missing: tokenizer.json",
            "4 layers, hidden 64, 4 heads of 16 (2 kv), FFN 160", "float32",
        ] {
            #expect(run.output.contains(words), "\(words)\n\(run.output)")
        }
    }

    @Test("Every tensor that is missing, of another shape or type is listed, with status 1; convert lists them too")
    func problems() throws {
        let place = try Workplace()
        let edits: [String: EditedWeights.Edit] = [
            "showo.model.norm.weight": .removed, "und_trans.layers.1.mlp.fc1.weight": .zeros([180, 47], .float32),
            "diffusion_head_b.linear.bias": .zeros([64], .int64),
        ]
        let source = EditedWeights(
            try SafetensorsFile(url: Golden.model("nano").appendingPathComponent("model.safetensors")), edits)
        let model = try place.model(without: ["pytorch_model.bin", "model.safetensors"])
        let file = model.appendingPathComponent("model.safetensors")
        try SafetensorsWriter.write(source.names.map { ($0, try source.tensor($0)) }, to: file)
        let text = try place.run("inspect", model.path)
        #expect(text.status == 1 && text.signal == nil && text.errors == "", "\(text)")
        for words in [
            "can't be loaded: \(file.path)", "'showo.model.norm.weight': is missing",
            "[180, 47] where [180, 48] is expected",
            "'diffusion_head_b.linear.bias': has element type int64", "draws 96 x 96 px",
        ] {
            #expect(text.output.contains(words), "\(words)\n\(text.output)")
        }
        let json = try place.run("inspect", model.path, "--json")
        #expect(json.status == 1 && json.errors == "", "\(json)")
        let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
        #expect(Set(report.problems.map(\.tensor)) == Set(edits.keys.map { $0 }))
        #expect(report.problems.allSatisfy { $0.file == file.path })
        let convert = try place.run("convert", model.path, "--to", "bf16", "-o", "out")
        #expect(convert.status == 1 && convert.output == "" && place.leftovers == [], "\(convert)")
        #expect(convert.errorLines.count == 3)
        for name in edits.keys { #expect(convert.errors.contains("'\(name)'")) }
    }

    @Test("Names from strangers' files do not steer the terminal")
    func controlCharacters() throws {
        let place = try Workplace()
        let model = try place.model(json: "geometry.json", ["name": "evil\u{1B}[2J\nname"])
        let run = try place.run("inspect", model.path)
        #expect(run.status == 0, "\(run)")
        #expect(!run.output.contains("\u{1B}") && run.output.contains("evil"), "\(run.output)")
    }
}
