/// Cuts a stream of bytes into lines, of which only the beginning is kept where they are long.
struct Lines {
    private var line: [UInt8] = []
    private static let longest = 1024

    /// Takes more bytes and hands over the lines that are complete.
    mutating func take(_ bytes: [UInt8], _ each: (ArraySlice<UInt8>) -> Void) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if line.isEmpty {
                each(bytes[start..<min(end, start + Self.longest)])
            } else {
                keep(bytes[start..<end])
                each(line[...])
                line.removeAll(keepingCapacity: true)
            }
            start = end + 1
        }
        keep(bytes[start...])
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        line += bytes.prefix(max(Self.longest - line.count, 0))
    }
}

extension ArraySlice<UInt8> {
    /// What stands behind `key=` in a list of fields that bars separate.
    func field(_ key: StaticString) -> ArraySlice<UInt8>? {
        let name = key.withUTF8Buffer { Array($0) } + [UInt8(ascii: "=")]
        return split(separator: UInt8(ascii: "|")).first { $0.starts(with: name) }?.dropFirst(name.count)
    }

    /// A whole number in decimal digits, and nothing else.
    var wholeNumber: Int? {
        let trimmed = last == UInt8(ascii: "\r") ? dropLast() : self
        return trimmed.count <= 20 ? Int(String(decoding: trimmed, as: UTF8.self)) : nil
    }
}
