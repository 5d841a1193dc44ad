public import Images
import ShowO2

/// Draws videos from text, or from their first frame and text. **Experimental**: the official network has the path (its `forward` on latents of several
/// frames, `first_frame_as_cond`, the VAE in time), but no weights for it are released, and models trained on images know no motion.
///
/// ```swift
/// let request = TextToVideo.Request(.init(prompt: "a red circle", seed: 1), frames: 9)
/// for try await event in TextToVideo(model).generate(request) {
///     if case .frame(let frame) = event { use(frame.pixels) }
/// }
/// ```
///
/// A video of 1 + 4k frames is 1 + k frames of latents, drawn together: all stand in one span behind one time token, `[bos] prompt [boi] T frame*N ...`, the
/// layout of the official images (`prepare_gen_input`), and each is embedded as an image is. With a first frame, that one's latents (the posterior's mean)
/// stand in the noise's place, and their velocity is zero. Frames are decoded and handed over one by one.
public struct TextToVideo: Sendable {
    let model: UnifiedModel

    /// A pipeline on a loaded model.
    public init(_ model: UnifiedModel) { self.model = model }

    /// What to draw.
    public struct Request: Sendable {
        /// Everything that images have, too: each image is a video. The noise is `[videos, latent frames, channels, height / 8, width / 8]`, of one video also
        /// without the first extent.
        public var drawing: TextToImage.Request
        /// Frames of each video: 1 + 4k, such as 5, 9 or 17.
        public var frames: Int
        /// The first frame, in the video's size; nil = it is drawn as well.
        public var firstFrame: RGBImage?

        /// Videos in the place of a request's images.
        public init(_ drawing: TextToImage.Request, frames: Int, firstFrame: RGBImage? = nil) {
            (self.drawing, self.frames, self.firstFrame) = (drawing, frames, firstFrame)
        }

        /// The request as the job takes it.
        /// - Throws: ``ModelError/request(_:)`` for a number of frames that can't be drawn.
        func film() throws(ModelError) -> TextToImage.Request {
            guard frames <= 1 << 20, let latents = WanVAE.latents(ofFrames: frames) else {
                let fewer = max(1, min(frames, 1 << 20) - 1) / WanVAE.timeScale * WanVAE.timeScale + 1
                throw .request(
                    "a video has 1 + 4k frames, not \(frames); \(fewer) or \(fewer + WanVAE.timeScale) would do")
            }
            guard firstFrame == nil || latents > 1 else {
                throw .request("a video of one frame leaves nothing to draw behind its first frame; ask for 5 or more")
            }
            var request = drawing
            request.film = .init(latentFrames: latents, firstFrame: firstFrame)
            return request
        }
    }

    /// What happens while videos are drawn.
    public enum Event: Sendable {
        /// An evaluation was done.
        case step(TextToImage.Step)
        /// A frame was decoded.
        case frame(Frame)
        /// A video is finished; its latents are `[latent frames, channels, height / 8, width / 8]`, and it has no pixels but its frames'.
        case video(TextToImage.Drawn)
    }

    /// A frame of a video.
    public struct Frame: Sendable {
        /// The video's place among the prompts.
        public let video: Int
        /// 0, 1, ... in this order.
        public let index: Int
        /// Frames of the video.
        public let count: Int
        /// The picture.
        public let pixels: RGBImage
    }

    /// Draws, telling of each step, frame and video as it comes. Ending the iteration stops the work within a unit; see ``Scheduler``.
    ///
    /// The stream throws what ``TextToImage/generate(_:)`` throws, and `ModelError` where the VAE's file holds what single images need.
    public func generate(_ request: Request) -> AsyncThrowingStream<Event, any Error> {
        model.scheduler.stream { emit in
            try Drawing(
                request.film(), on: model, observe: nil, frame: { emit(.frame($0)) },
                emit: { event in
                    switch event {
                    case .step(let step): emit(.step(step))
                    case .image(let video): emit(.video(video))
                    }
                })
        }
    }

    /// The noise of a seed, `[frames, channels, height, width]`: `torch.randn` of the official `[channels, frames, height, width]`, rounded to bfloat16.
    static func noise(seed: UInt64, frames: Int, shape: [Int]) -> [Float] {
        let (channels, plane) = (shape[0], shape[1] * shape[2])
        let values = TextToImage.noise(seed: seed, shape: [channels, frames, shape[1], shape[2]])
        var out: [Float] = []
        out.reserveCapacity(values.count)
        for frame in 0..<frames {
            for channel in 0..<channels {
                out += values[(channel * frames + frame) * plane..<(channel * frames + frame + 1) * plane]
            }
        }
        return out
    }
}
