/// The inner loops of resizing, over raw memory. Both add products of 8-bit samples and 22-bit weights in 32 bits,
/// starting from one half, and clip the result to 0...255.
enum ResampleKernels {
    private static let half: Int32 = 1 << (ResamplePlan.precision - 1)

    @inline(__always)
    private static func clipped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> ResamplePlan.precision, 0), 255))
    }

    /// Resamples along rows.
    /// - Parameters:
    ///   - pixels: [rows.upperBound or more, width, 3].
    ///   - rows: which rows to make; those of `pixels`.
    /// - Returns: [rows.count, plan.starts.count, 3].
    static func horizontal(_ pixels: [UInt8], width: Int, rows: Range<Int>, plan: ResamplePlan) -> [UInt8] {
        let newWidth = plan.starts.count
        precondition(
            rows.lowerBound >= 0 && rows.upperBound * width * 3 <= pixels.count && plan.needed.upperBound <= width)
        return [UInt8](unsafeUninitializedCapacity: rows.count * newWidth * 3) { target, written in
            pixels.withUnsafeBufferPointer { source in
                plan.weights.withUnsafeBufferPointer { weights in
                    plan.starts.withUnsafeBufferPointer { starts in
                        plan.counts.withUnsafeBufferPointer { counts in
                            var out = 0
                            for row in rows {
                                let line = row &* width
                                for column in 0..<newWidth {
                                    var (red, green, blue) = (half, half, half)
                                    var offset = (line &+ starts[column]) &* 3
                                    let first = column &* plan.taps
                                    for tap in first..<first &+ counts[column] {
                                        let weight = weights[tap]
                                        red &+= Int32(source[offset]) &* weight
                                        green &+= Int32(source[offset &+ 1]) &* weight
                                        blue &+= Int32(source[offset &+ 2]) &* weight
                                        offset &+= 3
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
            written = rows.count * newWidth * 3
        }
    }

    /// Resamples along columns.
    /// - Parameters:
    ///   - pixels: [needed rows, width, 3], beginning with row `plan.needed.lowerBound` of the image.
    /// - Returns: [plan.starts.count, width, 3].
    static func vertical(_ pixels: [UInt8], width: Int, plan: ResamplePlan) -> [UInt8] {
        let (rowBytes, newHeight) = (width * 3, plan.starts.count)
        precondition(plan.needed.count * rowBytes <= pixels.count)
        var sums = [Int32](repeating: 0, count: rowBytes)
        return [UInt8](unsafeUninitializedCapacity: newHeight * rowBytes) { target, written in
            pixels.withUnsafeBufferPointer { source in
                sums.withUnsafeMutableBufferPointer { sums in
                    for row in 0..<newHeight {
                        sums.update(repeating: half)
                        let first = plan.starts[row] - plan.needed.lowerBound
                        for tap in 0..<plan.counts[row] {
                            let weight = plan.weights[row * plan.taps + tap]
                            let line = (first + tap) * rowBytes
                            for index in 0..<rowBytes {
                                sums[index] &+= Int32(source[line &+ index]) &* weight
                            }
                        }
                        for index in 0..<rowBytes {
                            target[row &* rowBytes &+ index] = clipped(sums[index])
                        }
                    }
                }
            }
            written = newHeight * rowBytes
        }
    }
}
