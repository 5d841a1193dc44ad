/// Where a PNG keeps what turns it: an eXIf chunk, ImageMagick's texts, Adobe's.
struct PNGMetadata {
    private static let texts = [PNGChunks.type("tEXt"), PNGChunks.type("zTXt"), PNGChunks.type("iTXt")]
    private static let keys = RawProfile.keys + [xmpKey]
    private static let xmpKey = "XML:com.adobe.xmp"

    private var exif: ArraySlice<UInt8>?
    private var profiles: [PNGChunks.Chunk] = []

    /// Takes note of a chunk if it is one of those.
    mutating func keep(_ chunk: PNGChunks.Chunk) {
        if chunk.type == PNGChunks.type("eXIf") {
            exif = chunk.payload
        } else if Self.texts.contains(chunk.type), profiles.count < 16,
            Self.keys.contains(where: { chunk.payload.starts(with: $0.utf8) })
        {
            profiles.append(chunk)
        }
    }

    /// How the image has to be turned. Texts are inflated only if there are any of those keys, and within limits.
    var orientation: Orientation {
        if let exif, EXIF(exif).orientation != nil { return Orientation(exif: exif) }
        guard !profiles.isEmpty, let found = try? SPNGText.read(profiles) else { return .upright }
        var raw: [UInt8]?
        var xmp: [UInt8]?
        for (key, value) in found {
            if RawProfile.keys.contains(key), exif == nil, let bytes = RawProfile.bytes(value) {
                raw = EXIF(bytes[...]).orientation == nil ? raw : bytes
            } else if key == Self.xmpKey {
                xmp = Array(value.utf8)
            }
        }
        return Orientation(exif: raw.map { $0[...] }, xmp: xmp.map { $0[...] })
    }
}
