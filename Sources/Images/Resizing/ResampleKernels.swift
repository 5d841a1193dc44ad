/// The inner loops of resizing, over raw memory. Both add products of 8-bit samples and 22-bit weights in 32 bits,
/// starting from one half, and clip the result to 0...255.
enum ResampleKernels {
    private static let half: Int32 = 1 << (ResamplePlan.precision - 1)

    @inline(__always)
    private static func clipped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> ResamplePlan.precision, 0), 255))
    }

    /// Resamples a row along itself.
    /// - Parameters:
    ///   - row: [the plan's input or more, 3].
    ///   - target: [plan.starts.count, 3], from `offset` on.
    static func along(_ row: PixelRow, plan: ResamplePlan, into target: inout [UInt8], at offset: Int) {
        let columns = plan.starts.count
        precondition(
            offset >= 0 && offset + columns * 3 <= target.count && plan.needed.lowerBound >= 0
                && plan.needed.upperBound * 3 <= row.count)
        target.withUnsafeMutableBufferPointer { target in
            plan.weights.withUnsafeBufferPointer { weights in
                plan.starts.withUnsafeBufferPointer { starts in
                    plan.counts.withUnsafeBufferPointer { counts in
                        var out = offset
                        for column in 0..<columns {
                            var (red, green, blue) = (half, half, half)
                            var source = starts[column] &* 3
                            let first = column &* plan.taps
                            for tap in first..<first &+ counts[column] {
                                let weight = weights[tap]
                                red &+= Int32(row[source]) &* weight
                                green &+= Int32(row[source &+ 1]) &* weight
                                blue &+= Int32(row[source &+ 2]) &* weight
                                source &+= 3
                            }
                            target[out] = clipped(red)
                            target[out &+ 1] = clipped(green)
                            target[out &+ 2] = clipped(blue)
                            out &+= 3
                        }
                    }
                }
            }
        }
    }

    /// Resamples across rows: makes the plan's new row `index`.
    /// - Parameters:
    ///   - ring: the old row `r` lies in slot `r % slots`, each of `rowBytes`.
    ///   - sums: scratch of `rowBytes`.
    ///   - target: the new row.
    static func across(
        _ ring: [UInt8], slots: Int, rowBytes: Int, plan: ResamplePlan, index: Int, sums: inout [Int32],
        into target: inout [UInt8]
    ) {
        precondition(slots * rowBytes <= ring.count && rowBytes <= sums.count && rowBytes <= target.count)
        sums.withUnsafeMutableBufferPointer { sums in
            sums.update(repeating: half)
            ring.withUnsafeBufferPointer { ring in
                for tap in 0..<plan.counts[index] {
                    let weight = plan.weights[index * plan.taps + tap]
                    let line = (plan.starts[index] + tap) % slots * rowBytes
                    for sample in 0..<rowBytes {
                        sums[sample] &+= Int32(ring[line &+ sample]) &* weight
                    }
                }
            }
            target.withUnsafeMutableBufferPointer { target in
                for sample in 0..<rowBytes { target[sample] = clipped(sums[sample]) }
            }
        }
    }
}
