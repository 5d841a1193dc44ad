package import Foundation

/// The answers in the whole lines of a file; a last line that was cut off is passed over.
package struct AnswerLines: Sendable {
    /// In the file's order.
    package private(set) var answers: [SetAnswer] = []
    /// Where the last whole line ends, in bytes from the file's beginning.
    package private(set) var end: Int

    /// Reads lines.
    ///
    /// - Parameters:
    ///   - start: where to begin, at a line's beginning.
    ///   - name: what messages call the file.
    /// - Throws: ``SetError`` for a line that is no answer.
    package init(_ data: Data, from start: Int = 0, of name: String) throws(SetError) {
        end = start
        let bytes = data.dropFirst(start)
        let decoder = JSONDecoder()
        var at = bytes.startIndex
        while let newline = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[at..<newline]
            if let answer = try? decoder.decode(SetAnswer.self, from: Data(line)) {
                answers.append(answer)
            } else if !line.isEmpty {
                // A disk that lost its power may leave a last line of zeros.
                if newline == bytes.endIndex - 1, line.contains(0) { break }
                let number = 1 + data[..<at].count { $0 == UInt8(ascii: "\n") }
                throw .foreign("\(name), line \(number), is no answer of flashu ask-set; choose another -o")
            }
            at = newline + 1
        }
        end = at - data.startIndex
    }
}
