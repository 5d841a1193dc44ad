public import Foundation

/// A byte-level byte-pair-encoding tokeniser, as Qwen2.5's, read from Hugging Face's `tokenizer.json`.
///
/// The ids are those of Hugging Face `tokenizers` (`encode(text, add_special_tokens=False)`). A tokeniser is immutable:
/// share it between tasks freely.
///
///     let tokenizer = try Tokenizer(contentsOf: URL(filePath: "model/tokenizer.json"))
///     let ids = tokenizer.encode("a red circle", special: .asText)
///     tokenizer.decode(ids)  // "a red circle"
///
/// Supported: `BPE` models whose vocabulary has all 256 bytes, NFC or no normaliser, a `ByteLevel` pre-tokeniser with the
/// splitting pattern of Qwen2, Llama 3 or GPT-2, a `ByteLevel` decoder, added tokens with all their options. Any other
/// file is refused.
public struct Tokenizer: Sendable {
    let vocabulary: Vocabulary
    let merges: MergeTable
    let byteIDs: [Int32]
    let ignoresMerges: Bool
    let normalizes: Bool
    let addsPrefixSpace: Bool
    let splitter: WordSplitter
    let givenTextMatcher: AddedTokenMatcher
    let normalizedTextMatcher: AddedTokenMatcher?
    let addedTokens: [Int: AddedToken]
    private let addedIDs: [[UInt8]: Int]
    /// Ids that no merge and no whole word may give, only an added token.
    let reservedIDs: Set<Int32>

    /// One more than the largest id that `encode` gives; 151,665 for Qwen2.5.
    ///
    /// A model's own vocabulary (the rows of its embedding) may be larger.
    public let vocabularySize: Int

    /// Largest file that is read: 128 MiB, ten times Qwen2.5's.
    public static let largestFile = 128 << 20

    /// Reads a `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError` when the file can't be read, is no JSON or asks for something unsupported.
    public init(contentsOf url: URL) throws(TokenizerError) {
        let path = url.path(percentEncoded: false)
        let isDirectory = (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
        guard FileManager.default.fileExists(atPath: path) else {
            throw .unreadable(path: path, reason: "no such file; every Qwen2.5 model directory has a tokenizer.json")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
        guard !isDirectory, let attributes, attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .unreadable(path: path, reason: "not a regular file; give the path of a tokenizer.json")
        }
        guard let size = attributes[.size] as? Int, size <= Self.largestFile else {
            throw .unreadable(path: path, reason: "larger than \(Self.largestFile >> 20) MiB; is it a tokenizer.json?")
        }
        guard let data = try? Data(contentsOf: url) else {
            throw .unreadable(path: path, reason: "no permission or a failing disk")
        }
        try self.init(data: data)
    }

    /// Reads the contents of a `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError` when the data is no JSON or asks for something unsupported.
    public init(data: Data) throws(TokenizerError) {
        guard data.count <= Self.largestFile else {
            throw .invalid(field: "the file", reason: "is larger than \(Self.largestFile >> 20) MiB")
        }
        var file = try TokenizerFile(Array(data))
        // A text can't contain an added token that was looked for and not found, so no merge may give its id: in text
        // whose added tokens are not looked for (`SpecialTokens.asText`) this keeps them out. Ordinary added tokens that
        // are only looked for between words stay mergeable, as in Hugging Face's tokeniser.
        let reserved = file.addedTokens.filter { $0.isSpecial || !$0.isSingleWord }.map(\.id)
        reservedIDs = Set(reserved)
        file.model.forbidMerging(into: reservedIDs)
        vocabulary = file.model.vocabulary
        merges = file.model.merges
        byteIDs = file.model.byteIDs
        ignoresMerges = file.model.ignoresMerges
        normalizes = file.normalizes
        addsPrefixSpace = file.splitting.addsPrefixSpace
        splitter = WordSplitter(file.splitting.pattern)
        let normalize: ([UInt8]) -> [UInt8] =
            file.normalizes ? { CanonicalComposition.shared.normalized($0) } : { $0 }
        givenTextMatcher = AddedTokenMatcher(file.addedTokens, normalized: false) { $0 }
        normalizedTextMatcher =
            file.addedTokens.contains(where: \.isNormalized)
            ? AddedTokenMatcher(file.addedTokens, normalized: true, normalize: normalize) : nil
        var addedTokens: [Int: AddedToken] = [:]
        var addedIDs: [[UInt8]: Int] = [:]
        var size = vocabulary.idLimit
        for var token in file.addedTokens {
            addedIDs[token.content] = Int(token.id)
            // As in Hugging Face's tokeniser, such a token's name and text are what it is found as.
            if token.isNormalized { token.content = normalize(token.content) }
            addedTokens[Int(token.id)] = token
            size = max(size, Int(token.id) + 1)
        }
        for (id, token) in addedTokens.sorted(by: { $0.key < $1.key }) where addedIDs[token.content] == nil {
            addedIDs[token.content] = id
        }
        self.addedTokens = addedTokens
        self.addedIDs = addedIDs
        vocabularySize = size
    }

    /// The id of a token by its name in the file: an added token's text (`<|im_end|>`), or a word in the byte-level
    /// alphabet (`Ġred`); nil when there is none.
    public func id(of token: String) -> Int? {
        let name = Array(token.utf8)
        return addedIDs[name] ?? vocabulary.id(ofName: name).map { Int($0) }
    }

    /// The name of an id in the file; nil when the id isn't given to a token.
    public func token(of id: Int) -> String? {
        if let token = addedTokens[id] { return String(decoding: token.content, as: UTF8.self) }
        return vocabulary.name(ofID: id)
    }

    /// Whether an id is that of an added token marked `special`, which `decode` can leave out.
    public func isSpecial(_ id: Int) -> Bool { addedTokens[id]?.isSpecial ?? false }
}
