/// Finds added tokens in text: at every place the longest one, from left to right.
struct AddedTokenMatcher: Sendable {
    /// A stretch of the text: an added token, or text between such.
    struct Piece {
        let range: Range<Int>
        /// nil for text between added tokens.
        let id: Int32?
    }

    private let tokens: [AddedToken]
    /// The trie: node << 8 | byte -> node; node 0 is the root.
    private var children: [UInt64: Int32] = [:]
    /// The token that ends at a node, negative when none does.
    private var tokenAtNode: [Int32] = [-1]
    /// Whether some token starts with a byte.
    private var startsToken = [Bool](repeating: false, count: 256)

    private let classes = ScalarClasses.shared

    /// A matcher of the tokens whose `isNormalized` is as given; `normalize` is applied to their contents.
    init(_ tokens: [AddedToken], normalized: Bool, normalize: ([UInt8]) -> [UInt8]) {
        self.tokens = tokens.filter { $0.isNormalized == normalized }
        // Of two tokens that normalise to the same text the first one counts, special ones before the others.
        let order = self.tokens.indices.sorted {
            (self.tokens[$0].isSpecial ? 0 : 1, $0) < (self.tokens[$1].isSpecial ? 0 : 1, $1)
        }
        for index in order {
            var node: Int32 = 0
            let content = normalize(self.tokens[index].content)
            for byte in content {
                let key = UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
                if let child = children[key] {
                    node = child
                } else {
                    let child = Int32(truncatingIfNeeded: tokenAtNode.count)
                    tokenAtNode.append(-1)
                    children[key] = child
                    node = child
                }
            }
            if let first = content.first { startsToken[Int(first)] = true }
            if node != 0, tokenAtNode[Int(node)] < 0 { tokenAtNode[Int(node)] = Int32(truncatingIfNeeded: index) }
        }
    }

    /// Cuts text, valid UTF-8, at the added tokens in it. No piece is empty.
    func pieces(of bytes: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        /// Where the text that no piece has yet begins.
        var open = 0
        var index = 0
        while index < bytes.count {
            guard startsToken[Int(bytes[index])], let (token, tokenEnd) = longestToken(bytes, at: index) else {
                index += 1
                continue
            }
            var (start, end) = (index, tokenEnd)
            index = tokenEnd
            if token.isSingleWord, touchesWord(bytes, start, end) { continue }
            if token.stripsLeft { start = max(whitespaceStart(bytes, before: start), open) }
            if token.stripsRight { end = whitespaceEnd(bytes, from: end) }
            if open < start { pieces.append(Piece(range: open..<start, id: nil)) }
            pieces.append(Piece(range: start..<end, id: token.id))
            open = end
        }
        if open < bytes.count { pieces.append(Piece(range: open..<bytes.count, id: nil)) }
        return pieces
    }

    private func longestToken(_ bytes: [UInt8], at start: Int) -> (token: AddedToken, end: Int)? {
        var node: Int32 = 0
        var found: (token: AddedToken, end: Int)?
        var index = start
        while index < bytes.count,
            let child = children[UInt64(UInt32(bitPattern: node)) << 8 | UInt64(bytes[index])]
        {
            node = child
            index += 1
            let token = tokenAtNode[Int(node)]
            if token >= 0 { found = (tokens[Int(token)], index) }
        }
        return found
    }

    private func touchesWord(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
        if start > 0, classes.read(bytes, at: UTF8Text.start(before: start, in: bytes)).class.contains(.word) {
            return true
        }
        return end < bytes.count && classes.read(bytes, at: end).class.contains(.word)
    }

    private func whitespaceStart(_ bytes: [UInt8], before end: Int) -> Int {
        var start = end
        while start > 0 {
            let previous = UTF8Text.start(before: start, in: bytes)
            guard classes.read(bytes, at: previous).class.contains(.whitespace) else { break }
            start = previous
        }
        return start
    }

    private func whitespaceEnd(_ bytes: [UInt8], from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let (found, width) = classes.read(bytes, at: end)
            guard found.contains(.whitespace) else { break }
            end += width
        }
        return end
    }
}
