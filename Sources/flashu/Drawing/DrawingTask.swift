import FlashU
import Foundation
import Pipelines
import ShowO2
import Tensors

/// Images that share their settings, and the files that they go to.
struct DrawingTask: Sendable {
    /// What is drawn, ``copies`` times each.
    var prompts: [TextToImage.Request.Prompt]
    /// Images of each prompt.
    var copies = 1
    var negativePrompt: String?
    var steps: Int?
    var cfgScale: Float?
    var timeShift: Float?
    var seed: UInt64
    var width: Int?
    var height: Int?
    /// One for each image; empty when only latents are kept.
    var files: [ImageOutput] = []
    /// The line of `--prompts` that asked for it.
    var line: String?

    /// The pipeline's request.
    func request(_ profile: AccelerationProfile, noise: Tensor?, decode: Bool) -> TextToImage.Request {
        var request = TextToImage.Request(
            prompts: prompts, steps: steps, guidance: cfgScale, timeShift: timeShift, seed: seed, width: width,
            height: height, negativePrompt: negativePrompt.map { .text($0) }, noise: noise, decode: decode,
            profile: profile)
        request.copies = copies
        return request
    }
}
