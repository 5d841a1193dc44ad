/// The answer of `POST /v1/images/generations`.
struct ImagesAnswer: Encodable, Sendable {
    /// One image.
    struct Datum: Encodable, Sendable {
        let b64_json: String?
        let url: String?
        /// Draws the same image again.
        let seed: UInt64
        /// How it came by, where that is asked for.
        let trace: DrawingTrace?
    }

    /// What was drawn, in the end.
    struct Form: Encodable, Sendable {
        let background: String
        let output_format: String
        let quality: String
        let size: String
    }

    /// Tokens.
    struct Usage: Encodable, Sendable {
        struct Details: Encodable, Sendable {
            let image_tokens: Int
            let text_tokens: Int
        }
        let input_tokens: Int
        let input_tokens_details: Details
        let output_tokens: Int
        let total_tokens: Int

        init(text: Int, images: Int) {
            input_tokens = text
            input_tokens_details = Details(image_tokens: 0, text_tokens: text)
            output_tokens = images
            total_tokens = text + images
        }
    }

    let created: Int
    let data: [Datum]
    let background: String
    let output_format: String
    let quality: String
    let size: String
    let usage: Usage

    init(created: Int, data: [Datum], form: Form, usage: Usage) {
        (self.created, self.data, self.usage) = (created, data, usage)
        (background, output_format, quality, size) = (form.background, form.output_format, form.quality, form.size)
    }
}

/// An event of a drawing's stream.
struct ImagesEvent: Encodable, Sendable {
    static let partialName = "image_generation.partial_image"
    static let completedName = "image_generation.completed"

    let type: String
    let b64_json: String
    let created_at: Int
    let size: String
    let quality: String
    let background: String
    let output_format: String
    let partial_image_index: Int?
    let usage: ImagesAnswer.Usage?
    let seed: UInt64?
    /// Which of several images it is.
    let image_index: Int?
    let trace: DrawingTrace?

    private init(
        _ type: String, _ encoded: String, _ form: ImagesAnswer.Form, number: Int?, usage: ImagesAnswer.Usage?,
        seed: UInt64?, image: Int?, trace: DrawingTrace? = nil
    ) {
        (self.type, b64_json, created_at) = (type, encoded, Exchange.now)
        (size, quality, background, output_format) = (form.size, form.quality, form.background, form.output_format)
        (partial_image_index, self.usage, self.seed, image_index) = (number, usage, seed, image)
        self.trace = trace
    }

    /// What an image is going to be.
    static func partial(_ encoded: String, _ form: ImagesAnswer.Form, number: Int, image: Int?) -> ImagesEvent {
        ImagesEvent(partialName, encoded, form, number: number, usage: nil, seed: nil, image: image)
    }

    /// A finished image.
    static func completed(
        _ encoded: String, _ form: ImagesAnswer.Form, _ usage: ImagesAnswer.Usage, seed: UInt64, image: Int?,
        trace: DrawingTrace?
    ) -> ImagesEvent {
        ImagesEvent(completedName, encoded, form, number: nil, usage: usage, seed: seed, image: image, trace: trace)
    }
}
