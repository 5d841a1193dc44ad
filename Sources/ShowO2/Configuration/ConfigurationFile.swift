import Foundation
import Tensors

/// `config.json` with the official keys. Every field is optional here; ``ShowO2Geometry`` decides what is needed.
struct ConfigurationFile: Decodable {
    var hidden_size: Int?
    var clip_latent_dim: Int?
    var image_latent_dim: Int?
    var image_latent_height: Int?
    var image_latent_width: Int?
    var patch_size: Int?
    var num_diffusion_layers: Int?
    var llm_vocab_size: Int?
    var add_qk_norm: Bool?
    var add_time_embeds: Bool?
}

/// `geometry.json`: what the official configuration leaves to other files (the LLM's, the vision tower's, the demo's).
struct GeometryFile: Decodable {
    struct Transformer: Decodable {
        var num_hidden_layers: Int?
        var num_attention_heads: Int?
        var num_key_value_heads: Int?
        var head_dim: Int?
        var intermediate_size: Int?
        var rms_norm_eps: Double?
        var layer_norm_eps: Double?
        var rope_theta: Double?
    }
    struct VAE: Decodable {
        var mean: [Float]?
        var std: [Float]?
    }
    struct Sampling: Decodable {
        var points: Int?
        var time_shift: Double?
        var guidance: Double?
    }
    struct Drawing: Decodable {
        var image_latent_height: Int?
        var image_latent_width: Int?
    }
    struct Alignment: Decodable {
        var question: String?
        var answer: String?
        var grammar: String?
    }
    var name: String?
    /// Pixels per side of what is drawn when nothing else is asked for.
    var image_size: Int?
    /// The same as image tokens, where config.json says nothing better than 27 x 27.
    var showo: Drawing?
    var llm: Transformer?
    var vision: Transformer?
    var head: Transformer?
    var max_seq_len: Int?
    var special: SpecialTokens?
    var vae: VAE?
    var sampling: Sampling?
    var alignment: Alignment?
    /// Whether the model was trained to write and draw in turns.
    var mixed_modality: Bool?
}

extension Decodable {
    /// Reads a JSON file of at most a megabyte.
    static func read(_ url: URL) throws(ModelError) -> Self {
        let file = url.path
        let mapped: MappedFile
        do {
            mapped = try MappedFile(url: url)
        } catch {
            throw .configuration(file: file, reason: "cannot be read (\(error.shortReason)); is this a model folder?")
        }
        guard mapped.byteCount <= 1 << 20 else {
            throw .configuration(file: file, reason: "larger than 1 MB; is this the right file?")
        }
        return try read(Data(mapped.bytes), file: file)
    }

    /// Reads JSON.
    /// - Parameter file: what messages call it.
    static func read(_ data: Data, file: String) throws(ModelError) -> Self {
        do {
            return try JSONDecoder().decode(Self.self, from: data.withoutNonFiniteNumbers)
        } catch let error as DecodingError {
            // The decoder calls 64.5 "not valid JSON" where a whole number is wanted, and does not say where it stands.
            if case .dataCorrupted(let context) = error, context.codingPath.isEmpty,
                (try? JSONSerialization.jsonObject(with: data.withoutNonFiniteNumbers)) != nil
            {
                throw .configuration(
                    file: file,
                    reason: "a number in it is too large or not finite, or has a fraction where a whole one is needed")
            }
            throw .configuration(file: file, reason: error.oneLine)
        } catch {
            throw .configuration(file: file, reason: "not valid JSON")
        }
    }
}

extension Data {
    /// JSON in which the words `NaN`, `Infinity` and `-Infinity`, which Python writes though JSON has no such numbers, are numbers too large
    /// for any type: they are refused where they are asked for, and only there.
    fileprivate var withoutNonFiniteNumbers: Data {
        let words = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }
        guard words.contains(where: { range(of: Data($0)) != nil }) else { return self }
        let text = [UInt8](self)
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var (at, isString) = (0, false)
        while at < text.count {
            let byte = text[at]
            if isString, byte == UInt8(ascii: "\\"), at + 1 < text.count {
                out += text[at...at + 1]
                at += 2
                continue
            }
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            if !isString, let word = words.last(where: { text[at...].starts(with: $0) }) {
                out += Array("1e999".utf8)
                at += word.count
            } else {
                out.append(byte)
                at += 1
            }
        }
        return Data(out)
    }
}

extension WeightError {
    fileprivate var shortReason: String {
        switch self {
        case .notFound: "there is no such file"
        case .unreadable(_, let reason), .damaged(_, let reason): reason
        default: "it is no regular file"
        }
    }
}

extension DecodingError {
    fileprivate var oneLine: String {
        func path(_ context: Context) -> String {
            context.codingPath.isEmpty ? "the file" : context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        return switch self {
        case .typeMismatch(let type, let context): "\(path(context)) should be of type \(type)"
        case .valueNotFound(let type, let context): "\(path(context)) should be of type \(type), not null"
        case .keyNotFound(let key, let context): "\(path(context)) lacks \(key.stringValue)"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "not valid JSON" : "\(path(context)) has no usable value"
        @unknown default: "not a configuration"
        }
    }
}
