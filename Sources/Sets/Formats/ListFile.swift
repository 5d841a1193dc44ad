public import Foundation
import Tensors

/// A file with prompts or questions, as it was read: its name for messages, and its bytes.
public struct ListFile: Sendable {
    /// What messages call it.
    public let name: String
    /// Its contents.
    public let data: Data

    /// A file that has been read.
    public init(name: String, data: Data) {
        self.name = name
        self.data = data
    }

    /// Bytes that a list may have.
    public static let mostBytes = 256 << 20

    /// A line, with its number from 1.
    struct Line {
        let number: Int
        /// Without white space around it.
        let text: String
    }

    /// The text, a byte-order mark left out.
    /// - Throws: ``SetError`` with the number of the first line that is not UTF-8.
    func text() throws(SetError) -> String {
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var number = 1
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: line, as: UTF8.self) == nil { break }
            number += 1
        }
        throw .list(place: place(number), reason: "the line is no text in UTF-8")
    }

    /// Lines that hold more than blanks.
    func lines() throws(SetError) -> [Line] {
        var lines: [Line] = []
        var number = 0
        for line in try text().split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" })
        {
            number += 1
            let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
            if !text.isEmpty { lines.append(Line(number: number, text: text)) }
        }
        return lines
    }

    /// What messages call a line.
    func place(_ line: Int) -> String { "\(name), line \(line)" }

    /// The JSON object of a line.
    func object(_ line: Line) throws(SetError) -> JSONObject {
        guard case .object(let object) = try value(line.text, line: line.number) else {
            throw .list(
                place: place(line.number), reason: "a JSON object is needed, not \"\(line.text.printable(atMost: 40))\""
            )
        }
        return object
    }

    /// All of the file as one JSON value.
    func value() throws(SetError) -> JSONValue { try value(try text(), line: nil) }

    /// A JSON value, strictly read; faults name the line.
    private func value(_ text: String, line: Int?) throws(SetError) -> JSONValue {
        let bytes = Array(text.utf8)
        do throws(JSONFault) {
            return try StrictJSON.parse(bytes)
        } catch {
            let newlines = bytes.prefix(error.offset).count { $0 == UInt8(ascii: "\n") }
            throw .list(
                place: place(line ?? newlines + 1), reason: "broken JSON: \(error.reason.printable(atMost: 200))")
        }
    }
}

extension JSONObject {
    /// A member that must be a text.
    func text(_ key: String, at place: String) throws(SetError) -> String {
        guard let value = self[key] else { throw .list(place: place, reason: "it has no \"\(key)\"") }
        guard case .string(let text) = value else { throw .list(place: place, reason: "\"\(key)\" must be a text") }
        return text
    }

    /// A member that may be a text; `null` is as good as none.
    func optionalText(_ key: String, at place: String) throws(SetError) -> String? {
        switch self[key] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw .list(place: place, reason: "\"\(key)\" must be a text")
        }
    }

    /// A member that may be a whole number within bounds; `null` is as good as none.
    func optionalInteger(_ key: String, in bounds: ClosedRange<Int>, at place: String) throws(SetError) -> Int? {
        switch self[key] {
        case nil, .null: return nil
        case .integer(let number) where bounds.contains(number): return number
        default:
            throw .list(
                place: place,
                reason: "\"\(key)\" must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
    }
}
