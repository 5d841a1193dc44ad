public import Compute
public import Tensors

/// Feature vectors of tokens, compared by their cosines. Products of some rows with all are made when they are asked for, so that no more of the
/// square of similarities is ever there than the caller holds.
public final class TokenFeatures {
    /// Tokens.
    public let count: Int
    /// The rows at length 1; a row of zeros stays one. `[count, width]` float32.
    private let unit: Tensor
    private let compute: any Compute
    private var packed: (any LinearWeights)?

    /// Features `[tokens, width]` float32; several matrices of one width stand for one below the other. They are copied.
    public init(_ features: [Tensor], _ compute: any Compute) {
        precondition(!features.isEmpty && features.allSatisfy { $0.shape.count == 2 })
        count = features.reduce(0) { $0 + $1.shape[0] }
        self.compute = compute.with(precision: .f32)
        unit = Tensor(zeros: [count, features[0].shape[1]])
        var row = 0
        for part in features where part.shape[0] > 0 {
            unit.rows(row..<row + part.shape[0]).copy(from: part)
            row += part.shape[0]
        }
        unit.normalizeRows()
    }

    /// Cosines of the rows `range` to all rows, `[range.count * count]` in row order.
    /// - Throws: `Compute/ComputeError`.
    public func cosines(of range: Range<Int>) throws(ComputeError) -> [Float] {
        if range.isEmpty { return [] }
        if packed == nil { packed = try compute.pack([LinearSource(weight: unit)], .stacked) }
        guard let weights = packed else { return [] }
        let out = Tensor(zeros: [range.count, count])  // [range, count]
        compute.linear(unit.rows(range), weights, .identity, .replace, into: out)
        return out.floats()
    }

    /// Tells the cosines of all rows to all, some rows at a time: the first row's number, and its and the next ones' `[rows * count]`.
    /// - Throws: `Compute/ComputeError`.
    public func forEachBlock(_ body: (_ first: Int, _ cosines: [Float]) -> Void) throws(ComputeError) {
        let most = max(1, Self.mostAtOnce / max(1, count))
        for first in stride(from: 0, to: count, by: most) {
            body(first, try cosines(of: first..<min(count, first + most)))
        }
    }

    /// Cosines that are there at one time, at most: 64 MB, all of 4,096 tokens.
    public static let mostAtOnce = 1 << 24

    /// Bytes that comparing takes: unit rows, the same packed, and cosines.
    static func byteCount(tokens: Int, width: Int) -> Int {
        4 * (2 * tokens * width + 2 * min(tokens * tokens, mostAtOnce))
    }
}
