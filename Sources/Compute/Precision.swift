/// The element type that weights, and activations between matrix products, are held in. Sums, norms, softmax, rotary
/// frequencies and the residual stream are float32 in every precision.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// float32 throughout.
    case f32
    /// bfloat16 weights and matrix-product inputs, float32 accumulation.
    case bf16
}
