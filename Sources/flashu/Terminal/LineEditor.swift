/// A line that is being typed: what keys do to it. Knows nothing of terminals; ``LineReader`` does.
package struct LineEditor {
    /// What a key leads to.
    package enum Outcome: Equatable {
        /// The line may have changed.
        case edited
        /// The line is complete.
        case entered(String)
        /// Ctrl-C.
        case interrupted
        /// Ctrl-D in an empty line.
        case ended
    }

    package private(set) var text: [Character] = []
    package private(set) var cursor = 0
    /// Lines of before, the latest last.
    package private(set) var history: [String] = []
    /// Which of them is shown; `history.count` = the new one.
    private var place = 0
    /// The new line while an old one is shown.
    private var draft: [Character] = []
    private var pending: [UInt8] = []

    /// An empty line.
    package init() {}

    /// Begins a new line.
    package mutating func begin() { (text, cursor, place, draft, pending) = ([], 0, history.count, [], []) }

    /// Remembers a line.
    package mutating func remember(_ line: String) {
        if !line.isEmpty, history.last != line { history.append(line) }
        if history.count > 1000 { history.removeFirst() }
    }

    /// Takes a byte of the keyboard: UTF-8, control characters and the escape sequences of arrow keys.
    package mutating func take(_ byte: UInt8) -> Outcome {
        pending.append(byte)
        if pending[0] == 0x1B { return escape() }
        if byte < 0x20 || byte == 0x7F {
            pending = []
            return control(byte)
        }
        let needed = pending[0] < 0x80 ? 1 : pending[0] < 0xE0 ? 2 : pending[0] < 0xF0 ? 3 : 4
        guard pending.count >= needed else { return .edited }
        if let typed = String(validating: pending, as: UTF8.self) { insert(typed) }
        pending = []
        return .edited
    }

    private mutating func insert(_ typed: String) {
        // A combining character joins the one before it.
        let head = String(text[..<cursor]) + typed
        let tail = text[cursor...]
        text = Array(head)
        cursor = text.count
        text += tail
    }

    private mutating func control(_ byte: UInt8) -> Outcome {
        switch byte {
        case 0x0D, 0x0A:
            let line = String(text)
            remember(line)
            begin()
            return .entered(line)
        case 0x03:
            begin()
            return .interrupted
        case 0x04:
            if text.isEmpty { return .ended }
            deleteForward()
        case 0x01: cursor = 0
        case 0x05: cursor = text.count
        case 0x02: cursor = max(0, cursor - 1)
        case 0x06: cursor = min(text.count, cursor + 1)
        case 0x08, 0x7F:
            if cursor > 0 {
                text.remove(at: cursor - 1)
                cursor -= 1
            }
        case 0x0B: text.removeSubrange(cursor...)
        case 0x15:
            text.removeSubrange(..<cursor)
            cursor = 0
        case 0x17:
            let blanks = text[..<cursor].reversed().prefix { $0.isWhitespace }.count
            let word = text[..<(cursor - blanks)].reversed().prefix { !$0.isWhitespace }.count
            text.removeSubrange(cursor - blanks - word..<cursor)
            cursor -= blanks + word
        case 0x10: show(place - 1)
        case 0x0E: show(place + 1)
        default: break
        }
        return .edited
    }

    private mutating func deleteForward() { if cursor < text.count { text.remove(at: cursor) } }

    private mutating func escape() -> Outcome {
        guard pending.count > 1 else { return .edited }
        guard pending[1] == UInt8(ascii: "[") || pending[1] == UInt8(ascii: "O") else {
            pending = []
            return .edited
        }
        // Parameters, then a final byte.
        guard pending.count > 2, let last = pending.last, (0x40...0x7E).contains(last) else {
            if pending.count > 16 { pending = [] }
            return .edited
        }
        let parameters = String(decoding: pending[2..<pending.count - 1], as: UTF8.self)
        pending = []
        switch (last, parameters) {
        case (UInt8(ascii: "A"), _): show(place - 1)
        case (UInt8(ascii: "B"), _): show(place + 1)
        case (UInt8(ascii: "C"), _): cursor = min(text.count, cursor + 1)
        case (UInt8(ascii: "D"), _): cursor = max(0, cursor - 1)
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): cursor = 0
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): cursor = text.count
        case (UInt8(ascii: "~"), "3"): deleteForward()
        default: break
        }
        return .edited
    }

    /// Shows a line of the history, or the new one behind it.
    private mutating func show(_ index: Int) {
        guard (0...history.count).contains(index), index != place else { return }
        if place == history.count { draft = text }
        place = index
        text = index == history.count ? draft : Array(history[index])
        cursor = text.count
    }

    /// What is seen of the line in `columns` columns, scrolled so that the cursor is there, and the cursor's column.
    package func view(columns: Int) -> (text: String, column: Int) {
        let columns = max(4, columns)
        var first = 0
        while Self.width(text[first..<cursor]) >= columns { first += 1 }
        var (shown, used) = ("", 0)
        for character in text[first...] {
            let width = Self.width([character])
            if used + width >= columns { break }
            shown.append(character)
            used += width
        }
        return (shown, Self.width(text[first..<cursor]))
    }

    /// Columns that characters take.
    package static func width(_ text: some Sequence<Character>) -> Int {
        text.reduce(0) { $0 + ($1.unicodeScalars.first.map(isWide) ?? false ? 2 : 1) }
    }

    /// East Asian wide characters and pictographs.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
