import Foundation
import Tensors
import Testing

@Suite("Finding weights")
struct OpenWeightsTests {
    private func write(_ names: [String], to url: URL) throws {
        try SafetensorsWriter.write(names.map { ($0, Tensor([1, 2], shape: [2])) }, to: url)
    }

    private func refusal(_ body: () throws -> Void) throws -> String {
        let error = weightError(body)
        return "\(try #require(error))"
    }

    @Test("Files: missing, empty, a folder, a pipe, something else")
    func files() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("model.safetensors")
            func open() throws { _ = try openWeights(file: url) }
            #expect(try refusal(open).contains("no such file"))
            #expect(try refusal { _ = try openWeights(file: folder) }.contains("it is a folder"))
            #expect(try refusal { _ = try openWeights(file: url.appendingPathComponent("x")) }.contains("no such file"))
            let contents: [(String, String)] = [
                ("", "the file is empty"), ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
                ("<!DOCTYPE html>", "web page"), ("GGUF\u{3}\u{0}\u{0}\u{0}\u{0}", "GGUF"),
                ("\u{0}" + String(repeating: "t", count: 256) + "ustar\u{0}", "before 0.1.10"),
                ("hello", "5 bytes are too few"),
            ]
            for (text, reason) in contents {
                try Data(text.utf8).write(to: url)
                #expect(try refusal(open).contains(reason))
            }
            let other = folder.appendingPathComponent("model.bin")
            try Data("hello world".utf8).write(to: other)
            #expect(try refusal { _ = try openWeights(file: other) }.contains("neither a safetensors file nor"))
            #expect(try refusal { _ = try TorchArchive(url: other) }.contains("neither"))
            let pipe = folder.appendingPathComponent("pipe")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            #expect(try refusal { _ = try openWeights(file: pipe) }.contains("no regular file"))
        }
    }

    @Test("The content decides, not the name")
    func content() throws {
        try withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("pytorch_model.bin")
            try write(["a"], to: url)
            #expect(try openWeights(file: url) is SafetensorsFile)
            #expect(try refusal { _ = try TorchArchive(url: url) }.contains("it is a safetensors file"))
            let torch = folder.appendingPathComponent("x.safetensors")
            try FileManager.default.copyItem(at: fixtures.appendingPathComponent("wrapped.pth"), to: torch)
            #expect(try openWeights(file: torch) is TorchArchive)
        }
    }

    @Test("Folders: order of preference, and what was looked for")
    func folders() throws {
        try withTemporaryFolder { folder in
            let missing = try refusal { _ = try openWeights(in: folder) }
            #expect(missing.contains("model.safetensors, ") && missing.contains("pytorch_model.bin.index.json"))
            try write(["bin"], to: folder.appendingPathComponent("pytorch_model.bin"))
            #expect(try openWeights(in: folder).names == ["bin"])
            try write(["diffusion"], to: folder.appendingPathComponent("diffusion_pytorch_model.safetensors"))
            #expect(try openWeights(in: folder).names == ["diffusion"])
            try write(["model"], to: folder.appendingPathComponent("model.safetensors"))
            #expect(try openWeights(in: folder).names == ["model"])
            try write(["vae"], to: folder.appendingPathComponent("Wan2.1_VAE.pth"))
            #expect(try openWeights(in: folder, preferring: ["Wan2.1_VAE.pth"]).names == ["vae"])
            #expect(try openWeights(in: goldenModels.appendingPathComponent("nano")).contains("diff_proj.0.bias"))
            let file = folder.appendingPathComponent("model.safetensors")
            #expect(try refusal { _ = try openWeights(in: file) }.contains("where a folder is expected"))
            #expect(try refusal { _ = try openWeights(in: folder.appendingPathComponent("no")) }.contains("no such"))
        }
    }

    @Test("An index: read as one, missing shards named, strangers refused")
    func index() throws {
        try withTemporaryFolder { folder in
            try write(["a", "b"], to: folder.appendingPathComponent("model-00001-of-00002.safetensors"))
            let index = folder.appendingPathComponent("model.safetensors.index.json")
            func open(_ json: String) throws -> any TensorSource {
                try Data(json.utf8).write(to: index)
                return try openWeights(in: folder)
            }
            let sound = """
                {"metadata": {"total_size": 24}, "weight_map": {"a": "model-00001-of-00002.safetensors",
                 "b": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}}
                """
            // What lies in a missing file is of account to those only who ask for it.
            let half = try open(sound)
            #expect(half.names == ["a", "b"] && half.contains("c") && half.info("c") == nil)
            #expect(
                try refusal { _ = try half.tensor("c") }.contains(
                    "'c': lies in model-00002-of-00002.safetensors, which is missing"))
            let second = folder.appendingPathComponent("model-00002-of-00002.safetensors")
            try write(["d"], to: second)
            #expect(try refusal { _ = try open(sound).tensor("c") }.contains("'c': is not in model-00002-of"))
            let nothing = #"{"weight_map": {"a": "x.safetensors", "b": "y.safetensors"}}"#
            #expect(try refusal { _ = try open(nothing) }.contains("2 of the files that the index names are missing"))
            try write(["c"], to: second)
            let weights = try open(sound)
            #expect(weights.names == ["a", "b", "c"])
            #expect(try weights.tensor("c").floats() == [1, 2])
            #expect(weights.info("b")?.shape == [2])
            #expect(try refusal { _ = try weights.tensor("x") }.contains("has no tensor 'x'"))
            let strangers: [(String, String)] = [
                (#"{"weight_map": {"a": "../model.safetensors"}}"#, "leads out of its folder"),
                (#"{"weight_map": {"a": "/etc/passwd"}}"#, "leads out of its folder"),
                (#"{"weight_map": {"a": "x/../../y"}}"#, "leads out of its folder"),
                (#"{"weight_map": {"a": ""}}"#, "leads out of its folder"),
                (#"{"weight_map": {"a": 1}}"#, "names no file for 'a'"),
                (#"{"weight_map": {}}"#, "weight_map is empty"), (#"{"weight_map": []}"#, "no weight_map"),
                ("{", "no valid JSON"),
                (#"{"weight_map": {"a": "x", "a": "y"}}"#, "appears twice"),
                (#"{"weight_map": {"a": "model.safetensors.index.json"}}"#, "neither a safetensors file nor"),
            ]
            for (json, reason) in strangers {
                let text = try refusal { _ = try open(json) }
                #expect(text.contains(reason), "\(text)")
            }
            // Without the index, the shards' names say what belongs together.
            try FileManager.default.removeItem(at: index)
            #expect(try openWeights(in: folder).names == ["a", "b", "c"])
            try write(["a"], to: second)
            #expect(
                try refusal { _ = try openWeights(in: folder) }.contains("is in another file of the same model too"))
            try FileManager.default.removeItem(at: second)
            #expect(
                try refusal { _ = try openWeights(in: folder) }.contains("missing: model-00002-of-00002.safetensors"))
        }
    }
}
