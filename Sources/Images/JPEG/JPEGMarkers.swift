/// What the JPEG decoder does not tell: metadata, and whether the file is complete.
struct JPEGMarkers {
    /// The EXIF block ahead of the first scan, without its `Exif\0\0`; long ones come in several segments.
    private(set) var exif: [UInt8]?
    /// Adobe's metadata.
    private(set) var xmp: ArraySlice<UInt8>?

    private static let xmpName: StaticString = "http://ns.adobe.com/xap/1.0/\0"

    init(_ bytes: [UInt8]) {
        let reader = ByteReader(bytes: bytes[...])
        var offset = 2
        while let marker = reader.uint16(offset), marker > 0xFF00 {
            switch marker {
            case 0xFFFF:  // A fill byte: the marker begins one further on.
                offset += 1
            case 0xFF01, 0xFFD0...0xFFD7:  // These stand alone.
                offset += 2
            case 0xFFD9, 0xFFDA:  // The image's end, or its first scan.
                return
            default:
                guard let length = reader.uint16(offset + 2), length >= 2,
                    let segment = reader.slice(offset + 4, length - 2)
                else { return }
                if marker == 0xFFE1 { keep(segment) }
                offset += 2 + length
            }
        }
    }

    private mutating func keep(_ segment: ArraySlice<UInt8>) {
        let reader = ByteReader(bytes: segment)
        if reader.matches("Exif\0\0", at: 0) {
            exif = (exif ?? []) + segment.dropFirst(6)
        } else if reader.matches(Self.xmpName, at: 0) {
            xmp = segment.dropFirst(Self.xmpName.utf8CodeUnitCount)
        }
    }

    /// Whether an end-of-image marker stands anywhere, looked for from the end.
    static func hasEnd(_ bytes: [UInt8]) -> Bool {
        var last: UInt8 = 0
        for byte in bytes.reversed() {
            if byte == 0xFF, last == 0xD9 { return true }
            last = byte
        }
        return false
    }
}
