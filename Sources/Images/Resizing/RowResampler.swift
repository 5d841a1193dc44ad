/// Resizes an image while its rows arrive, turning it on the way: only as many rows as the kernel is tall are kept.
///
/// Additions of fixed-point numbers come out the same in any order, so the result is that of turning the whole image
/// and resizing it then, to the last bit: the upright image's rows first, 8 bits between the two passes. Where sides are
/// swapped, the upright image's rows are the stored columns, and the first pass runs across the stored rows.
struct RowResampler {
    /// [height, width, 3] of the upright image.
    private(set) var canvas: UprightCanvas
    private let swapsSides: Bool
    /// For the stored rows' samples.
    private let columns: ResamplePlan
    /// For the stored rows.
    private let rows: ResamplePlan
    private let slots: Int
    private let slotBytes: Int
    private var ring: [UInt8]
    private var sums: [Int32]
    private var line: [UInt8]
    private var turned: [UInt8]
    /// The next stored row, and the next new one.
    private var (arrived, made) = (0, 0)

    /// - Parameters:
    ///   - width: of a stored row, in pixels.
    ///   - height: the number of stored rows.
    ///   - horizontal: for the upright image's rows.
    ///   - vertical: for the upright image's columns.
    init(width: Int, height: Int, orientation: Orientation, horizontal: ResamplePlan, vertical: ResamplePlan) {
        swapsSides = orientation.swapsSides
        let (across, down) = swapsSides ? (vertical, horizontal) : (horizontal, vertical)
        columns = orientation.reversesColumns ? across.reversed(input: width) : across
        rows = orientation.reversesRows ? down.reversed(input: height) : down
        canvas = UprightCanvas(width: horizontal.starts.count, height: vertical.starts.count, orientation: orientation)
        slots = max(min(rows.taps, rows.needed.count), 1)
        slotBytes = 3 * (swapsSides ? width : columns.starts.count)
        ring = [UInt8](repeating: 0, count: slots * slotBytes)
        sums = [Int32](repeating: 0, count: slotBytes)
        line = [UInt8](repeating: 0, count: slotBytes)
        turned = [UInt8](repeating: 0, count: swapsSides ? 3 * columns.starts.count : 0)
    }

    /// Takes the next stored row, [width, 3].
    mutating func push(_ row: PixelRow) {
        let index = arrived
        arrived += 1
        guard rows.needed.contains(index) else { return }
        let place = index % slots * slotBytes
        if swapsSides {
            ring.withUnsafeMutableBufferPointer { ring in
                _ = UnsafeMutableBufferPointer(rebasing: ring[place..<place + slotBytes]).update(from: row)
            }
        } else {
            ResampleKernels.along(row, plan: columns, into: &ring, at: place)
        }
        while made < rows.starts.count, rows.starts[made] + rows.counts[made] <= arrived {
            ResampleKernels.across(
                ring, slots: slots, rowBytes: slotBytes, plan: rows, index: made, sums: &sums, into: &line)
            if swapsSides {
                line.withUnsafeBufferPointer { ResampleKernels.along($0, plan: columns, into: &turned, at: 0) }
                turned.withUnsafeBufferPointer { canvas.put($0, storedRow: made) }
            } else {
                line.withUnsafeBufferPointer { canvas.put($0, storedRow: made) }
            }
            made += 1
        }
    }
}

/// An upright image that is filled with rows in stored order.
struct UprightCanvas {
    let width: Int
    let height: Int
    /// [height, width, 3].
    private(set) var pixels: [UInt8]
    private let origin: Int
    private let columnStep: Int
    private let rowStep: Int

    /// - Parameters:
    ///   - width: of the upright image.
    ///   - height: of the upright image.
    init(width: Int, height: Int, orientation: Orientation) {
        (self.width, self.height) = (width, height)
        pixels = [UInt8](repeating: 0, count: width * height * 3)
        // How far one stored pixel is from the next on the canvas, in pixels.
        let (across, down) = orientation.swapsSides ? (width, 1) : (1, width)
        let (columns, rows) = orientation.swapsSides ? (height, width) : (width, height)
        columnStep = orientation.reversesColumns ? -across : across
        rowStep = orientation.reversesRows ? -down : down
        origin =
            (orientation.reversesColumns ? (columns - 1) * across : 0)
            + (orientation.reversesRows ? (rows - 1) * down : 0)
    }

    /// Puts a stored row of pixels into its place.
    mutating func put(_ row: PixelRow, storedRow: Int) {
        let start = 3 * (origin + storedRow * rowStep)
        pixels.withUnsafeMutableBufferPointer { pixels in
            if columnStep == 1 {
                _ = UnsafeMutableBufferPointer(rebasing: pixels[start..<start + row.count]).update(from: row)
                return
            }
            var target = start
            for source in stride(from: 0, to: row.count, by: 3) {
                pixels[target] = row[source]
                pixels[target + 1] = row[source + 1]
                pixels[target + 2] = row[source + 2]
                target += 3 * columnStep
            }
        }
    }
}
