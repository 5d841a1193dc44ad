/// Ids of the tokens that structure a sequence.
public struct SpecialTokens: Sendable, Equatable, Codable {
    /// `<|im_start|>`, first of every sequence.
    public var beginOfSequence: Int
    /// `<|im_end|>`, ends an answer.
    public var endOfSequence: Int
    /// `<|vision_start|>`.
    public var beginOfImage: Int
    /// `<|vision_end|>`.
    public var endOfImage: Int

    enum CodingKeys: String, CodingKey {
        case beginOfSequence = "bos_id"
        case endOfSequence = "eos_id"
        case beginOfImage = "boi_id"
        case endOfImage = "eoi_id"
    }

    /// The ids by hand.
    public init(beginOfSequence: Int, endOfSequence: Int, beginOfImage: Int, endOfImage: Int) {
        self.beginOfSequence = beginOfSequence
        self.endOfSequence = endOfSequence
        self.beginOfImage = beginOfImage
        self.endOfImage = endOfImage
    }

    /// The ids of Qwen2.5's tokens in a vocabulary, or nil if one is not there.
    ///
    /// Official file: `models/misc.py`, `get_text_tokenizer`.
    public init?(lookup: (String) -> Int?) {
        guard let bos = lookup("<|im_start|>"), let eos = lookup("<|im_end|>"), let boi = lookup("<|vision_start|>"),
            let eoi = lookup("<|vision_end|>")
        else { return nil }
        self.init(beginOfSequence: bos, endOfSequence: eos, beginOfImage: boi, endOfImage: eoi)
    }

    /// Qwen2.5's, for folders without a tokenizer.
    package static let qwen25 = SpecialTokens(
        beginOfSequence: 151_644, endOfSequence: 151_645, beginOfImage: 151_652, endOfImage: 151_653)

    /// The first four ids: for benchmarks of random weights, whose time does not depend on ids.
    package static let firstIDs = SpecialTokens(beginOfSequence: 0, endOfSequence: 1, beginOfImage: 2, endOfImage: 3)

    /// What is read of a prompt before the image that is drawn of it: `[bos] prompt [boi]`.
    ///
    /// Official file: `models/misc.py`, `prepare_gen_input`.
    public func drawing(_ prompt: [Int]) -> [Int] { [beginOfSequence] + prompt + [beginOfImage] }

    var all: [Int] { [beginOfSequence, endOfSequence, beginOfImage, endOfImage] }
}
