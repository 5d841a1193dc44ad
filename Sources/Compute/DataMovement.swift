import Foundation
public import Tensors

/// Moving elements between tensors: what surrounds the operations of ``Compute``. Shapes must fit.
extension Tensor {
    /// Copies all elements of `other`, of equal type and count.
    public func copy(from other: Tensor) {
        precondition(dtype == other.dtype && count == other.count, "\(other.shape) into \(shape)")
        memcpy(pointer, other.pointer, byteCount)
    }

    /// Fills float32 elements with `value`.
    public func fill(_ value: Float) {
        floatPointer.update(repeating: value, count: count)
    }

    /// Copies the rows of `part` `[rows, w]` to columns `column ..< column + w` of this `[rows, width]`, both float32.
    public func setColumns(from column: Int, _ part: Tensor) {
        let (rows, from, to) = (part.rowCount, part.width, width)
        precondition(rows == rowCount && column + from <= to)
        for i in 0..<rows {
            memcpy(floatPointer + i * to + column, part.floatPointer + i * from, from * 4)
        }
    }

    /// Writes row `id` of `table` `[n, width]` (float32 or bfloat16) to row `row` of this float32 matrix.
    ///
    /// - Parameter rounded: rounds float32 to bfloat16 values, as if the table held those.
    public func setRow(_ row: Int, to id: Int, of table: Tensor, rounded: Bool = false) {
        precondition(table.width == width && row < rowCount && id >= 0 && id < table.rowCount)
        let out = floatPointer + row * width
        if table.dtype == .bfloat16 {
            let from = table.pointer.assumingMemoryBound(to: UInt16.self) + id * width
            for j in 0..<width { out[j] = Float(bitPattern: UInt32(from[j]) << 16) }
        } else {
            memcpy(out, table.floatPointer + id * width, width * 4)
            if rounded { for j in 0..<width { out[j] = Float(bitPattern: UInt32(out[j].bfloat16Bits) << 16) } }
        }
    }

    /// Adds float32 `other`, of equal count, element by element.
    public func add(_ other: Tensor) {
        precondition(count == other.count)
        let (a, b) = (floatPointer, other.floatPointer)
        for i in 0..<count { a[i] += b[i] }
    }

    /// `self += factor * other`, float32: an Euler step.
    public func add(_ other: Tensor, times factor: Float) {
        precondition(count == other.count)
        let (a, b) = (floatPointer, other.floatPointer)
        for i in 0..<count { a[i] += factor * b[i] }
    }

    /// `self += factor * (a - b)`, float32, element by element; `b` may be this tensor.
    public func add(_ a: Tensor, minus b: Tensor, times factor: Float) {
        precondition(count == a.count && count == b.count)
        let (to, a, b) = (floatPointer, a.floatPointer, b.floatPointer)
        for i in 0..<count { to[i] += factor * (a[i] - b[i]) }
    }

    /// Replaces the float32 elements by `body(index, element)`.
    public func update(_ body: (Int, Float) -> Float) {
        let a = floatPointer
        for i in 0..<count { a[i] = body(i, a[i]) }
    }

    /// Writes `values` over the float32 elements.
    public func set(_ values: [Float]) {
        precondition(values.count == count)
        values.withUnsafeBytes { if let from = $0.baseAddress { memcpy(pointer, from, $0.count) } }
    }

    /// A float32 copy of the elements in memory of its own.
    public func toFloat32() -> Tensor { Tensor(floats(), shape: shape) }

    /// A bfloat16 copy of the elements in memory of its own, rounded to the nearest, ties to even.
    public func toBFloat16() -> Tensor {
        let (out, source) = (Tensor(zeros: shape, dtype: .bfloat16), asFloatOrBFloat16())
        if source.dtype == .bfloat16 {
            out.copy(from: source)
        } else {
            let (from, to) = (source.floatPointer, out.pointer.assumingMemoryBound(to: UInt16.self))
            for i in 0..<count { to[i] = from[i].bfloat16Bits }
        }
        return out
    }
}

extension Float {
    /// The bfloat16 nearest to it, ties to even; not-a-number stays that.
    package var bfloat16Bits: UInt16 {
        let bits = bitPattern
        if bits & 0x7fff_ffff > 0x7f80_0000 { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }
}

extension Tensor {
    /// The matrix `[r, c]` with zero rows and columns added up to the given extents; itself if nothing is to be added.
    public func padded(rows: Int, columns: Int) -> Tensor {
        precondition(shape.count == 2 && rows >= shape[0] && columns >= shape[1])
        if shape == [rows, columns] { return self }
        let out = Tensor(zeros: [rows, columns], dtype: dtype)
        for i in 0..<shape[0] {
            memcpy(out.pointer + i * columns * dtype.size, pointer + i * shape[1] * dtype.size, shape[1] * dtype.size)
        }
        return out
    }
}

extension Tensor {
    /// The matrix `[r, c]` with its rows in another order.
    public func gatheringRows(_ order: [Int]) -> Tensor {
        precondition(shape.count == 2 && order.allSatisfy { (0..<shape[0]).contains($0) })
        let bytes = shape[1] * dtype.size
        let out = Tensor(zeros: [order.count, shape[1]], dtype: dtype)
        for (i, row) in order.enumerated() { memcpy(out.pointer + i * bytes, pointer + row * bytes, bytes) }
        return out
    }

    /// The matrix `[r, c]` with its columns in another order.
    public func gatheringColumns(_ order: [Int]) -> Tensor {
        precondition(shape.count == 2 && order.allSatisfy { (0..<shape[1]).contains($0) })
        let out = Tensor(zeros: [shape[0], order.count], dtype: dtype)
        func gather<Element>(_: Element.Type) {
            let (from, to) = (
                pointer.assumingMemoryBound(to: Element.self), out.pointer.assumingMemoryBound(to: Element.self)
            )
            for row in 0..<shape[0] {
                for (i, column) in order.enumerated() { to[row * order.count + i] = from[row * shape[1] + column] }
            }
        }
        switch dtype.size {
        case 1: gather(UInt8.self)
        case 2: gather(UInt16.self)
        case 4: gather(UInt32.self)
        default: gather(UInt64.self)
        }
        return out
    }

    /// Adds the square of each element of the rows of `x` `[rows, width]` (float32 or bfloat16) to this running
    /// sum `[width]` float32.
    public func addSquares(ofRows x: Tensor) {
        precondition(x.width == count)
        let values = x.floats()
        let sums = floatPointer
        for row in 0..<x.rowCount {
            for column in 0..<count { sums[column] += values[row * count + column] * values[row * count + column] }
        }
    }

    /// The mean over rows `range` of the cosine between this matrix's rows and `other`'s, float32 `[rows, width]` both.
    public func meanCosine(to other: Tensor, rows range: Range<Int>) -> Double {
        precondition(shape == other.shape && range.upperBound <= rowCount && !range.isEmpty)
        let (a, b) = (floatPointer, other.floatPointer)
        var total = 0.0
        for row in range {
            var (ab, aa, bb) = (0.0, 0.0, 0.0)
            for i in row * width..<(row + 1) * width {
                let (x, y) = (Double(a[i]), Double(b[i]))
                ab += x * y
                aa += x * x
                bb += y * y
            }
            total += ab / max((aa * bb).squareRoot(), 1e-30)
        }
        return total / Double(range.count)
    }
}

extension Tensor {
    /// Whether no element is infinite or not a number.
    public var isFinite: Bool {
        guard dtype == .float32 else { return floats().allSatisfy(\.isFinite) }
        // Zero times anything finite is zero.
        let values = floatPointer
        var sum: Float = 0
        for i in 0..<count { sum += values[i] * 0 }
        return sum == 0
    }

    /// The L2 norms of the columns `range` of each row, float32 `[rows, width]`.
    public func rowNorms(columns range: Range<Int>) -> [Float] {
        (0..<rowCount).map { row in
            let start = floatPointer + row * width
            return range.reduce(Float(0)) { $0 + start[$1] * start[$1] }.squareRoot()
        }
    }

    /// Moves the rows `kept` (rising) to the front, in place.
    public func compactRows(_ kept: [Int]) {
        let bytes = width * dtype.size
        for (to, from) in kept.enumerated() where to != from {
            precondition(from > to && from < rowCount)
            memcpy(pointer + to * bytes, pointer + from * bytes, bytes)
        }
    }
}

extension Tensor {
    /// Cuts images `[images, channels, height, width]` into squares of `side` pixels in raster order, values ordered channel, row, column, and
    /// writes them to `out` `[images * squares, channels * side * side]`; float32 both.
    public func cutSquares(side: Int, into out: Tensor) {
        precondition(shape.count == 4 && shape[2] % side == 0 && shape[3] % side == 0 && out.count == count)
        let (images, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
        let from = floatPointer
        var to = out.floatPointer
        for image in 0..<images {
            for top in stride(from: 0, to: height, by: side) {
                for left in stride(from: 0, to: width, by: side) {
                    for channel in 0..<channels {
                        for row in top..<top + side {
                            let start = ((image * channels + channel) * height + row) * width + left
                            to.update(from: from + start, count: side)
                            to += side
                        }
                    }
                }
            }
        }
    }

    /// Writes the transpose of this matrix `[rows, columns]` to `out`, which has as many elements; float32 both.
    public func transpose(into out: Tensor, columns: Int) {
        precondition(out.count == count && count % columns == 0)
        let rows = count / columns
        let (from, to) = (floatPointer, out.floatPointer)
        for column in 0..<columns {
            for row in 0..<rows { to[column * rows + row] = from[row * columns + column] }
        }
    }
}
