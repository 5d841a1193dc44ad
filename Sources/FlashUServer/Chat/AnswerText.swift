/// Text of an answer on its way to the client: cut at stop sequences, without white space at its end. What may still turn out to be one of these is held
/// back.
package struct AnswerText {
    private let stops: [String]
    private var held = ""
    /// All that was let through.
    package private(set) var text = ""
    /// Whether a stop sequence has come.
    package private(set) var isStopped = false

    /// No text yet.
    package init(stops: [String]) { self.stops = stops }

    /// Takes more text.
    /// - Returns: what can be sent; empty for nothing.
    package mutating func append(_ piece: String) -> String {
        guard !isStopped else { return "" }
        held += piece
        // The first that comes, and of those that come at one place the longest makes no difference: all of it goes.
        let cuts = stops.compactMap { Self.first($0, in: held) }
        if let cut = cuts.min() {
            isStopped = true
            held = String(decoding: Array(held.utf8.prefix(cut)), as: UTF8.self)
            return finish()
        }
        let bytes = Array(held.utf8)
        var keep = stops.map { Self.overlap(of: bytes, with: Array($0.utf8)) }.max() ?? 0
        // White space before what is held back waits too.
        let visible = held.unicodeScalars
        var end = visible.endIndex
        var left = keep
        while left > 0, end > visible.startIndex {
            end = visible.index(before: end)
            left -= UTF8.width(visible[end])
        }
        while end > visible.startIndex, visible[visible.index(before: end)].properties.isWhitespace {
            end = visible.index(before: end)
        }
        let sent = String(visible[..<end])
        keep = bytes.count - sent.utf8.count
        held = String(decoding: bytes.suffix(keep), as: UTF8.self)
        text += sent
        return sent
    }

    /// The rest, once the answer is complete.
    package mutating func finish() -> String {
        var scalars = Substring(held).unicodeScalars
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        held = ""
        let rest = String(scalars)
        text += rest
        return rest
    }

    /// The place of the first byte of a text in another; nil when it isn't there.
    private static func first(_ part: String, in whole: String) -> Int? {
        let (part, whole) = (Array(part.utf8), Array(whole.utf8))
        guard !part.isEmpty, whole.count >= part.count else { return nil }
        return (0...whole.count - part.count).first { whole[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// How many bytes at the end of a text may be the beginning of another.
    private static func overlap(of text: [UInt8], with other: [UInt8]) -> Int {
        (0..<min(text.count, other.count - 1) + 1).reversed().first { text.suffix($0).elementsEqual(other.prefix($0)) }
            ?? 0
    }
}
