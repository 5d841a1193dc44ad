/// What the JPEG decoder does not tell: the EXIF block's orientation, and whether the file is complete.
enum JPEGMarkers {
    /// The orientation in the first EXIF block ahead of the first scan; upright if there is none.
    static func orientation(_ bytes: [UInt8]) -> Orientation {
        let reader = ByteReader(bytes: bytes[...])
        var offset = 2
        while let marker = reader.uint16(offset), marker > 0xFF00 {
            switch marker {
            case 0xFFFF:  // A fill byte: the marker begins one further on.
                offset += 1
            case 0xFF01, 0xFFD0...0xFFD7:  // These stand alone.
                offset += 2
            case 0xFFD9, 0xFFDA:  // The image's end, or its first scan.
                return .upright
            default:
                guard let length = reader.uint16(offset + 2), length >= 2,
                    let segment = reader.slice(offset + 4, length - 2)
                else { return .upright }
                if marker == 0xFFE1, ByteReader(bytes: segment).matches("Exif\0\0", at: 0) {
                    return Orientation(exif: segment)
                }
                offset += 2 + length
            }
        }
        return .upright
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
