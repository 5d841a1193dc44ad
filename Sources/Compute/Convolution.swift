internal import Tensors

/// The weights of a 2-D convolution as a backend packed them.
public protocol ConvolutionWeights: Sendable {
    /// Input channels.
    var inputs: Int { get }
    /// Output channels.
    var outputs: Int { get }
    /// Kernel, step and padding.
    var geometry: ConvolutionGeometry { get }
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
    /// How often every pixel is repeated in both directions before anything else (nearest-neighbour upsampling).
    public let upsampling: Int

    /// A square kernel.
    public init(kernel: Int, stride: Int = 1, padBefore: Int, padAfter: Int, upsampling: Int = 1) {
        self.kernel = kernel
        self.stride = stride
        self.padBefore = padBefore
        self.padAfter = padAfter
        self.upsampling = upsampling
    }

    /// Stride 1, output as large as the (upsampled) input.
    public static func same(kernel: Int, upsampling: Int = 1) -> ConvolutionGeometry {
        ConvolutionGeometry(kernel: kernel, padBefore: kernel / 2, padAfter: kernel / 2, upsampling: upsampling)
    }

    /// Output columns for a number of input columns.
    public func output(of extent: Int) -> Int { output(of: extent, .all) }

    /// Output rows for a number of input rows that end at some of the image's edges.
    public func output(of extent: Int, _ edges: ImageEdges) -> Int {
        (extent * upsampling + (edges.top ? padBefore : 0) + (edges.bottom ? padAfter : 0) - kernel) / stride + 1
    }
}

extension ConvolutionGeometry {
    /// Checks that it makes sense, and that a weight `[outputs, inputs, kernel, kernel]` and a bias `[outputs]` fit: they come from files.
    func check(weight: Tensor, bias: Tensor?) throws(ComputeError) {
        guard kernel >= 1, stride >= 1, upsampling >= 1, padBefore >= 0, padAfter >= 0,
            [kernel, stride, upsampling, padBefore, padAfter].allSatisfy({ $0 <= 1 << 16 })
        else { throw .shape("a convolution cannot have \(self)") }
        guard weight.shape.count == 4, weight.shape[2] == kernel, weight.shape[3] == kernel, weight.count > 0,
            bias.map({ $0.count == weight.shape[0] }) ?? true
        else { throw .shape("a convolution of shape \(weight.shape) for a kernel of \(kernel)") }
    }
}

/// Which of an image's edges a band of its rows ends at. Only there is it padded: elsewhere rows go on beyond the band, and outputs that
/// would need them are not computed.
public struct ImageEdges: Sendable, Hashable {
    /// Whether the band begins with the image's first row.
    public let top: Bool
    /// Whether the band ends with the image's last row.
    public let bottom: Bool

    /// The edges of a band.
    public init(top: Bool, bottom: Bool) {
        self.top = top
        self.bottom = bottom
    }

    /// A whole image.
    public static let all = ImageEdges(top: true, bottom: true)
}
