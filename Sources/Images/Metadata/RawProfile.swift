/// ImageMagick's way of keeping a block of metadata in a PNG text: a line feed, the name, the length, lines of
/// hexadecimal digits.
enum RawProfile {
    /// The keys that such texts with EXIF have.
    static let keys: [String] = ["Raw profile type exif", "Raw profile type APP1"]

    /// The block; nil if the text is none.
    static func bytes(_ text: String) -> [UInt8]? {
        // The digits begin in the fourth line, the name being in the second.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count > 3 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for line in lines.dropFirst(3) {
            for character in line {
                let digit: UInt8
                switch character {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
                case UInt8(ascii: " "), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
                default: return nil
                }
                if let first = high {
                    bytes.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            }
        }
        return high == nil ? bytes : nil
    }
}
