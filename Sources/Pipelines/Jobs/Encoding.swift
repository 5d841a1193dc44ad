import Compute
import FlashU
import Images
import ShowO2

/// The job that makes images and videos ready to be read: they pass the VAE one by one.
final class Encoding: Job {
    private let encoding: PieceEncoding

    /// - Parameters:
    ///   - profile: how images and frames are read.
    ///   - encoded: told after each image and frame how many there were, and how many there will be.
    ///   - done: given the pieces, text among them, in order.
    /// - Throws: `ModelError`, `TokenizerError`, `ImageError`, and errors of the VAE's file.
    init(
        _ prompt: [PromptPiece], on model: UnifiedModel, _ profile: AccelerationProfile,
        encoded: @escaping (Int, Int) -> Void = { _, _ in },
        done: @escaping ([Piece]) -> Void
    ) throws {
        encoding = try PieceEncoding(
            prompt, on: model, frameCache: profile.frameCache, reading: profile.reading)
        var estimate = MemoryEstimate()
        try encoding.addVAE(to: &estimate)
        super.init(.understanding, on: model.network, estimate: estimate, waitingFor: encoding.frameSources)
        stages.add { [unowned self] in
            encoding.add(to: stages) { [unowned self] in encoded($0, encoding.pixelCount) }
            stages.add { [unowned self] in
                done(encoding.pieces)
                finish(.read)
            }
        }
    }
}
