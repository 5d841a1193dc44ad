/// What a file is that is no image of a known format, so that the refusal can say it.
enum ForeignFile {
    private static let signatures: [(StaticString, Int, String)] = [
        ("%PDF", 0, "a PDF document; save the page as a PNG or JPEG"),
        ("PK\u{3}\u{4}", 0, "a ZIP archive or an office document"),
        ("8BPS", 0, "a Photoshop document; export it as a PNG or JPEG"),
        ("gimp xcf", 0, "a GIMP document; export it as a PNG"),
        ("%!PS", 0, "a PostScript document; save the page as a PNG or JPEG"),
        ("ftyp", 4, "a film, not a picture"),
        ("OggS", 0, "a sound or film file, not a picture"),
        ("jP  \r\n", 4, "a JPEG 2000 picture, which is not read here; save it as a PNG or JPEG"),
        ("JXL ", 4, "a JPEG XL picture, which is not read here; save it as a PNG or JPEG"),
        ("version https://git-lfs", 0, "a Git LFS pointer, not the file itself; run git lfs pull"),
    ]

    /// The words behind "NAME is"; nil if nothing can be said.
    static func description(_ bytes: [UInt8]) -> String? {
        if bytes.isEmpty { return "an empty file" }
        let reader = ByteReader(bytes: bytes.prefix(1024)[...])
        if bytes.starts(with: [0xFF, 0x0A]) {
            return "a JPEG XL picture, which is not read here; save it as a PNG or JPEG"
        }
        if bytes.starts(with: [0x1F, 0x8B]) { return "compressed by gzip; unpack it first" }
        if bytes.starts(with: [0, 0, 1, 0]) { return "a Windows icon, which is not read here; save it as a PNG" }
        if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return "a film, not a picture" }
        for (signature, offset, words) in signatures where reader.matches(signature, at: offset) {
            return words
        }
        return markup(reader)
    }

    /// SVG, HTML and other texts: anything in UTF-8 or UTF-16 without control characters.
    private static func markup(_ reader: ByteReader) -> String? {
        var text = String(decoding: reader.bytes, as: UTF8.self)
        if reader.bytes.starts(with: [0xFF, 0xFE]) || reader.bytes.starts(with: [0xFE, 0xFF]) {
            let isBig = reader.byte(0) == 0xFE
            text = String(
                decoding: stride(from: 2, to: reader.count - 1, by: 2).map { offset in
                    let (a, b) = (UInt16(reader.byte(offset) ?? 0), UInt16(reader.byte(offset + 1) ?? 0))
                    return isBig ? a << 8 | b : b << 8 | a
                }, as: UTF16.self)
        }
        let isText = text.unicodeScalars.allSatisfy { $0.value >= 0x20 || [9, 10, 12, 13].contains($0.value) }
        guard isText else { return nil }
        let lower = text.lowercased()
        if lower.contains("<svg") { return "an SVG drawing; export it as a PNG first" }
        if lower.contains("<!doctype html") || lower.contains("<html") || lower.contains("<head") {
            return "a web page, not a PNG, JPEG or other picture; download the picture itself"
        }
        // A replacement character may be one that was cut in two at the end.
        guard !text.dropLast(4).unicodeScalars.contains("\u{FFFD}") else { return nil }
        return "a text, not a PNG, JPEG or other picture"
    }
}
