/// The body of `POST /sdapi/v1/txt2img`. `steps` are points of the time grid, as everywhere here.
package struct WebUIRequest: Sendable {
    let prompt: String
    let negativePrompt: String?
    let steps: Int?
    let guidance: Float?
    let seed: UInt64
    let width: Int?
    let height: Int?
    let count: Int

    /// - Throws: ``APIError``.
    package init(_ fields: Fields) throws(APIError) {
        prompt = try fields.string("prompt") ?? ""
        negativePrompt = try fields.filled("negative_prompt")
        steps = try fields.integer("steps", in: 1...1000).map { max(2, $0) }
        guidance = try fields.number("cfg_scale", in: 0...1000).map { Float($0) }
        seed = try fields.seed() ?? UInt64.random(in: 0...UInt64(UInt32.max))
        width = try fields.integer("width", in: 1...100_000)
        height = try fields.integer("height", in: 1...100_000)
        let (batch, rounds) = (
            try fields.integer("batch_size", in: 1...10) ?? 1, try fields.integer("n_iter", in: 1...10) ?? 1
        )
        guard batch * rounds <= 10 else { throw .invalid("n_iter", "batch_size x n_iter must be 10 at most") }
        count = batch * rounds
    }
}
