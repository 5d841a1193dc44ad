import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Mutated `config.json` and `geometry.json`, and weights of mutated shapes: refused in one line or read, never a crash.
@Suite struct ConfigurationFuzzTests {
    /// The tensors of the nano model by name, some with other shapes or missing.
    struct MutatedShapes: TensorSource {
        let location = "weights"
        var infos: [String: TensorInfo]
        var names: [String] { infos.keys.sorted() }

        init(_ source: any TensorSource) {
            infos = Dictionary(
                uniqueKeysWithValues: source.names.compactMap { name in source.info(name).map { (name, $0) } })
        }

        func info(_ name: String) -> TensorInfo? { infos[name] }

        func tensor(_ name: String) throws(WeightError) -> Tensor {
            throw .missingTensor(name: name, file: location, closest: nil)
        }
    }

    fileprivate static let values = [
        "0", "1", "-1", "2", "3", "7", "16", "64", "511", "512", "513", "1023", "1024", "32768", "65536", "1e3", "1.5",
        "1e-300",
        "1e300", "-1e300", "1e400", "2147483647", "2147483648", "4294967296", "4611686018427387904",
        "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "18446744073709551616", "null", "true", "false", "\"\"",
        "\"64\"",
        "[]", "{}", "[1]", "[1e39]", "{\"bos_id\":1}", "NaN", "-0", "-0.0", "\"\\u0000\\ud800\"",
    ]

    /// A JSON text, and where its values stand: numbers, strings, and innermost objects and arrays.
    fileprivate struct Document {
        let bytes: [UInt8]
        let places: [Range<Int>]

        init(_ text: String) {
            bytes = Array(text.utf8)
            places = text.matches(of: /:\s*(\{[^{}]*\}|\[[^\[\]]*\]|[^,\[\]{}\s]+)/).map { match in
                let start = text.utf8.distance(from: text.startIndex, to: match.output.1.startIndex)
                return start..<start + match.output.1.utf8.count
            }
        }

        func mutated(_ random: inout SeededRandom) -> Data {
            var out = bytes
            switch Int.random(in: 0..<12, using: &random) {
            case 0: out[Int.random(in: 0..<out.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            case 1: out.removeLast(Int.random(in: 0...out.count, using: &random))
            default:
                // From the back, so that the places before stay valid; inner values before the objects that hold them.
                let count = Int.random(in: 1...3, using: &random)
                let chosen = (0..<count).map { _ in random.choose(places) }.sorted { $0.lowerBound > $1.lowerBound }
                var end = out.count
                for place in chosen where place.upperBound <= end {
                    out.replaceSubrange(place, with: Array(random.choose(ConfigurationFuzzTests.values).utf8))
                    end = place.lowerBound
                }
            }
            return Data(out)
        }
    }

    @Test func mutatedFilesAndShapes() throws {
        let nano = Golden.model("nano")
        let weights = MutatedShapes(try openWeights(in: nano))
        let texts = try ["config.json", "geometry.json"].map {
            try String(contentsOf: nano.appendingPathComponent($0), encoding: .utf8)
        }
        let zeros = Array(repeating: "0", count: 16).joined(separator: ",")
        let ones = Array(repeating: "1", count: 16).joined(separator: ",")
        // The second geometry has every field that is read, so that all of them are mutated.
        let documents =
            (texts + [
                """
                {"name": "n", "llm": {"num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
                "intermediate_size": 160, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0}, "vision": {"num_hidden_layers": 4,
                "num_attention_heads": 4, "intermediate_size": 180, "layer_norm_eps": 1e-6}, "head": {"head_dim": 24,
                "num_attention_heads": 4, "num_key_value_heads": 2}, "max_seq_len": 64, "special": {"bos_id": 1, "eos_id": 2,
                "boi_id": 3, "eoi_id": 4}, "vae": {"mean": [\(zeros)], "std": [\(ones)]}, "sampling": {"points": 30, "time_shift": 3.0,
                "guidance": 3.5}}
                """
            ]).map(Document.init)
        var random = SeededRandom(seed: 20)
        var (accepted, refused) = (0, 0)
        let names = weights.names
        for round in 0..<3000 {
            let kind = round % 4
            let geometry = documents[round % 8 < 4 ? 1 : 2]
            let config = kind == 0 || kind == 2 ? documents[0].mutated(&random) : Data(documents[0].bytes)
            let extra = kind == 1 || kind == 2 ? geometry.mutated(&random) : Data(geometry.bytes)
            var shapes = weights
            if kind == 3 {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let name = random.choose(names.filter { $0.contains(".0.") || !$0.contains("layers") })
                    let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                        random.choose([0, 1, 2, 3, 16, 35, 36, 37, 64, 96, 1 << 20, 1 << 40, Int.max])
                    }
                    shapes.infos[name] = Bool.random(using: &random) ? nil : TensorInfo(shape: shape, dtype: .float32)
                }
            }
            do {
                let geometry = try ShowO2Geometry(config: config, geometry: extra, weights: shapes)
                accepted += 1
                // What is accepted must hold together.
                #expect(geometry.maxPromptTokens >= 0 && geometry.patchWidth > 0 && geometry.imageTokens > 0)
                #expect(geometry.imageWidth > 0 && geometry.imageHeight > 0)
                #expect((try? geometry.grid(width: geometry.imageWidth, height: geometry.imageHeight)) == geometry.grid)
                #expect((try? geometry.grid(width: .max, height: .max)) == nil)
                #expect((try? geometry.grid(width: .min, height: 0)) == nil)
                _ = try? FlowSchedule(steps: geometry.sampling.steps, timeShift: geometry.sampling.timeShift)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty && !error.description.contains("\n"), "\(error)")
            }
        }
        #expect(accepted > 300 && refused > 1000, "\(accepted) accepted, \(refused) refused")
    }
}
