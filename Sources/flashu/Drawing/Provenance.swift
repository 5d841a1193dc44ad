import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors

/// What an image's text says of where it comes from: all that its pixels depend on, and no paths.
struct Provenance {
    /// Keys of the text beside ``GenerationParameters``' own.
    enum Key {
        static let promptIDs = "Prompt ids"
        static let acceleration = "Acceleration"
        static let model = "Model hash"
        static let calibration = "Calibration hash"
        static let noise = "Noise hash"
        static let instructions = "Instructions"
        static let gridSeeds = "Grid seeds"
    }

    /// The model's name; the contents of its files and of its calibration.
    let model: String
    let modelHash: String
    let calibrationHash: String?
    /// The engine's settings.
    let profile: AccelerationProfile
    let precision: Precision

    init(_ folder: ModelFolder, profile: AccelerationProfile, precision: Precision) throws {
        model = folder.geometry.name
        modelHash = ContentFingerprint.of(model: folder.url)
        calibrationHash = try folder.calibration() == nil ? nil : ContentFingerprint.of(calibration: folder.url)
        self.profile = profile
        self.precision = precision
    }

    /// The text of one image.
    ///
    /// - Parameters:
    ///   - prompt: its text, or its ids as text.
    ///   - ids: what the prompt was given as, if not as text.
    ///   - noise: what it started from, if not from its seed's noise.
    ///   - seeds: of all cells, if the file is a grid of images of which this is the first.
    func parameters(
        of image: TextToImage.Drawn, prompt: String, ids: [Int]?, negativePrompt: String?, noise: [Float]?,
        seeds: [UInt64]? = nil
    ) -> GenerationParameters {
        let extra: [(String, String?)] = [
            (Key.promptIDs, ids?.map(String.init).joined(separator: ",")), (Key.acceleration, profile.recorded),
            (Key.model, modelHash), (Key.calibration, calibrationHash),
            (Key.noise, noise.map(ContentFingerprint.of)), (Key.instructions, CPUCompute.instructionSet),
            (Key.gridSeeds, seeds?.map(String.init).joined(separator: " ")),
        ]
        return GenerationParameters(
            prompt: prompt, negativePrompt: negativePrompt, steps: image.settings.steps,
            sampler: image.settings.sampler.title, cfgScale: Double("\(image.settings.guidance)") ?? 0,
            seed: image.seed, width: image.settings.width, height: image.settings.height, model: model,
            timeShift: Double("\(image.settings.timeShift)"), precision: precision.rawValue,
            version: "FlashU \(FlashUVersion.current)",
            extra: extra.compactMap { key, value in value.map { .init(key: key, value: $0) } })
    }

    /// What differs from an image's text, so that the image can't be drawn again to the last bit: one line, or nil.
    func difference(from other: GenerationParameters, noise: [Float]?) -> String? {
        func extra(_ key: String) -> String? { other.extra.first { $0.key == key }?.value }
        var found: [String] = []
        if extra(Key.model) != modelHash { found.append("another model (\(other.model ?? "unnamed"))") }
        if extra(Key.calibration) != calibrationHash { found.append("another calibration") }
        if extra(Key.noise) != noise.map(ContentFingerprint.of) {
            found.append(noise == nil ? "given noise (--init-noise)" : "other noise")
        }
        if let other = extra(Key.instructions), other != CPUCompute.instructionSet {
            found.append("other instructions (\(other))")
        }
        if let version = other.version, version != "FlashU \(FlashUVersion.current)" { found.append(version) }
        return found.isEmpty ? nil : "the image was drawn with \(found.joined(separator: ", ")); this one will differ"
    }
}
