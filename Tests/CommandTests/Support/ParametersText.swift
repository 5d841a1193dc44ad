import Foundation
import Images
import Testing

/// Reads an image's text as somebody would who knows nothing but the text and `flashu help generate`.
enum ParametersText {
    /// The arguments of `flashu generate` that draw the image again.
    static func arguments(_ text: String) throws -> [String] {
        let read = try GenerationParameters(parsing: text)
        func extra(_ key: String) -> String? { read.extra.first { $0.key == key }?.value }
        var arguments = extra("Prompt ids").map { ["--prompt-ids", $0] } ?? [read.prompt]
        arguments += [
            "--steps", "\(read.steps)", "--sampler", read.sampler, "--cfg-scale", "\(read.cfgScale)", "--seed",
            "\(read.seed)", "-W", "\(read.width)", "-H", "\(read.height)", "--time-shift",
            "\(try #require(read.timeShift))", "--precision", try #require(read.precision),
        ]
        if let negative = read.negativePrompt { arguments += ["--negative-prompt", negative] }
        if let changes = extra("Acceleration") { arguments += ["--accelerate", changes] }
        return arguments
    }

    /// The text of an image file, of any format.
    static func of(_ file: URL) throws -> String {
        try #require(try ImageMetadata.parametersText(contentsOf: file))
    }
}
