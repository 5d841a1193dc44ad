import FlashU
import Foundation
import Images

/// The body of `POST /v1/images/generations`, as OpenAI's clients send it, with vLLM-Omni's names for what those have not.
struct ImagesRequest: Sendable {
    let prompt: String
    let negativePrompt: String?
    let count: Int
    let size: String?
    let quality: String
    let answersURL: Bool
    let file: DrawnFile
    let isStream: Bool
    let previews: Int
    /// Whether what every evaluation did is told.
    let traces: Bool
    let seed: UInt64
    let steps: Int?
    let guidance: Float?
    let accelerate: String?
    let model: String?

    /// - Throws: ``APIError``.
    init(_ fields: Fields) throws(APIError) {
        guard let prompt = try fields.string("prompt"), !prompt.isEmpty else {
            throw .invalid("prompt", "prompt must say what to draw")
        }
        self.prompt = prompt
        negativePrompt = try fields.filled("negative_prompt")
        count = try fields.integer("n", in: 1...10) ?? 1
        size = try fields.string("size")
        let qualities = ["auto", "low", "medium", "high", "standard", "hd"]
        quality = try fields.word("quality", of: qualities) ?? "auto"
        answersURL = try fields.word("response_format", of: ["b64_json", "url"]) == "url"
        file = try DrawnFile(fields)
        if try fields.word("background", of: ["auto", "opaque", "transparent"]) == "transparent" {
            throw .invalid("background", "background must be opaque or auto; this model draws no transparency")
        }
        // Nothing here moderates or styles; what isn't a word is wrong all the same.
        for name in ["moderation", "style", "user"] { _ = try fields.string(name) }
        isStream = try fields.bool("stream") ?? false
        let partial = try fields.integer("partial_images", in: 0...3)
        previews = try fields.integer("previews", in: 0...100) ?? partial ?? 0
        traces = try fields.bool("trace") ?? false
        // Answered with each image, so that it can be drawn again.
        seed = try fields.seed() ?? UInt64.random(in: 0...UInt64(UInt32.max))
        steps = try fields.integer("num_inference_steps", in: 2...1000)
        guidance = try fields.number("guidance_scale", in: 0...1000).map { Float($0) }
        accelerate = try fields.string("accelerate")
        model = try fields.string("model")
    }
}

/// How a drawn image is written.
struct DrawnFile: Sendable {
    let format: ImageFileFormat
    let quality: Int?

    /// - Throws: ``APIError``.
    init(_ fields: Fields) throws(APIError) {
        let word = try fields.word("output_format", of: ImageFileFormat.allCases.map(\.rawValue)) ?? "png"
        format = ImageFileFormat(rawValue: word) ?? .png
        let compression = try fields.integer("output_compression", in: 0...100)
        quality = format == .png ? nil : compression.map { max(1, $0) }
    }

    /// PNG.
    init() { (format, quality) = (.png, nil) }

    /// The image as text.
    /// - Throws: `ImageError`.
    func base64(_ image: RGBImage, text: [(key: String, value: String)] = []) throws(ImageError) -> String {
        try image.data(as: format, quality: quality, text: text).base64EncodedString()
    }

    /// Such as `data:image/png;base64,`.
    var dataURLPrefix: String { "data:\(format.mediaType);base64," }
}
