/// Builds PNG text chunks.
enum PNGText {
    /// The longest value that is accepted: what `RGBImage.pngText(of:)` reads back.
    static let maxValueBytes = SPNGText.maxTextBytes - 1024

    /// A tEXt chunk, or an iTXt chunk if the value needs one.
    static func chunk(key: String, value: String) throws(ImageError) -> [UInt8] {
        guard let keyword = keyword(key) else {
            let rule = "a key is 1 to 79 Latin-1 characters, without spaces at its ends or two in a row"
            throw .invalidText(key: key, reason: rule)
        }
        guard value.utf8.count <= maxValueBytes else {
            throw .invalidText(key: key, reason: "the value is longer than \(maxValueBytes) bytes")
        }
        guard !value.utf8.contains(0) else {
            throw .invalidText(key: key, reason: "the value contains a NUL character")
        }
        if let plain = plainText(value) {
            return PNGChunks.chunk(PNGChunks.type("tEXt"), keyword + [0] + plain)
        }
        // Not compressed (0, 0), no language, no translated keyword.
        return PNGChunks.chunk(PNGChunks.type("iTXt"), keyword + [0, 0, 0, 0, 0] + Array(value.utf8))
    }

    /// The key in Latin-1, if PNG allows it.
    private static func keyword(_ key: String) -> [UInt8]? {
        guard let bytes = latin1(key, controls: []), (1...79).contains(bytes.count) else { return nil }
        let space = UInt8(ascii: " ")
        guard bytes.first != space, bytes.last != space, !bytes.contains(0xA0) else { return nil }
        guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == space && $1 == space }) else { return nil }
        return bytes
    }

    /// The value in Latin-1, if tEXt may hold it: line feeds are its only control characters.
    private static func plainText(_ value: String) -> [UInt8]? {
        latin1(value, controls: [UInt8(ascii: "\n")])
    }

    private static func latin1(_ text: String, controls: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            switch byte {
            case 0x20...0x7E, 0xA0...0xFF: bytes.append(byte)
            case _ where controls.contains(byte): bytes.append(byte)
            default: return nil
            }
        }
        return bytes
    }
}
