internal import CKernels
public import Tensors

extension CPUCompute {
    /// See ``Compute/makeCache(_:)``.
    public func makeCache(_ geometry: AttentionGeometry) -> any KeyValueCache {
        PagedCache(geometry, dtype: activationType)
    }

    /// See ``Compute/heads(_:_:_:_:_:_:into:)``.
    public func heads(
        _ fused: Tensor, _ geometry: AttentionGeometry, _ norm: QueryKeyNorm?, _ rotary: RotaryTable?,
        _ rows: RowLayout, _ caches: [any KeyValueCache], into queries: Tensor
    ) {
        let caches = pagedCaches(caches, geometry, rows)
        precondition(fused.rowCount == rows.count && fused.width == geometry.fusedWidth)
        precondition(queries.rowCount == rows.count && queries.width == geometry.queryWidth)
        precondition(
            rotary.map { Int(rows.positions.max() ?? 0) < $0.positions } ?? true, "position beyond the rotary table")
        for segment in rows.segments {
            var last = -1
            for row in segment.rows {
                let page = Int(rows.slots[row]) / KeyValuePages.slots
                if page != last { caches[segment.sequence].own(page: page) }
                last = page
            }
        }
        rows.positions.withUnsafeBufferPointer { positions in
            rows.sequences.withUnsafeBufferPointer { sequences in
                rows.slots.withUnsafeBufferPointer { slots in
                    withPages(caches) { pages in
                        let operation = ck_heads(
                            qkv: fused.floatPointer, ldx: Int64(fused.width), rows: Int64(rows.count),
                            heads: Int32(geometry.heads), kv_heads: Int32(geometry.keyValueHeads),
                            head_dim: Int32(geometry.headDim), scale: geometry.scale,
                            q_norm: norm?.query.floatPointer, k_norm: norm?.key.floatPointer,
                            norm_eps: norm?.epsilon ?? 0, cosines: rotary?.cosines.floatPointer,
                            sines: rotary?.sines.floatPointer, positions: positions.baseAddress,
                            sequences: sequences.baseAddress, slots: slots.baseAddress, caches: pages,
                            kv_type: activationType.kernelType, q: queries.floatPointer)
                        pool.run(ck_heads_task, operation, tasks: ck_heads_tasks([operation]))
                    }
                }
            }
        }
    }

    /// See ``Compute/attention(_:_:_:_:into:)``.
    public func attention(
        _ queries: Tensor, _ geometry: AttentionGeometry, _ rows: RowLayout, _ caches: [any KeyValueCache],
        into out: Tensor
    ) {
        let caches = pagedCaches(caches, geometry, rows)
        precondition(
            rows.segments.allSatisfy { segment in
                rows.limits[segment.rows].allSatisfy { Int($0) <= caches[segment.sequence].slots }
            }, "a row sees slots that were never written")
        precondition(queries.rowCount == rows.count && queries.width == geometry.queryWidth)
        precondition(out.rowCount == rows.count && out.width == geometry.queryWidth)
        meter.count(rows, geometry, activationType.precision)
        let segments = rows.segments.map {
            ck_segment(first_row: Int64($0.rows.lowerBound), rows: Int64($0.rows.count), sequence: Int32($0.sequence))
        }
        segments.withUnsafeBufferPointer { segments in
            rows.limits.withUnsafeBufferPointer { limits in
                withPages(caches) { pages in
                    let operation = ck_attention(
                        q: queries.floatPointer, heads: Int32(geometry.heads), kv_heads: Int32(geometry.keyValueHeads),
                        head_dim: Int32(geometry.headDim), segments: segments.baseAddress,
                        segment_count: Int32(segments.count), limits: limits.baseAddress, caches: pages,
                        kv_type: activationType.kernelType, out: out.pointer, ldo: Int64(out.width),
                        out_type: out.dtype.kernelType)
                    pool.run(ck_attention_task, operation, tasks: ck_attention_tasks([operation]))
                }
            }
        }
    }

    private func pagedCaches(_ caches: [any KeyValueCache], _ geometry: AttentionGeometry, _ rows: RowLayout)
        -> [PagedCache]
    {
        let paged = caches.compactMap { $0 as? PagedCache }
        precondition(paged.count == caches.count, "a cache of another backend")
        precondition(paged.allSatisfy { $0.geometry == geometry && $0.dtype == activationType })
        precondition(rows.segments.allSatisfy { paged.indices.contains($0.sequence) })
        return paged
    }

    /// The caches as the kernels want them, while `body` runs.
    private func withPages(_ caches: [PagedCache], _ body: (UnsafePointer<ck_kv>?) -> Void) {
        var kernels: [ck_kv] = []
        kernels.reserveCapacity(caches.count)
        func enter(_ rest: ArraySlice<PagedCache>) {
            guard let cache = rest.first else {
                kernels.withUnsafeBufferPointer { body($0.baseAddress) }
                return
            }
            cache.withAddresses { pages in
                kernels.append(ck_kv(pages: pages))
                enter(rest.dropFirst())
            }
        }
        enter(caches[...])
    }
}

extension AttentionGeometry {
    /// The factor on the scores.
    var scale: Float { 1 / Float(headDim).squareRoot() }
}
