/// How far latents are from others.
public enum LatentError {
    /// `||a - b|| / ||b||`, L2; 0 where b is 0.
    public static func relative(_ a: [Float], _ b: [Float]) -> Double {
        var (difference, norm) = (0.0, 0.0)
        for (x, y) in zip(a, b) {
            difference += Double(x - y) * Double(x - y)
            norm += Double(y) * Double(y)
        }
        return norm > 0 ? (difference / norm).squareRoot() : 0
    }
}
