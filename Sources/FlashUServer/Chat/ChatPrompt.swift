import Pipelines
import ShowO2
import Tokenizers

/// A conversation in the model's template: that of the official `inference_mmu.py` for one question, and its continuation for several.
///
///     [bos] system \n SYSTEM <|im_end|> \n<|im_start|>user\n PARTS \n<|im_start|>assistant\n ANSWER <|im_end|> \n<|im_start|>user\n PARTS ...
///
/// What people write never becomes a special token.
struct ChatPrompt {
    /// The tokens before everything.
    private(set) var prefix: [Int]
    /// Pictures, videos and the text between them.
    private(set) var sources: [PromptPiece] = []
    /// The tokens after the last picture, to the point where the answer begins.
    private(set) var question: [Int] = []
    /// Tokens that the language model reads.
    private(set) var length = 0

    /// What stands before the question, in words that are equal for equal contents only.
    private(set) var names: [String] = []

    private let template: ChatTemplate
    private let tokenizer: Tokenizer
    private let geometry: ShowO2Geometry
    private let reading: ReadingSize

    /// - Parameters:
    ///   - system: what the model is told to be; nil = the official text.
    ///   - reading: the size at which pictures are read.
    init(
        system: String?, tokenizer: Tokenizer, special: SpecialTokens, geometry: ShowO2Geometry, reading: ReadingSize
    ) throws {
        (self.tokenizer, self.geometry, self.reading) = (tokenizer, geometry, reading)
        template = ChatTemplate(special: special, tokenizer: tokenizer)
        prefix = try template.prefix(system: system)
        length = prefix.count
    }

    /// What the user writes.
    mutating func add(text: String) { add(tokenizer.encode(text, special: .asText)) }

    /// A picture that the user shows.
    mutating func add(picture: PromptPiece, name: String) {
        flush()
        names.append("picture \(name)")
        sources.append(picture)
        length += reading.grid.tokens + 3
    }

    /// A video that the user shows.
    mutating func add(video: PromptPiece, name: String, frames: Int) {
        flush()
        names.append("video \(name) \(frames)")
        sources.append(video)
        length += frames * FramePooling(reading.grid, geometry).pooled.tokens + 3
    }

    /// The model's turn begins.
    mutating func beginAnswer() throws { add(try template.assistant()) }

    /// The model's turn is over, and the user's begins.
    mutating func endAnswer() throws { add(try template.next(ended: false)) }

    private mutating func add(_ ids: [Int]) {
        question += ids
        length += ids.count
    }

    /// What was written so far stands before a picture.
    private mutating func flush() {
        if !question.isEmpty {
            sources.append(.ids(question))
            names.append("text \(question)")
        }
        question = []
    }
}
