public import Compute
public import Tensors

/// What one LLM layer's attention works on in one pass, for analysis. The engine mixes values without ever holding the attention
/// probabilities; whoever wants them computes them from this.
public struct AttentionInputs {
    /// The heads.
    public let geometry: AttentionGeometry
    /// Where the rows stand and what they may see.
    public let rows: RowLayout
    /// Rotated queries, scaled by `1 / sqrt(headDim)`: `[rows, heads * headDim]` float32.
    public let queries: Tensor
    /// Rotated keys: `[rows, keyValueHeads * headDim]` float32.
    public let keys: Tensor
    /// Values: `[rows, keyValueHeads * headDim]` float32.
    public let values: Tensor

    /// - Parameter fused: the layer's projections `[rows, fusedWidth]` float32, before rotation.
    init(
        fused: Tensor, _ geometry: AttentionGeometry, _ rotary: RotaryTable, _ rows: RowLayout, _ compute: any Compute
    ) {
        self.geometry = geometry
        self.rows = rows
        let (first, width) = (geometry.queryWidth, geometry.keyValueHeads * geometry.headDim)
        let (keyColumns, valueColumns) = (Array(first..<first + width), Array(first + width..<first + 2 * width))
        func rotated(_ fused: Tensor, _ geometry: AttentionGeometry) -> Tensor {
            let out = Tensor(zeros: [rows.count, geometry.queryWidth])
            compute.heads(fused, geometry, nil, rotary, rows, [compute.makeCache(geometry)], into: out)
            return out
        }
        queries = rotated(fused, geometry)
        // A cache keeps the rotated keys in the backend's own layout; put in the queries' place, they come out as rows, scaled.
        keys = rotated(
            fused.gatheringColumns(keyColumns + keyColumns + valueColumns),
            AttentionGeometry(
                heads: geometry.keyValueHeads, keyValueHeads: geometry.keyValueHeads, headDim: geometry.headDim))
        let scale = Float(geometry.headDim).squareRoot()
        keys.update { $1 * scale }
        values = fused.gatheringColumns(valueColumns)
    }
}
