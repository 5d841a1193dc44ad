import Foundation

/// A resampling kernel, as Pillow defines it.
public enum ResampleFilter: String, Sendable, CaseIterable {
    /// A triangle: support 1.
    case bilinear
    /// Cubic convolution with a = -0.5: support 2.
    case bicubic
    /// A sinc windowed by a wider sinc: support 3.
    case lanczos

    /// Half the kernel's width, in samples of the coarser grid.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel's value `x` samples off its centre.
    func weight(_ x: Double) -> Double {
        let distance = abs(x)
        guard distance < support || (self == .lanczos && x == -3) else { return 0 }
        switch self {
        case .bilinear:
            return 1 - distance
        case .bicubic:
            let a = -0.5
            if distance < 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
            return (((distance - 5) * distance + 8) * distance - 4) * a
        case .lanczos:
            return Self.sinc(x) * Self.sinc(x / 3)
        }
    }

    private static func sinc(_ x: Double) -> Double {
        x == 0 ? 1 : sin(x * .pi) / (x * .pi)
    }
}
