import Compute
import Tensors

/// The last few values of a tensor that changes with time, and their extrapolation: the Taylor forecast of cached features, with derivatives
/// taken from divided differences over the true times, so that uneven schedules are right.
struct Extrapolation {
    private var history: [(time: Float, value: Tensor)] = []
    private let depth: Int

    /// Keeps what forecasts up to `order` need.
    init(order: Int) { depth = order + 1 }

    /// Whether there is something to extrapolate for the first `rows` rows.
    func covers(rows: Int) -> Bool { history.contains { $0.value.shape[0] >= rows } }

    /// Bytes of what is remembered.
    var byteCount: Int { history.reduce(0) { $0 + $1.value.byteCount } }

    /// Remembers a copy of `value` `[rows, width]` at `time`. Times are all different: what was known of this one (Heun's solver evaluates the end
    /// of a step twice, from two places) is replaced.
    mutating func record(_ value: Tensor, at time: Float) {
        history.removeAll { $0.time == time }
        let reused = history.count == depth ? history.removeFirst().value : Tensor(zeros: value.shape)
        let copy = reused.shape == value.shape ? reused : Tensor(zeros: value.shape)
        copy.copy(from: value)
        history.append((time, copy))
    }

    /// Writes the value at `time` to `out` `[rows, width]`: the polynomial through the last `order + 1` values that have so many
    /// rows (fewer if there are fewer).
    func forecast(at time: Float, order: Int, into out: Tensor) {
        let rows = out.shape[0]
        let points = history.filter { $0.value.shape[0] >= rows }.suffix(min(order, depth - 1) + 1)
        out.fill(0)
        for (i, point) in points.enumerated() {
            // Lagrange's weight of this point.
            var weight: Float = 1
            for (j, other) in points.enumerated() where j != i {
                weight *= (time - other.time) / (point.time - other.time)
            }
            out.add(point.value.rows(0..<rows), times: weight)
        }
    }
}
