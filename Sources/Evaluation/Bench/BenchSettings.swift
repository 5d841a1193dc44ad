public import FlashU
import Foundation

/// All that a benchmark's results depend on.
public struct BenchSettings: Sendable, Equatable, Codable {
    /// `generation` or `understanding`.
    public var task: String
    /// The model's name.
    public var model: String
    /// What names its files' contents.
    public var weights: String
    /// What names the set's contents.
    public var set: String
    /// `f32`, `bf16`, `int8` or `int4`.
    public var precision: String
    /// Image i starts from the noise of `seed + i` (generation).
    public var seed: UInt64?
    /// Points of the time grid; nil = the model's, times the profile's factor (generation).
    public var steps: Int?
    /// Guidance scale; nil = the model's (generation).
    public var guidance: Float?
    /// Tokens of an answer at most (understanding).
    public var maxTokens: Int?
    /// What was done to be faster.
    public var profile: AccelerationProfile

    enum CodingKeys: String, CodingKey {
        case task, model, weights, set, precision, seed, steps, guidance, profile
        case maxTokens = "max_tokens"
    }

    /// The first field in which another's settings differ: its name, this value, the other value.
    func difference(from other: BenchSettings) -> (field: String, own: String, other: String)? {
        func told<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "unset" }
        let fields: [(String, String, String)] = [
            ("task", task, other.task), ("model", model, other.model), ("weights", weights, other.weights),
            ("set", set, other.set), ("precision", precision, other.precision),
            ("seed", told(seed), told(other.seed)), ("steps", told(steps), told(other.steps)),
            ("guidance", told(guidance), told(other.guidance)),
            ("max tokens", told(maxTokens), told(other.maxTokens)),
        ]
        if let field = fields.first(where: { $0.1 != $0.2 }) { return field }
        guard profile != other.profile else { return nil }
        let names = (profile.name, other.profile.name)
        return ("acceleration", names.0, names.0 == names.1 ? "another of that name" : names.1)
    }
}
