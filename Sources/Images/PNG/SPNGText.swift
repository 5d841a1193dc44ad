import CImageCodecs

/// Reads a PNG's text chunks through libspng, which knows the compressed ones.
enum SPNGText {
    /// At most this many bytes for one text, inflated.
    static let maxTextBytes = 4 << 20
    /// At most this many bytes for all texts of a file, inflated.
    static let maxTotalBytes = 16 << 20
    /// At most this many texts in a file.
    static let maxTexts = 1000

    /// All texts in the file's order; none of them if one exceeds the limits above.
    ///
    /// The decoder is given a PNG of one pixel that has only the file's text chunks, so that texts behind the pixels
    /// are found without decoding those, and no other chunk can cost anything.
    static func read(_ bytes: [UInt8]) throws(CodecError) -> [(key: String, value: String)] {
        let kinds = [PNGChunks.type("tEXt"), PNGChunks.type("zTXt"), PNGChunks.type("iTXt")]
        var chunks = PNGChunks(bytes)
        var found: [PNGChunks.Chunk] = []
        while let chunk = try chunks.next() {
            guard kinds.contains(chunk.type) else { continue }
            guard found.count < maxTexts else { throw CodecError("more than \(maxTexts) texts") }
            found.append(chunk)
        }
        return try read(found)
    }

    /// The texts in these chunks.
    static func read(_ chunks: [PNGChunks.Chunk]) throws(CodecError) -> [(key: String, value: String)] {
        guard !chunks.isEmpty else { return [] }
        var carrier = PNGChunks.signature
        carrier += PNGChunks.chunk(PNGChunks.type("IHDR"), [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
        for chunk in chunks { carrier += chunk.whole }
        carrier += PNGChunks.chunk(PNGChunks.type("IDAT"), [])
        carrier += PNGChunks.chunk(PNGChunks.type("IEND"), [])
        return try texts(carrier)
    }

    private static func texts(_ carrier: [UInt8]) throws(CodecError) -> [(key: String, value: String)] {
        guard let context = spng_ctx_new(0) else { throw CodecError("out of memory") }
        defer { spng_ctx_free(context) }
        spng_set_chunk_limits(context, maxTextBytes, maxTotalBytes)
        var found: [(key: String, value: String)] = []
        let status = carrier.withUnsafeBufferPointer { source -> Int32 in
            var status = spng_set_png_buffer(context, source.baseAddress, source.count)
            var count: UInt32 = 0
            if status == 0 { status = spng_get_text(context, nil, &count) }
            guard status == 0 else { return status }
            var texts = [spng_text](repeating: spng_text(), count: Int(count))
            status = spng_get_text(context, &texts, &count)
            if status == 0 { found = texts.prefix(Int(count)).map(pair) }
            return status
        }
        // Damaged text chunks are skipped, so "no texts" is not an error.
        guard status == 0 || status == Int32(truncatingIfNeeded: SPNG_ECHUNKAVAIL.rawValue) else {
            throw CodecError(SPNG.message(status))
        }
        return found
    }

    /// Copies one text out of the decoder's memory: keys are Latin-1, values Latin-1 or, in iTXt, UTF-8.
    private static func pair(_ text: spng_text) -> (key: String, value: String) {
        let key = withUnsafeBytes(of: text.keyword) { $0.prefix { $0 != 0 }.map { $0 } }
        let value = [UInt8](UnsafeRawBufferPointer(start: text.text, count: text.text == nil ? 0 : text.length))
        let isUTF8 = text.type == Int32(truncatingIfNeeded: SPNG_ITXT.rawValue)
        return (latin1(key), isUTF8 ? String(decoding: value, as: UTF8.self) : latin1(value))
    }

    private static func latin1(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        return String(text)
    }
}
