internal import CKernels

/// The kernel's transform of F(4 x 4, 3 x 3): one 1-D transform over the columns and one over the rows, at the points of the images' transforms
/// (`winograd.inc`).
enum WinogradKernel {
    private static let (a, b) = (CK_WINOGRAD_A, CK_WINOGRAD_B)

    /// A 3 x 3 kernel -> its 36 values at `to[place * stride]`: G g G^T, computed in float64.
    static func transform(_ g: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, stride: Int) {
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
        let (atA, atB) = (2 * a * a * (a * a - b * b), 2 * b * b * (b * b - a * a))
        put(0, g0 / (a * a * b * b))
        put(1, (g0 + a * g1 + a * a * g2) / atA)
        put(2, (g0 - a * g1 + a * a * g2) / atA)
        put(3, (g0 + b * g1 + b * b * g2) / atB)
        put(4, (g0 - b * g1 + b * b * g2) / atB)
        put(5, g2)
    }
}
