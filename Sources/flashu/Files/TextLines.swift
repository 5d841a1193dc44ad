import Foundation

/// The lines of a text file.
enum TextLines {
    /// Lines that hold more than blanks, with their numbers from 1. A byte-order mark is no part of the first.
    /// - Throws: ``CommandError`` when the file can't be read, is larger than 16 MiB, or is no UTF-8.
    static func read(_ file: InputFile) throws(CommandError) -> [(number: Int, text: String)] {
        var data = try file.data(limit: 16 << 20)
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { data = data.dropFirst(3) }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandError("\(file.role): \(file.shown) is no text in UTF-8")
        }
        return text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.enumerated()
            .map { ($0.offset + 1, String($0.element)) }
            .filter { !$0.text.allSatisfy(\.isWhitespace) }
    }
}
