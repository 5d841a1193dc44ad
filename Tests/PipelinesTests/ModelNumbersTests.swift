import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// Every number that a model folder states, replaced by what a number can be at its worst: an error of one line or a model, never a crash.
@Suite struct ModelNumbersTests {
    static let values = [
        "0", "-1", "1", "2147483648", "4611686018427387904", "9223372036854775807", "-9223372036854775808", "1e300",
        "-1e300",
        "1e-320", "1e400", "0.5", "NaN", "Infinity", "-Infinity", "null", "[]", "\"1\"",
    ]

    /// A complete small model: network, VAE, calibration, both configurations with every field that is read.
    struct Folder: ~Copyable {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")

        init() throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: ModelInspectionTests.nano.appendingPathComponent(name), to: url.appendingPathComponent(name))
            }
            let vae = try openWeights(file: ModelInspectionTests.vaeFile)
            try SafetensorsWriter.write(
                vae.names.map { ($0, try vae.tensor($0)) }, to: url.appendingPathComponent("vae.safetensors"))
            let rows = [[Float]](repeating: (0..<160).map { Float($0) }, count: 4)
            let scores = Calibration.Scores(
                wanda: rows, reconstruction: rows, layers: [1, 2, 3, 4], normAttention: [1, 2, 3, 4])
            try Calibration(scores: [.generation: scores, .understanding: scores]).write(to: url)
            let numbers = { (value: String) in "[" + [String](repeating: value, count: 16).joined(separator: ",") + "]"
            }
            try write(
                """
                {"name": "n", "llm": {"num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
                "intermediate_size": 160, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0}, "vision": {"num_hidden_layers": 4,
                "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 12, "intermediate_size": 180,
                "layer_norm_eps": 1e-6}, "head": {"head_dim": 24, "num_attention_heads": 4, "num_key_value_heads": 2,
                "intermediate_size": 192}, "max_seq_len": 64, "special": {"bos_id": 1, "eos_id": 2, "boi_id": 3, "eoi_id": 4},
                "vae": {"mean": \(numbers("0")), "std": \(numbers("1"))},
                "sampling": {"points": 30, "time_shift": 3.0, "guidance": 3.5}}
                """, "geometry.json")
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: url.appendingPathComponent(name))
        }

        func text(_ name: String) throws -> String {
            try String(contentsOf: url.appendingPathComponent(name), encoding: .utf8)
        }
    }

    /// Loads everything of a folder. The error must be one line, and the report must agree about the files that it checks.
    @discardableResult func load(_ folder: URL, _ what: String) async -> Bool {
        do {
            let model = try await UnifiedModel.load(folder, precision: .f32, threads: 1)
            let report = try ModelReport(folder: folder)
            let isSound = (try? model.vae()) != nil
            #expect(report.problems.isEmpty == isSound, "\(what): \(report.problems)")
            return isSound
        } catch {
            #expect(!"\(error)".contains("\n") && !"\(error)".isEmpty, "\(what): \(error)")
            if let report = try? ModelReport(folder: folder) { #expect(!report.problems.isEmpty, "\(what): \(error)") }
            return false
        }
    }

    @Test(arguments: ["config.json", "geometry.json"]) func configurations(file: String) async throws {
        let folder = try Folder()
        let sound = try folder.text(file)
        let places = sound.matches(of: /[:\[,]\s*(-?[0-9][0-9.eE+-]*)/).map(\.output.1)
        #expect(places.count > 8)
        #expect(await load(folder.url, "unchanged"))
        var accepted = 0
        // Means and deviations are alike: two of them stand for all.
        for (index, place) in places.enumerated() where !(30..<48).contains(index) {
            for value in Self.values {
                var text = sound
                text.replaceSubrange(place.startIndex..<place.endIndex, with: value)
                try folder.write(text, file)
                if await load(folder.url, "\(file), number \(index): \(place) -> \(value)") { accepted += 1 }
            }
        }
        #expect(accepted > 0)
        try folder.write(sound, file)
    }

    /// The numbers in the headers of the network's, the VAE's and the calibration's files.
    @Test(arguments: ["model.safetensors", "vae.safetensors", Calibration.fileName]) func headers(file: String)
        async throws
    {
        let folder = try Folder()
        let url = folder.url.appendingPathComponent(file)
        let data = try Data(contentsOf: url)
        let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = String(decoding: data[8..<8 + length], as: UTF8.self)
        let places = header.matches(of: /[:\[,]([0-9]+)/).map(\.output.1)
        var random = SeededRandom(seed: 15)
        let values = [
            "0", "1", "-1", "2147483648", "4611686018427387904", "9223372036854775807", "1e300", "18446744073709551616",
        ]
        for _ in 0..<150 {
            var text = header
            let place = random.choose(places)
            text.replaceSubrange(place.startIndex..<place.endIndex, with: random.choose(values))
            let bytes = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Data($0) } + Data(text.utf8)
            try (bytes + data[(8 + length)...]).write(to: url)
            await load(folder.url, "\(file): \(place)")
        }
    }

    /// Words that Python writes and JSON does not have are refused where a number is needed, and only there.
    @Test func notFinite() async throws {
        let folder = try Folder()
        let sound = try folder.text("config.json")
        for word in ["NaN", "Infinity", "-Infinity"] {
            try folder.write(
                sound.replacingOccurrences(
                    of: "{", with: "{\"loss\": \(word), \"text\": \"a NaN \\\" -Infinity\", \"list\": [1, \(word)],"),
                "config.json")
            #expect(await load(folder.url, word), "\(word)")
            try folder.write(
                sound.replacingOccurrences(of: "\"hidden_size\": 64", with: "\"hidden_size\": \(word)"), "config.json")
            #expect(throws: ModelError.self) { try ModelReport(folder: folder.url) }
        }
        try folder.write(sound, "config.json")
        let geometry = try folder.text("geometry.json")
        for field in ["rope_theta", "rms_norm_eps", "time_shift", "guidance"] {
            try folder.write(
                geometry.replacing(try Regex("\"\(field)\": [0-9.e-]+"), with: "\"\(field)\": NaN"), "geometry.json")
            #expect(throws: ModelError.self) { try ModelReport(folder: folder.url) }
        }
    }
}
