public import Images
public import Tensors
public import Tokenizers

/// A part of what a model reads before it answers or draws; parts stand in the order in which they are given.
public enum PromptPiece: Sendable {
    /// Text as it is, in no template. By default special tokens in it are plain text.
    case text(String, special: Tokenizer.SpecialTokens = .asText)
    /// Token ids.
    case ids([Int])
    /// Pixels: the short side is resized to the model's size (bicubic, antialiased) and the centre cut out.
    case image(RGBImage)
    /// Pixels at the model's own size (`ShowO2/ShowO2Geometry/readingSize`), of which a picture fills `picture` and bars the rest. Tokens that see
    /// only bars are dropped before all others by profiles that drop some.
    case letterboxed(RGBImage, picture: ImageFitting.Rectangle)
    /// Normalised latents `[count, channels, height / 8, width / 8]` float32: of one image or of several, one after the other, or of a video's frames.
    /// `time` is what their time token stands for: 1 = finished.
    case latents(Tensor, kind: LatentKind = .image, time: Float = 1)
    /// A video, whose frames have the model's own size.
    case video(any FrameSource)

    /// What latents are of.
    public enum LatentKind: String, Sendable, Codable {
        /// An image, or several images.
        case image
        /// A video.
        case video
    }

    /// Whether it is seen rather than read.
    public var isVisual: Bool {
        switch self {
        case .text, .ids: false
        case .image, .letterboxed, .latents, .video: true
        }
    }
}
