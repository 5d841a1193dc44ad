/// The RIFF container around WebP: finds the metadata and an animation's first frame.
struct WebPContainer {
    /// An animation's frame: where it lies on the canvas, and its bitstream.
    struct Frame {
        let x: Int
        let y: Int
        let width: Int
        let height: Int
        let bitstream: ArraySlice<UInt8>
    }

    /// The EXIF block.
    let exif: ArraySlice<UInt8>?
    /// Adobe's metadata.
    let xmp: ArraySlice<UInt8>?
    /// The first frame of an animation; nil for a still image.
    let firstFrame: Frame?

    init(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes: bytes[...])
        reader.bigEndian = false
        var (exif, xmp): (ArraySlice<UInt8>?, ArraySlice<UInt8>?)
        var frame: Frame?
        var offset = 12
        while let length = reader.uint32(offset + 4), let payload = reader.slice(offset + 8, length) {
            if reader.matches("EXIF", at: offset) {
                exif = exif ?? payload
            } else if reader.matches("XMP ", at: offset) {
                xmp = xmp ?? payload
            } else if frame == nil, reader.matches("ANMF", at: offset) {
                frame = Self.frame(payload)
            }
            offset += 8 + length + length % 2
        }
        (self.exif, self.xmp) = (exif, xmp)
        firstFrame = frame
    }

    private static func frame(_ payload: ArraySlice<UInt8>) -> Frame? {
        var reader = ByteReader(bytes: payload)
        reader.bigEndian = false
        guard let x = reader.uint24(0), let y = reader.uint24(3), let width = reader.uint24(6),
            let height = reader.uint24(9), payload.count > 16
        else { return nil }
        return Frame(x: 2 * x, y: 2 * y, width: width + 1, height: height + 1, bitstream: payload.dropFirst(16))
    }
}
