/// The element type that weights, and activations between matrix products, are held in. Sums, norms, softmax, rotary
/// frequencies and the residual stream are float32 in every precision.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// float32 throughout.
    case f32
    /// bfloat16 weights and matrix-product inputs, float32 accumulation.
    case bf16
    /// int8 weights and inputs of the big matrix products, summed exactly in int32; everything else as in ``bf16``.
    case int8
    /// 4-bit weights of most of those products, 8-bit ones of some (`LayerBits`), int8 inputs, summed exactly in int32; everything else as in
    /// ``bf16``.
    case int4
}
