/// The little that is read of Adobe's metadata, XML that is searched but not parsed.
enum XMP {
    /// The number of `tiff:Orientation="6"` or `<tiff:Orientation>6`, 1 to 8; nil if there is none.
    static func orientation(_ packet: ArraySlice<UInt8>) -> Int? {
        let key = Array("tiff:Orientation".utf8)
        var rest = packet
        while let start = rest.firstRange(of: key) {
            rest = rest[start.upperBound...]
            let tail = rest.prefix(3)
            let number: UInt8?
            if tail.first == UInt8(ascii: ">") {
                number = tail.dropFirst().first
            } else if tail.starts(with: Array("=\"".utf8)) {
                number = tail.dropFirst(2).first
            } else {
                continue
            }
            guard let number, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(number) else { continue }
            let value = Int(number) - 48
            return (1...8).contains(value) ? value : nil
        }
        return nil
    }
}
