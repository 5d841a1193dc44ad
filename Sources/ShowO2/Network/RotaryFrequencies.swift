import Foundation

/// Inverse frequencies of rotary position embeddings, always at full precision.
enum RotaryFrequencies {
    /// `theta^(-2j / headDim)`, `[headDim / 2]`.
    static func plain(headDim: Int, theta: Double) -> [Double] {
        (0..<headDim / 2).map { 1 / pow(theta, Double(2 * $0) / Double(headDim)) }
    }

    /// The diffusion head's: base 5e5 with llama3 long-context scaling (factor 32, low 1, high 4, original length 8192).
    ///
    /// Official file: `models/modules.py`, `DiffusionHeadConfig`.
    static func head(headDim: Int) -> [Double] {
        let (factor, low, high, original) = (32.0, 1.0, 4.0, 8192.0)
        return plain(headDim: headDim, theta: 5e5).map { frequency in
            let turns = original * frequency / (2 * .pi)  // over the original context
            let smooth = min(max((turns - low) / (high - low), 0), 1)
            return frequency / factor * (1 - smooth) + frequency * smooth
        }
    }
}
