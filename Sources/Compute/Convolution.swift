/// The weights of a 2-D convolution as a backend packed them.
public protocol ConvolutionWeights: Sendable {
    /// Input channels.
    var inputs: Int { get }
    /// Output channels.
    var outputs: Int { get }
    /// Bytes held.
    var byteCount: Int { get }
}

/// Geometry of a 2-D convolution over channels-last images `[height, width, channels]`.
public struct ConvolutionGeometry: Sendable, Hashable {
    /// Kernel side.
    public let kernel: Int
    /// Step in both directions.
    public let stride: Int
    /// Zero rows above and columns left of the image.
    public let padBefore: Int
    /// Zero rows below and columns right of the image.
    public let padAfter: Int

    /// A square kernel.
    public init(kernel: Int, stride: Int = 1, padBefore: Int, padAfter: Int) {
        self.kernel = kernel
        self.stride = stride
        self.padBefore = padBefore
        self.padAfter = padAfter
    }

    /// Stride 1, output as large as the input.
    public static func same(kernel: Int) -> ConvolutionGeometry {
        ConvolutionGeometry(kernel: kernel, padBefore: kernel / 2, padAfter: kernel / 2)
    }

    /// Output extent for an input extent.
    public func output(of extent: Int) -> Int { (extent + padBefore + padAfter - kernel) / stride + 1 }
}
