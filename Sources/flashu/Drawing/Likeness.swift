import Compute
import FlashU
import Foundation
import Images
import Pipelines

/// `--like`: the settings of an image that FlashU drew, read from its text.
struct Likeness {
    let parameters: GenerationParameters
    let profile: AccelerationProfile
    let promptIDs: [Int]?
    let precision: Precision?

    /// - Throws: ``CommandError`` when the image has no such text, or one of another program.
    init(_ file: InputFile) throws(CommandError) {
        do {
            try self.init(image: file.data(limit: 1 << 30), name: file.shown)
        } catch {
            throw CommandError("--like \(file.shown): \(error)")
        }
    }

    private init(image data: Data, name: String) throws {
        guard let text = try ImageMetadata.parametersText(of: data, name: name) else {
            throw CommandError("the image has no text with generation parameters")
        }
        let parameters = try GenerationParameters(parsing: text)
        guard parameters.version?.hasPrefix("FlashU ") == true else {
            throw CommandError("the image was not drawn by FlashU")
        }
        func extra(_ key: String) -> String? { parameters.extra.first { $0.key == key }?.value }
        if extra(Provenance.Key.pieces) != nil {
            throw CommandError(
                "the image was drawn behind a sequence (--pieces, chat) that its text does not hold; draw it again from that"
            )
        }
        guard let sampler = Sampler.Kind(argument: parameters.sampler) else {
            throw CommandError("there is no sampler \"\(parameters.sampler.prefix(40))\"")
        }
        var profile = AccelerationProfile.off
        if let changes = extra(Provenance.Key.acceleration) {
            guard let read = try AccelerationProfile.inline(changes) else {
                throw CommandError(
                    "its acceleration \"\(changes.prefix(80))\" says no fields; name them with --accelerate")
            }
            profile = read
        }
        profile.schedule.sampler = sampler
        self.parameters = parameters
        self.profile = profile
        promptIDs = extra(Provenance.Key.promptIDs).flatMap { TokenIDs(argument: $0)?.ids }
        precision = parameters.precision.flatMap { Precision(rawValue: $0) }
    }
}
