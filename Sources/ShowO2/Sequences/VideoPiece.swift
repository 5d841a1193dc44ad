public import Tensors

/// A video in a sequence, all frames behind one time token: `[boi] T (cell*M)*frames [eoi]`.
///
/// Each frame is embedded alone, as an image is, and its embeddings are halved in both directions (`FramePooling`): 196 tokens a frame at 432 x 432.
///
/// Official file: `inference_mmu_vid.py`.
public struct VideoPiece: Sendable {
    /// Of each frame, `[frames, channels, height, width]` float32, normalised.
    public var latents: Tensor
    /// The time that its time token stands for: 1 = finished frames.
    public var time: Float
    /// Which of its rows see each other.
    public var mask: Mask
    /// The places of tokens that see nothing but the bars around a letterboxed picture, the same in each frame, in raster order: a ``TokenCut`` drops
    /// them first.
    public var padding: Set<Int>
    /// What changes from frame to frame, where not all of each frame is embedded; nil = all is.
    public var changes: Changes?

    /// What is embedded of a video's frames. Tokens that none of these cells looks at don't pass the semantic encoder: the others see their keys and values of
    /// the frame in which they last did.
    public struct Changes: Sendable, Equatable, Codable {
        /// Of each frame the cells that are embedded, rising, in raster order; of the first all.
        public var cells: [[Int]]
        /// What stands for the others.
        public var others: Others

        /// What stands for a cell that is not embedded.
        public enum Others: String, Sendable, Codable, CaseIterable {
            /// The same cell's embedding in the frame before.
            case reuse
            /// Nothing: the language model doesn't see it. Those after it keep their positions.
            case vanish
        }

        /// Cells of each frame.
        public init(cells: [[Int]], others: Others = .reuse) { (self.cells, self.others) = (cells, others) }
    }

    /// The rows that attend to each other in both directions, counted from the first frame's first token. All others are causal, the time token too.
    public enum Mask: Sendable, Equatable {
        /// As many as an image has, and one: the official script's, which takes the mask's length from its images' configuration (730 rows at
        /// 432 x 432). Where a video is shorter than that, it reaches into what is read behind it in the same pass, as it does there.
        case official
        /// All tokens and eoi.
        case full
    }

    /// Finished frames, to be understood.
    public init(
        latents: Tensor, time: Float = 1, mask: Mask = .official, padding: Set<Int> = [], changes: Changes? = nil
    ) {
        (self.latents, self.time, self.mask, self.padding, self.changes) = (latents, time, mask, padding, changes)
    }
}
