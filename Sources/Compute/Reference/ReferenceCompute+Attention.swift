import Foundation
public import Tensors

extension ReferenceCompute {
    /// Keys and values as rows, `[slot][kvHead][headDim]`. Arrays are shared until they are written to.
    final class Cache: KeyValueCache {
        let geometry: AttentionGeometry
        var keys: [Float] = []
        var values: [Float] = []

        init(_ geometry: AttentionGeometry) { self.geometry = geometry }

        private var width: Int { geometry.keyValueHeads * geometry.headDim }
        var slots: Int { keys.count / width }
        var byteCount: Int { 8 * keys.count }

        func fork() -> any KeyValueCache {
            let other = Cache(geometry)
            (other.keys, other.values) = (keys, values)
            return other
        }

        func truncate(to slots: Int) {
            keys.removeLast(max(0, keys.count - slots * width))
            values.removeLast(max(0, values.count - slots * width))
        }

        func visitBlocks(_ visit: (ObjectIdentifier, Int) -> Void) { visit(ObjectIdentifier(self), byteCount) }

        func grow(to slots: Int) {
            let missing = [Float](repeating: 0, count: max(0, slots * width - keys.count))
            keys += missing
            values += missing
        }

        func at(_ slot: Int, _ head: Int) -> Int { (slot * geometry.keyValueHeads + head) * geometry.headDim }
    }

    private func own(_ caches: [any KeyValueCache]) -> [Cache] {
        let own = caches.compactMap { $0 as? Cache }
        precondition(own.count == caches.count, "a cache of another backend")
        return own
    }

    /// See ``Compute/makeCache(_:)``.
    public func makeCache(_ geometry: AttentionGeometry) -> any KeyValueCache { Cache(geometry) }

    /// See ``Compute/heads(_:_:_:_:_:_:into:)``.
    public func heads(
        _ fused: Tensor, _ geometry: AttentionGeometry, _ norm: QueryKeyNorm?, _ rotary: RotaryTable?,
        _ rows: RowLayout, _ caches: [any KeyValueCache], into queries: Tensor
    ) {
        let caches = own(caches)
        let d = geometry.headDim
        let input = fused.floats()
        let (cosines, sines) = (rotary?.cosines.floats(), rotary?.sines.floats())
        func head(_ row: Int, _ h: Int, _ weight: [Float]?) -> [Float] {
            let start = row * geometry.fusedWidth + h * d
            var x = input[start..<start + d].map(Double.init)
            if let weight, let norm {
                let divisor = (x.reduce(0) { $0 + $1 * $1 } / Double(d) + Double(norm.epsilon)).squareRoot()
                x = x.enumerated().map { $0.element / divisor * Double(weight[$0.offset]) }
            }
            if let cosines, let sines {
                let half = d / 2
                let at = Int(rows.positions[row]) * half
                x = (0..<d).map { j in
                    let (c, s) = (Double(cosines[at + j % half]), Double(sines[at + j % half]))
                    return j < half ? x[j] * c - x[j + half] * s : x[j] * c + x[j - half] * s
                }
            }
            return x.map(Float.init)
        }
        for row in 0..<rows.count {
            for h in 0..<geometry.heads {
                for (j, value) in head(row, h, norm?.query.floats()).enumerated() {
                    queries.floatPointer[row * geometry.queryWidth + h * d + j] = value * geometry.scale
                }
            }
            let cache = caches[Int(rows.sequences[row])]
            cache.grow(to: Int(rows.slots[row]) + 1)
            for h in 0..<geometry.keyValueHeads {
                let at = cache.at(Int(rows.slots[row]), h)
                cache.keys.replaceSubrange(at..<at + d, with: head(row, geometry.heads + h, norm?.key.floats()))
                let start = row * geometry.fusedWidth + (geometry.heads + geometry.keyValueHeads + h) * d
                cache.values.replaceSubrange(at..<at + d, with: input[start..<start + d])
            }
        }
    }

    /// See ``Compute/attention(_:_:_:_:into:)``.
    public func attention(
        _ queries: Tensor, _ geometry: AttentionGeometry, _ rows: RowLayout, _ caches: [any KeyValueCache],
        into out: Tensor
    ) {
        let caches = own(caches)
        meter.count(rows, geometry, .f32)
        let d = geometry.headDim
        let q = queries.floats()
        for row in 0..<rows.count {
            let cache = caches[Int(rows.sequences[row])]
            for h in 0..<geometry.heads {
                let shared = h / (geometry.heads / geometry.keyValueHeads)
                let limit = Int(rows.limits[row])
                let scores = (0..<limit).map { slot in
                    let at = cache.at(slot, shared)
                    return (0..<d).reduce(0.0) {
                        $0 + Double(q[row * geometry.queryWidth + h * d + $1]) * Double(cache.keys[at + $1])
                    }
                }
                let most = scores.max() ?? 0
                let weights = scores.map { exp($0 - most) }
                let total = weights.reduce(0, +)
                for j in 0..<d {
                    var sum = 0.0
                    for slot in 0..<limit {
                        sum +=
                            weights[slot] * Double(cache.values[cache.at(slot, shared) + j])
                    }
                    out.floatPointer[row * geometry.queryWidth + h * d + j] = Float(total > 0 ? sum / total : 0)
                }
            }
        }
    }
}
