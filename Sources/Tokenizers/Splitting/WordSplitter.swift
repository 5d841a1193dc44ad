/// Cuts text into the words that merges stay within: the leftmost-first matches of a `SplitPattern`, found by looking at
/// each scalar a bounded number of times.
package struct WordSplitter: Sendable {
    private let pattern: SplitPattern
    private let classes = ScalarClasses.shared

    private static let apostrophe = UInt8(ascii: "'")
    private static let space = UInt8(ascii: " ")

    package init(_ pattern: SplitPattern) { self.pattern = pattern }

    /// The end of the word that starts at `start`, in valid UTF-8 that ends at `end`; always beyond `start`.
    @inline(__always)
    func wordEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        switch pattern {
        case .none: end
        case .gpt2: gpt2WordEnd(bytes, start, end)
        case .qwen2(let digits): qwen2WordEnd(bytes, start, end, digits)
        }
    }

    /// Where the words of valid UTF-8 are; together they are all of it.
    package func words(in bytes: [UInt8]) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = wordEnd(in: bytes, from: start, to: bytes.count)
            words.append(start..<end)
            start = end
        }
        return words
    }

    // MARK: Qwen2

    private func qwen2WordEnd(_ bytes: [UInt8], _ start: Int, _ end: Int, _ digits: Int) -> Int {
        // (?i:'s|'t|'re|'ve|'m|'ll|'d)
        if bytes[start] == Self.apostrophe, let contraction = foldedContractionEnd(bytes, start, end) {
            return contraction
        }
        let (first, width) = classes.read(bytes, at: start)
        let second = start + width
        // [^\r\n\p{L}\p{N}]?\p{L}+
        if first.contains(.letter) { return run(of: .letter, bytes, second, end) }
        if first.isDisjoint(with: [.number, .newline]), second < end {
            let (next, nextWidth) = classes.read(bytes, at: second)
            if next.contains(.letter) { return run(of: .letter, bytes, second + nextWidth, end) }
        }
        // \p{N}{1,digits}
        if first.contains(.number) { return run(of: .number, bytes, second, end, atMost: digits - 1) }
        // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
        if let symbols = symbolsEnd(bytes, start, end) {
            var index = symbols
            while index < end, bytes[index] == 0x0A || bytes[index] == 0x0D { index += 1 }
            return index
        }
        // \s*[\r\n]+|\s+(?!\S)|\s+
        return whitespaceEnd(bytes, start, end, breakingAtNewlines: true)
    }

    /// The end of a contraction in either case; `ſ` (U+017F) folds to `s`.
    private func foldedContractionEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
        guard start + 1 < end else { return nil }
        let first = bytes[start + 1] | 0x20
        if let width = Self.contractionWidth(first, start + 2 < end ? bytes[start + 2] | 0x20 : 0) {
            return start + 1 + width
        }
        let isLongS = start + 2 < end && bytes[start + 1] == 0xC5 && bytes[start + 2] == 0xBF
        return isLongS ? start + 3 : nil
    }

    // MARK: GPT-2

    private func gpt2WordEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        // 's|'t|'re|'ve|'m|'ll|'d
        if bytes[start] == Self.apostrophe, start + 1 < end,
            let width = Self.contractionWidth(bytes[start + 1], start + 2 < end ? bytes[start + 2] : 0)
        {
            return start + 1 + width
        }
        // ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+`
        let bodyStart = bytes[start] == Self.space ? start + 1 : start
        if bodyStart < end {
            let (body, width) = classes.read(bytes, at: bodyStart)
            if body.contains(.letter) { return run(of: .letter, bytes, bodyStart + width, end) }
            if body.contains(.number) { return run(of: .number, bytes, bodyStart + width, end) }
            if let symbols = symbolsEnd(bytes, start, end) { return symbols }
        }
        // \s+(?!\S)|\s+
        return whitespaceEnd(bytes, start, end, breakingAtNewlines: false)
    }

    // MARK: Shared parts

    /// Length of the contraction that two lower-case letters begin.
    @inline(__always)
    private static func contractionWidth(_ first: UInt8, _ second: UInt8) -> Int? {
        switch (first, second) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _): 1
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            2
        default: nil
        }
    }

    /// The end of the run of scalars of a class.
    @inline(__always)
    private func run(
        of wanted: ScalarClass, _ bytes: [UInt8], _ start: Int, _ end: Int, atMost limit: Int = .max
    ) -> Int {
        var index = start
        var count = 0
        while index < end, count < limit {
            let (found, width) = classes.read(bytes, at: index)
            guard found.contains(wanted) else { break }
            index += width
            count += 1
        }
        return index
    }

    /// The end of ` ?[^\s\p{L}\p{N}]+`, if it matches.
    @inline(__always)
    private func symbolsEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
        let first = bytes[start] == Self.space ? start + 1 : start
        var index = first
        while index < end {
            let (found, width) = classes.read(bytes, at: index)
            guard found.isDisjoint(with: [.whitespace, .letter, .number]) else { break }
            index += width
        }
        return index > first ? index : nil
    }

    /// The end of a word of whitespace: up to its last line break, else leaving one scalar for the word that follows.
    private func whitespaceEnd(_ bytes: [UInt8], _ start: Int, _ end: Int, breakingAtNewlines: Bool) -> Int {
        var index = start
        var last = start
        var afterNewline: Int?
        while index < end {
            let (found, width) = classes.read(bytes, at: index)
            guard found.contains(.whitespace) else { break }
            last = index
            index += width
            if found.contains(.newline) { afterNewline = index }
        }
        if breakingAtNewlines, let afterNewline { return afterNewline }
        if index == end || last == start { return max(index, start + 1) }
        return last
    }
}
