import Tensors

/// The three transforms of F(4 x 4, 3 x 3), each one 1-D transform over the columns and one over the rows.
///
/// They come from evaluating polynomials at 0, a, -a, b, -b and infinity. a = 5/8, b = 3/2 lose half as much precision as the usual 1 and 2,
/// and all coefficients are exact in float32.
enum WinogradTransform {
    typealias Vector = SIMD8<Float>
    private static let (a, b): (Float, Float) = (0.625, 1.5)

    /// A 3 x 3 kernel -> its 36 values at `to[place * stride]`: G g G^T, computed in float64.
    static func kernel(_ g: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, stride: Int) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 18) { half in
            for column in 0..<3 {
                evaluate(Double(g[column]), Double(g[3 + column]), Double(g[6 + column])) { half[$0 * 3 + column] = $1 }
            }
            for i in 0..<6 {
                evaluate(half[i * 3], half[i * 3 + 1], half[i * 3 + 2]) { to[(6 * i + $0) * stride] = Float($1) }
            }
        }
    }

    /// G: g0 + g1 p + g2 p^2 at each point p, divided by the product of its distances to the other points.
    @inline(__always) private static func evaluate(
        _ g0: Double, _ g1: Double, _ g2: Double, put: (Int, Double) -> Void
    ) {
        let (a, b) = (Double(a), Double(b))
        let (atA, atB) = (2 * a * a * (a * a - b * b), 2 * b * b * (b * b - a * a))
        put(0, g0 / (a * a * b * b))
        put(1, (g0 + a * g1 + a * a * g2) / atA)
        put(2, (g0 - a * g1 + a * a * g2) / atA)
        put(3, (g0 + b * g1 + b * b * g2) / atB)
        put(4, (g0 - b * g1 + b * b * g2) / atB)
        put(5, g2)
    }

    /// The 6 x 6 pixels from (`row`, `column`) of the upsampled image, zero outside -> their 36 values of every channel at
    /// `to[place * stride + channel]`: B^T d B.
    static func input(
        _ x: Tensor, row: Int, column: Int, upsampling: Int, into to: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let (height, width, channels) = (x.shape[0] * upsampling, x.shape[1] * upsampling, x.shape[2])
        let from = x.floatPointer
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 36) { pixels in
            for i in 0..<6 {
                for j in 0..<6 {
                    let (r, c) = (row + i, column + j)
                    let inside = r >= 0 && r < height && c >= 0 && c < width
                    pixels[6 * i + j] =
                        inside
                        ? UnsafePointer(from + (r / upsampling * x.shape[1] + c / upsampling) * channels) : nil
                }
            }
            withUnsafeTemporaryAllocation(of: Vector.self, capacity: 36) { half in
                for channel in Swift.stride(from: 0, to: channels, by: Vector.scalarCount) {
                    let count = min(Vector.scalarCount, channels - channel)
                    for j in 0..<6 {
                        @inline(__always) func pixel(_ i: Int) -> Vector {
                            pixels[6 * i + j].map { load($0 + channel, count) } ?? .zero
                        }
                        let t = forward(pixel(0), pixel(1), pixel(2), pixel(3), pixel(4), pixel(5))
                        (half[j], half[6 + j], half[12 + j], half[18 + j], half[24 + j], half[30 + j]) = t
                    }
                    for i in 0..<6 {
                        let h = 6 * i
                        let t = forward(half[h], half[h + 1], half[h + 2], half[h + 3], half[h + 4], half[h + 5])
                        let out = to + h * stride + channel
                        store(t.0, out, count)
                        store(t.1, out + stride, count)
                        store(t.2, out + 2 * stride, count)
                        store(t.3, out + 3 * stride, count)
                        store(t.4, out + 4 * stride, count)
                        store(t.5, out + 5 * stride, count)
                    }
                }
            }
        }
    }

    /// B^T.
    @inline(__always) private static func forward(
        _ d0: Vector, _ d1: Vector, _ d2: Vector, _ d3: Vector, _ d4: Vector, _ d5: Vector
    ) -> (Vector, Vector, Vector, Vector, Vector, Vector) {
        let (aa, bb) = (a * a, b * b)
        let (evenA, oddA) = (d4 - d2 * bb, (d3 - d1 * bb) * a)
        let (evenB, oddB) = (d4 - d2 * aa, (d3 - d1 * aa) * b)
        return (
            d0 * (aa * bb) - d2 * (aa + bb) + d4, evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB,
            d1 * (aa * bb) - d3 * (aa + bb) + d5
        )
    }

    /// The 36 products at `from[place * stride + channel]` -> the 4 x 4 outputs from (`row`, `column`), as far as they lie in `out`: A^T m A,
    /// plus the bias, plus what is there if `accumulate`.
    static func output(
        _ from: UnsafePointer<Float>, stride: Int, bias: UnsafePointer<Float>, row: Int, column: Int, accumulate: Bool,
        into out: Tensor
    ) {
        let (height, width, channels) = (out.shape[0], out.shape[1], out.shape[2])
        let corner = out.floatPointer + (row * width + column) * channels
        withUnsafeTemporaryAllocation(of: Vector.self, capacity: 24) { half in
            for channel in Swift.stride(from: 0, to: channels, by: Vector.scalarCount) {
                let count = min(Vector.scalarCount, channels - channel)
                for j in 0..<6 {
                    // Whole vectors: products stand in panels of 16.
                    @inline(__always) func product(_ i: Int) -> Vector { load(from + (6 * i + j) * stride + channel) }
                    let t = back(product(0), product(1), product(2), product(3), product(4), product(5))
                    (half[j], half[6 + j], half[12 + j], half[18 + j]) = t
                }
                let constant = load(bias + channel)
                for i in 0..<min(4, height - row) {
                    let h = 6 * i
                    let t = back(half[h], half[h + 1], half[h + 2], half[h + 3], half[h + 4], half[h + 5])
                    @inline(__always) func put(_ value: Vector, _ j: Int) {
                        guard column + j < width else { return }
                        let pixel = corner + (i * width + j) * channels + channel
                        store(value + constant + (accumulate ? load(pixel, count) : .zero), pixel, count)
                    }
                    put(t.0, 0)
                    put(t.1, 1)
                    put(t.2, 2)
                    put(t.3, 3)
                }
            }
        }
    }

    /// A^T.
    @inline(__always) private static func back(
        _ m0: Vector, _ m1: Vector, _ m2: Vector, _ m3: Vector, _ m4: Vector, _ m5: Vector
    ) -> (Vector, Vector, Vector, Vector) {
        let (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4)
        return (
            m0 + evenA + evenB, oddA * a + oddB * b, evenA * (a * a) + evenB * (b * b),
            oddA * (a * a * a) + oddB * (b * b * b) + m5
        )
    }

    @inline(__always) private static func load(_ p: UnsafePointer<Float>) -> Vector {
        UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
    }

    @inline(__always) private static func load(_ p: UnsafePointer<Float>, _ count: Int) -> Vector {
        if count == Vector.scalarCount { return load(p) }
        var v = Vector.zero
        for i in 0..<count { v[i] = p[i] }
        return v
    }

    @inline(__always) private static func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>, _ count: Int) {
        if count == Vector.scalarCount {
            UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
        } else {
            for i in 0..<count { p[i] = v[i] }
        }
    }
}
