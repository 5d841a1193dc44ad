/// A `tokenizer.json` read and checked: what it asks for is something that this module does.
///
/// Left aside, because they don't touch the ids of a text without special tokens added around it: `truncation`,
/// `padding`, `post_processor`.
struct TokenizerFile {
    var addedTokens: [AddedToken] = []
    /// Whether text is brought into normalization form C.
    var normalizes = false
    var splitting = Splitting(pattern: .none, addsPrefixSpace: false)
    var model: BytePairModel

    /// Most values outside the vocabulary and the merges; 100,000 added tokens have fewer.
    private static let budget = 1_000_000

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        var reader = JSONReader(bytes)
        var budget = Self.budget
        var seen: Set<[UInt8]> = []
        var key: [UInt8] = []
        var model: BytePairModel?
        var preTokenizer = JSONValue.null
        var decoder = JSONValue.null
        guard try reader.peek() == UInt8(ascii: "{") else {
            try reader.skipValue()
            throw .invalid(field: "the file", reason: "is not a JSON object")
        }
        try reader.openObject()
        while try reader.nextMember(isFirst: seen.isEmpty, key: &key) {
            let name = String(decoding: key, as: UTF8.self)
            guard seen.insert(key).inserted else {
                throw .invalid(field: TokenizerError.shortened(name), reason: "appears twice")
            }
            switch name {
            case "added_tokens": addedTokens = try AddedToken.list(try reader.readValue(budget: &budget))
            case "normalizer": normalizes = try Self.normalizes(try reader.readValue(budget: &budget))
            case "pre_tokenizer": preTokenizer = try reader.readValue(budget: &budget)
            case "decoder": decoder = try reader.readValue(budget: &budget)
            case "model": model = try BytePairModel(reading: &reader, budget: &budget)
            default: try reader.skipValue()
            }
        }
        try reader.finish()
        guard let model else { throw .invalid(field: "model", reason: "is missing") }
        self.model = model
        splitting = try Splitting(preTokenizer)
        guard decoder["type"]?.text == "ByteLevel" else {
            throw .unsupported(field: "decoder", found: decoder.summary, supported: "ByteLevel")
        }
        try checkAddedTokens()
    }

    /// `null`, NFC, or a sequence of these.
    private static func normalizes(_ value: JSONValue) throws(TokenizerError) -> Bool {
        if value.isNull { return false }
        if value["type"]?.text == "NFC" { return true }
        if value["type"]?.text == "Sequence", case .array(let parts) = value["normalizers"] {
            var result = false
            for part in parts { result = try normalizes(part) || result }
            return result
        }
        throw .unsupported(field: "normalizer", found: value.summary, supported: "null or NFC")
    }

    /// Every added token has an id of its own, which the model doesn't give to another token.
    private func checkAddedTokens() throws(TokenizerError) {
        var contentOfID: [Int32: [UInt8]] = [:]
        var idOfContent: [[UInt8]: Int32] = [:]
        for token in addedTokens {
            let name = TokenizerError.shortened(String(decoding: token.content, as: UTF8.self))
            if contentOfID.updateValue(token.content, forKey: token.id) != nil {
                throw .invalid(field: "added_tokens", reason: "gives the id \(token.id) twice, also to \"\(name)\"")
            }
            if idOfContent.updateValue(token.id, forKey: token.content) != nil {
                throw .invalid(field: "added_tokens", reason: "has \"\(name)\" twice")
            }
            let modelID = model.vocabulary.id(ofName: token.content)
            if let modelID, modelID != token.id {
                throw .invalid(
                    field: "added_tokens",
                    reason: "gives \"\(name)\" the id \(token.id), model.vocab gives it \(modelID)")
            }
            if modelID == nil, let other = model.vocabulary.name(ofID: Int(token.id)) {
                throw .invalid(
                    field: "added_tokens",
                    reason: "gives \"\(name)\" the id \(token.id), which is that of "
                        + "\"\(TokenizerError.shortened(other))\" in model.vocab")
            }
        }
    }
}
