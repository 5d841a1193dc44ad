public import FlashU
public import ShowO2

extension Conversation {
    /// What stands around what the user says.
    public enum Template: String, Sendable, CaseIterable {
        /// Nothing but bos at the very beginning: text goes on as it is, as in the official `inference_mixed_modality.py`.
        case plain
        /// ChatML as Qwen2.5's and the official `inference_mmu.py` have it, with a system's, the user's and the assistant's turns.
        case chatML = "chatml"
    }

    /// Which time the time token of an image stands for that the model drew itself.
    public enum ImageTime: String, Sendable, CaseIterable {
        /// As in the official `inference_mixed_modality.py`: t = 1 (finished) while an image is drawn, t = 0 (noise) while text is written.
        case official
        /// t = 1 always.
        case finished
    }

    /// What holds for a whole conversation.
    public struct Style: Sendable {
        /// What stands around what the user says.
        public var template = Template.plain
        /// The time of images that the model drew.
        public var imageTime = ImageTime.official
        /// Which rows of a video see each other.
        public var videoMask = VideoPiece.Mask.official
        /// Tokens that the conversation may have at most, up to `TokenSequence.longest`.
        public var context = TokenSequence.longest

        /// The official script's.
        public init() {}
    }

    /// What holds for a turn.
    public struct Settings: Sendable {
        /// Tokens of a text at most, before an image or the end (official: 200).
        public var maxTokens = 200
        /// How often the model may write, and then draw, in one turn (official: 4).
        public var rounds = 4
        /// Randomness of the text. The official script's temperature is 1.
        public var temperature = 1.0
        /// Only the k likeliest tokens; nil = all.
        public var topK: Int?
        /// Only the likeliest tokens whose probabilities add up to this; nil = all.
        public var topP: Double?
        /// Of all random choices: image k of the conversation (k = 0, 1, ...) starts from the noise of `seed + k`, and texts go on with one generator.
        public var seed: UInt64 = 0
        /// Guidance scale of the first image; nil = the model's.
        public var guidance: Float?
        /// Guidance scale of all later ones (official: 5, whatever the first has).
        public var laterGuidance: Float = 5
        /// Points of the time grid; nil = the model's.
        public var steps: Int?
        /// Shift of the time grid; nil = the model's.
        public var timeShift: Float?
        /// Pixels of images; nil = the model's own size.
        public var width: Int?
        /// Pixels of images; nil = the model's own size.
        public var height: Int?
        /// What may be done to be faster.
        public var profile = AccelerationProfile.off
        /// Whether images are decoded to pixels.
        public var decode = true

        /// The official script's.
        public init() {}

        /// The request for an image behind `images` others.
        func drawing(after images: Int) -> TextToImage.Request {
            TextToImage.Request(
                prompts: [.pieces([])], steps: steps, guidance: images == 0 ? guidance : laterGuidance,
                timeShift: timeShift, seed: seed &+ UInt64(images), width: width, height: height, decode: decode,
                profile: profile)
        }

        /// The request for text behind so many choices of the model.
        func writing(after choices: Int, maxTokens: Int) -> ImageQuestion.Request {
            var request = ImageQuestion.Request(
                sources: [], questions: [.continuation], prefix: [], maxTokens: maxTokens,
                // The generator adds a constant for each choice, so that this is the one of the texts before, which goes on.
                sampling: SamplingOptions(
                    temperature: temperature, topK: topK, topP: topP, seed: seed &+ UInt64(choices)),
                profile: profile)
            request.endsAtImage = true
            return request
        }
    }
}
