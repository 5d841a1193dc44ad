import Foundation
import Images
import ShowO2
import Tensors
import Tokenizers

/// Samples of both tasks, on which calibration and analysis run the dense engine: prompts to draw, and images with questions to read.
struct CalibrationSamples: Sendable {
    let prompts: [String]
    let questions: [ModelCalibration.Question]
    /// Where the questions' images are.
    let folder: URL
    /// The first prompt's noise has this seed, the next one's the next.
    var seed: UInt64 = 0

    /// Makes the samples ready for the network, one by one.
    ///
    /// - Parameters:
    ///   - draw: takes a prompt's ids, noise `[1, channels, height, width]` and the model's own schedule.
    ///   - read: takes the ids before the image without boi, latents `[1, channels, height, width]`, and the ids after eoi.
    ///   - progress: told the samples done and their number.
    func run(
        on model: UnifiedModel, draw: ([Int], Tensor, FlowSchedule) throws -> Void,
        read: ([Int], Tensor, [Int]) throws -> Void, progress: (Int, Int) -> Void
    ) throws {
        let (geometry, special, tokenizer) = (model.geometry, try model.specialTokens(), try model.tokenizer())
        let schedule = try FlowSchedule(steps: geometry.sampling.steps, timeShift: geometry.sampling.timeShift)
        let shape = geometry.latentShape(geometry.grid)
        let total = prompts.count + questions.count
        for (i, prompt) in prompts.enumerated() {
            let noise = Tensor(TextToImage.noise(seed: seed &+ UInt64(i), shape: shape), shape: [1] + shape)
            try draw(tokenizer.encode(prompt, special: .asText), noise, schedule)
            progress(i + 1, total)
        }
        let template = ChatTemplate(special: special, tokenizer: tokenizer)
        for (i, question) in questions.enumerated() {
            try Task.checkCancellation()
            let image = try RGBImage(contentsOf: folder.listed(question.image))
            let latents = try ImageQuestion(model).posterior(of: image).mean
            try read(
                template.prefix(), latents.reshaped([1] + latents.shape), template.question(question.question))
            progress(prompts.count + i + 1, total)
        }
    }
}
