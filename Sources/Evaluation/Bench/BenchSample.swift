/// The verdict on one prompt or question.
public struct BenchSample: Sendable, Equatable, Codable {
    /// Its place in the set, from 0.
    public var index: Int
    /// The kind of prompt or question.
    public var task: String
    /// The prompt, or image and question.
    public var input: String
    /// What the evaluator saw in the image, or the answer.
    public var output: String
    /// Whether that is right.
    public var right: Bool
    /// Seconds: generation: all of them; understanding: of question and answer.
    public var seconds: Double
    /// Of these, the seconds of the VAE's decoder (generation).
    public var decodingSeconds: Double?
    /// Floating-point operations, likewise, without the VAE's decoder.
    public var flops: Int
    /// Seconds of encoding and reading the image: told with the first question on it.
    public var imageSeconds: Double?
    /// Floating-point operations of encoding and reading the image, likewise.
    public var imageFlops: Int?

    enum CodingKeys: String, CodingKey {
        case index, task, input, output, right, seconds, flops
        case decodingSeconds = "decoding_seconds"
        case imageSeconds = "image_seconds"
        case imageFlops = "image_flops"
    }
}
