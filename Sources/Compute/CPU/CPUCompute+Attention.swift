internal import CKernels
public import Tensors

/// Keys in panels of 16 slots, `[sequence][kvHead][capacity / 16][even headDim][16]`, and values in rows,
/// `[sequence][kvHead][capacity][valueDim]`, of activation type; see `ck_kv`.
final class PanelCache: KeyValueCache {
    let geometry: AttentionGeometry
    let sequences: Int
    let capacity: Int
    let keys: Tensor
    let values: Tensor
    let addresses: [ck_kv]

    init(_ geometry: AttentionGeometry, sequences: Int, capacity: Int, dtype: DType) {
        self.geometry = geometry
        self.sequences = sequences
        let panel = Int(CK_PANEL)
        let capacity = (capacity + panel - 1) / panel * panel
        self.capacity = capacity
        let evenDim = (geometry.headDim + 1) / 2 * 2
        let valueDim = (geometry.headDim + panel - 1) / panel * panel
        let keys = Tensor(zeros: [sequences, geometry.keyValueHeads * capacity * evenDim], dtype: dtype)
        let values = Tensor(zeros: [sequences, geometry.keyValueHeads * capacity * valueDim], dtype: dtype)
        self.keys = keys
        self.values = values
        addresses = (0..<sequences).map {
            ck_kv(keys: keys.rows($0..<$0 + 1).pointer, values: values.rows($0..<$0 + 1).pointer)
        }
    }

    var byteCount: Int { keys.byteCount + values.byteCount }
}

extension CPUCompute {
    /// See ``Compute/makeCache(_:sequences:capacity:)``.
    public func makeCache(_ geometry: AttentionGeometry, sequences: Int, capacity: Int) -> any KeyValueCache {
        PanelCache(geometry, sequences: sequences, capacity: capacity, dtype: activationType)
    }

    /// See ``Compute/heads(_:_:_:_:_:_:into:)``.
    public func heads(
        _ fused: Tensor, _ geometry: AttentionGeometry, _ norm: QueryKeyNorm?, _ rotary: RotaryTable?,
        _ rows: RowLayout, _ cache: any KeyValueCache, into queries: Tensor
    ) {
        let cache = panelCache(cache, geometry, rows)
        precondition(fused.rowCount == rows.count && fused.width == geometry.fusedWidth)
        precondition(queries.rowCount == rows.count && queries.width == geometry.queryWidth)
        precondition(
            rotary.map { Int(rows.positions.max() ?? 0) < $0.positions } ?? true, "position beyond the rotary table")
        rows.positions.withUnsafeBufferPointer { positions in
            rows.sequences.withUnsafeBufferPointer { sequences in
                rows.slots.withUnsafeBufferPointer { slots in
                    cache.addresses.withUnsafeBufferPointer { caches in
                        let operation = ck_heads(
                            qkv: fused.floatPointer, ldx: Int64(fused.width), rows: Int64(rows.count),
                            heads: Int32(geometry.heads), kv_heads: Int32(geometry.keyValueHeads),
                            head_dim: Int32(geometry.headDim), scale: geometry.scale,
                            q_norm: norm?.query.floatPointer, k_norm: norm?.key.floatPointer,
                            norm_eps: norm?.epsilon ?? 0, cosines: rotary?.cosines.floatPointer,
                            sines: rotary?.sines.floatPointer, positions: positions.baseAddress,
                            sequences: sequences.baseAddress, slots: slots.baseAddress, caches: caches.baseAddress,
                            capacity: Int64(cache.capacity), kv_type: cache.keys.dtype.kernelType,
                            q: queries.floatPointer)
                        pool.run(ck_heads_task, operation, tasks: ck_heads_tasks([operation]))
                    }
                }
            }
        }
    }

    /// See ``Compute/attention(_:_:_:_:into:)``.
    public func attention(
        _ queries: Tensor, _ geometry: AttentionGeometry, _ rows: RowLayout, _ cache: any KeyValueCache,
        into out: Tensor
    ) {
        let cache = panelCache(cache, geometry, rows)
        precondition(queries.rowCount == rows.count && queries.width == geometry.queryWidth)
        precondition(out.rowCount == rows.count && out.width == geometry.queryWidth)
        meter.count(rows, geometry, cache.keys.dtype.precision)
        let segments = rows.segments.map {
            ck_segment(first_row: Int64($0.rows.lowerBound), rows: Int64($0.rows.count), sequence: Int32($0.sequence))
        }
        segments.withUnsafeBufferPointer { segments in
            rows.limits.withUnsafeBufferPointer { limits in
                cache.addresses.withUnsafeBufferPointer { caches in
                    let operation = ck_attention(
                        q: queries.floatPointer, heads: Int32(geometry.heads), kv_heads: Int32(geometry.keyValueHeads),
                        head_dim: Int32(geometry.headDim), segments: segments.baseAddress,
                        segment_count: Int32(segments.count), limits: limits.baseAddress, caches: caches.baseAddress,
                        capacity: Int64(cache.capacity), kv_type: cache.keys.dtype.kernelType, out: out.pointer,
                        ldo: Int64(out.width), out_type: out.dtype.kernelType)
                    pool.run(ck_attention_task, operation, tasks: ck_attention_tasks([operation]))
                }
            }
        }
    }

    private func panelCache(_ cache: any KeyValueCache, _ geometry: AttentionGeometry, _ rows: RowLayout) -> PanelCache
    {
        guard let cache = cache as? PanelCache else { preconditionFailure("a cache of another backend") }
        precondition(cache.geometry == geometry && rows.slotsNeeded <= cache.capacity, "the cache is too small")
        precondition(rows.segments.allSatisfy { $0.sequence < cache.sequences })
        return cache
    }
}

extension AttentionGeometry {
    /// The factor on the scores.
    var scale: Float { 1 / Float(headDim).squareRoot() }
}
