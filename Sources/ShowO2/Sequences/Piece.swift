public import Tensors

/// A part of what a sequence reads.
public enum Piece: Sendable {
    /// Token ids, causal.
    case text([Int])
    /// An image.
    case image(ImagePiece)
    /// Frames of a video.
    case video(VideoPiece)
}

/// An image in a sequence: `[boi] T img*N [eoi]`.
public struct ImagePiece: Sendable {
    /// `[1, channels, height, width]` float32, normalised.
    public var latents: Tensor
    /// The time that its time token stands for: 1 = a finished image.
    public var time: Float
    /// Which of its rows see each other.
    public var mask: Mask
    /// The places of tokens that see nothing but the bars around a letterboxed picture, in raster order: a ``TokenCut`` drops them first.
    public var padding: Set<Int> = []

    /// The rows that attend to each other in both directions.
    public enum Mask: Sendable {
        /// `img*N [eoi]`, the time token being causal: the official mask of understanding, whose span starts one later than in generation.
        case understanding
        /// `T img*N`: the official mask of generation.
        case generation
    }

    /// A finished image, to be understood.
    public init(latents: Tensor, time: Float = 1, mask: Mask = .understanding, padding: Set<Int> = []) {
        self.latents = latents
        self.time = time
        self.mask = mask
        self.padding = padding
    }
}
