import FlashUTesting
import Foundation
import Testing

/// Configurations that contradict the weights, or make no sense.
@Suite("Bad configurations end in one line")
struct BadConfigurationTests {
    /// A key, a JSON value, a word of the message.
    static let configurations: [(String, String, String)] = [
        ("hidden_size", "128", "hidden_size"), ("hidden_size", "-64", "hidden_size"),
        ("hidden_size", "9223372036854775807", "hidden_size"), ("hidden_size", "\"64\"", "hidden_size"),
        ("hidden_size", "64.5", "whole"), ("hidden_size", "1e400", "config.json"),
        ("clip_latent_dim", "1152", "clip_latent_dim"), ("num_diffusion_layers", "10", "num_diffusion_layers"),
        ("num_diffusion_layers", "0", "num_diffusion_layers"), ("llm_vocab_size", "151669", "llm_vocab_size"),
        ("patch_size", "4", "patch_size"), ("patch_size", "0", "patch_size"), ("patch_size", "-2", "patch_size"),
        ("patch_size", "4611686018427387904", "patch_size"), ("image_latent_dim", "4", "image_latent_dim"),
        ("image_latent_dim", "-16", "image_latent_dim"), ("image_latent_height", "0", "image_latent_height"),
        ("image_latent_height", "-6", "image_latent_height"), ("image_latent_width", "100000", "image_latent_width"),
        ("image_latent_width", "[6]", "image_latent_width"), ("image_latent_height", "512", "max_seq_len"),
        ("add_qk_norm", "false", "add_qk_norm"), ("add_time_embeds", "false", "add_time_embeds"),
        ("add_qk_norm", "1", "add_qk_norm"),
    ]

    @Test("config.json", arguments: configurations)
    func config(key: String, value: String, word: String) throws {
        let place = try Workplace()
        let model = try place.model(replacing: "config.json") { try Self.set(key, to: value, in: $0) }
        expectRefusal(try place.drawLatents(model), place, word)
    }

    static let geometries: [(String, String, String)] = [
        ("max_seq_len", "10", "max_seq_len"), ("max_seq_len", "-1", "max_seq_len"),
        ("max_seq_len", "9223372036854775807", "max_seq_len"),
        ("special", "{\"bos_id\":512,\"eos_id\":1,\"boi_id\":2,\"eoi_id\":3}", "vocabulary"),
        ("special", "{\"bos_id\":-1,\"eos_id\":1,\"boi_id\":2,\"eoi_id\":3}", "vocabulary"),
        ("special", "{\"bos_id\":1}", "eos_id"),
        ("llm", "{\"num_attention_heads\":4,\"num_hidden_layers\":28}", "num_hidden_layers"),
        ("llm", "{\"head_dim\":0}", "heads"),
        ("llm", "{\"head_dim\":-16}", "heads"), ("llm", "{\"head_dim\":7}", "heads"),
        ("llm", "{\"num_attention_heads\":4,\"rope_theta\":-1}", "rope_theta"),
        ("llm", "{\"num_attention_heads\":4,\"rope_theta\":1e308}", "rope_theta"),
        ("llm", "{\"num_attention_heads\":4,\"rms_norm_eps\":0}", "eps"),
        ("llm", "{\"num_attention_heads\":4,\"rms_norm_eps\":1e300}", "eps"),
        ("head", "{\"head_dim\":24,\"num_key_value_heads\":3}", "num_key_value_heads"),
        ("head", "{\"head_dim\":24,\"intermediate_size\":1}", "intermediate_size"),
        ("vae", "{\"mean\":[0,0]}", "mean"), ("vae", "{\"std\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}", "std"),
        ("sampling", "{\"points\":1}", "sampling"), ("sampling", "{\"points\":100000000}", "sampling"),
        ("sampling", "{\"time_shift\":0}", "sampling"), ("sampling", "{\"guidance\":1e300}", "sampling"),
        ("llm", "7", "llm"), ("name", "7", "name"),
    ]

    @Test("geometry.json", arguments: geometries)
    func geometry(key: String, value: String, word: String) throws {
        let place = try Workplace()
        let model = try place.model(replacing: "geometry.json") { try Self.set(key, to: value, in: $0) }
        expectRefusal(try place.drawLatents(model), place, word)
    }

    @Test("Files that are no JSON object", arguments: ["config.json", "geometry.json"])
    func noJSON(name: String) throws {
        let place = try Workplace()
        for contents in [
            "", "{", "[]", "null", "hello", "\u{0}\u{1}\u{2}", String(repeating: "[", count: 200_000),
            "{\"hidden_size\": 64, ", String(repeating: " ", count: 2 << 20),
        ] {
            let model = try place.model(replacing: name) { _ in Data(contents.utf8) }
            expectRefusal(try place.drawLatents(model), place, name)
        }
    }

    @Test("A missing config.json, and things in its place that are no file")
    func missing() throws {
        let place = try Workplace()
        expectRefusal(try place.drawLatents(place.model(without: ["config.json"])), place, "config.json")
        let model = try place.model(without: ["config.json"])
        let file = model.appendingPathComponent("config.json")
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        expectRefusal(try place.drawLatents(model), place, "config.json")
        try FileManager.default.removeItem(at: file)
        try #require(mkfifo(file.path, 0o600) == 0)
        expectRefusal(try place.drawLatents(model), place, "config.json")
    }

    /// The JSON object with another value under a key. Text, since JSONSerialization would refuse some of the numbers.
    static func set(_ key: String, to value: String, in data: Data) throws -> Data {
        var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        object[key] = "PLACEHOLDER"
        let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        return Data(text.replacingOccurrences(of: "\"PLACEHOLDER\"", with: value).utf8)
    }
}
