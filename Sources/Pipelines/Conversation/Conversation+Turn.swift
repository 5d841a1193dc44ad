public import ShowO2
public import Tensors

extension Conversation {
    /// What was said and drawn between one thing that the user says and the next.
    public struct Turn: Sendable {
        /// In the order in which the model reads them.
        public var parts: [Part]
        /// How it ended.
        public var ending: Ending
        /// How many tokens were read for it; nothing where it was taken over from elsewhere.
        public var reading = Reading()

        /// A turn that was kept elsewhere.
        public init(parts: [Part], ending: Ending) { (self.parts, self.ending) = (parts, ending) }

        /// Choices of the model: its tokens, the boi of each of its images among them.
        var choices: Int {
            parts.reduce(0) {
                guard $1.author == .model else { return $0 }
                if case .tokens(let ids) = $1.content { return $0 + ids.count }
                return $0 + 1
            }
        }

        /// Images that the model drew.
        var drawn: Int { parts.count { $0.author == .model && $0.content.isVisual } }
    }

    /// One thing in a conversation.
    public struct Part: Sendable {
        /// Who said it.
        public var author: Author
        /// What it is.
        public var content: Content

        /// A part.
        public init(_ author: Author, _ content: Content) { (self.author, self.content) = (author, content) }
    }

    /// Who said a part.
    public enum Author: String, Sendable, Codable {
        /// Who talks with the model.
        case user
        /// The model.
        case model
        /// Nobody: tokens that a ``Template`` puts around what the user says.
        case template
    }

    /// What a part is.
    public enum Content: Sendable {
        /// Token ids, those of the end included.
        case tokens([Int])
        /// An image, its boi, time token and eoi not counted among tokens: latents `[1, channels, height / 8, width / 8]` float32, normalised, and the
        /// places of tokens that see nothing but bars.
        case image(latents: Tensor, padding: Set<Int> = [])
        /// A video: latents `[frames, channels, height / 8, width / 8]` float32, normalised, and of each frame the places of tokens that see nothing but
        /// bars, once they have become fewer; and what changes from frame to frame, where not all of each frame is read.
        case video(latents: Tensor, padding: Set<Int> = [], changes: VideoPiece.Changes? = nil)

        /// Whether it is seen rather than read.
        public var isVisual: Bool { if case .tokens = self { false } else { true } }
    }

    /// How a turn ended.
    public enum Ending: String, Sendable, Codable {
        /// By the model: it has nothing more to say.
        case ended
        /// An image that was asked for is there.
        case drawn
        /// At as many tokens or rounds as the settings allow. Saying nothing goes on from there.
        case cut
        /// At the end of the context.
        case full
        /// By whoever listened; what had been written stays.
        case cancelled
    }

    /// Tokens that were read for a turn, into each of the two sequences; those of images included.
    public struct Reading: Sendable, Equatable, Codable {
        /// Into the one that text is written at the end of.
        public var writing = 0
        /// Into the one that images are drawn at the end of.
        public var drawing = 0
    }

    /// What happens in a turn.
    public enum Event: Sendable {
        /// So many of the images and frames that the user shows have passed the VAE.
        case encoded(done: Int, total: Int)
        /// More text of the model.
        case text(String)
        /// The model begins an image, by its own decision or because it was told to.
        case drawing(TextToImage.Settings)
        /// An evaluation of it was done.
        case step(TextToImage.Step)
        /// An image is finished.
        case image(TextToImage.Drawn)
        /// The turn is over and is part of ``Conversation/turns``.
        case turn(Turn)
    }
}

extension Conversation.Content {
    /// What a piece that was encoded is.
    init(_ piece: Piece) {
        switch piece {
        case .text(let ids): self = .tokens(ids)
        case .image(let image): self = .image(latents: image.latents, padding: image.padding)
        case .video(let video): self = .video(latents: video.latents, padding: video.padding, changes: video.changes)
        }
    }
}
