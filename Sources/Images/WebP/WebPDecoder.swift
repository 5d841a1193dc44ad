/// Decodes WebP: lossy and lossless, still images and the first frame of animations.
struct WebPDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let orientation: Orientation
    let alpha: AlphaKind
    private let bytes: [UInt8]
    private let header: WebP.Header
    private let firstFrame: WebPContainer.Frame?

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        header = try WebP.header(bytes[...])
        (width, height) = (header.width, header.height)
        let container = WebPContainer(bytes)
        orientation = Orientation(exif: container.exif, xmp: container.xmp)
        firstFrame = container.firstFrame
        // An animation without opacity has a black canvas, as in Pillow.
        alpha = header.hasAlpha ? .straight : .none
    }

    private init(_ whole: WebPDecoder, divisor: Int) {
        bytes = whole.bytes
        header = whole.header
        orientation = whole.orientation
        firstFrame = nil
        alpha = whole.alpha
        width = (whole.width + divisor - 1) / divisor
        height = (whole.height + divisor - 1) / divisor
    }

    func reduced(by divisor: Int) -> (any ImageDecoder)? {
        header.isAnimated ? nil : WebPDecoder(self, divisor: divisor)
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        let withAlpha = keepsAlpha && alpha != .none
        guard header.isAnimated else {
            let pixels = try WebP.decode(bytes[...], header, width: width, height: height, keepsAlpha: withAlpha)
            return pixels.forEachRow(of: width * (withAlpha ? 4 : 3), row)
        }
        guard let frame = firstFrame else { throw CodecError("an animation without frames") }
        guard frame.x + frame.width <= width, frame.y + frame.height <= height else {
            throw CodecError("a frame beyond the canvas")
        }
        let stored = try WebP.header(frame.bitstream)
        guard stored.width == frame.width, stored.height == frame.height else {
            throw CodecError("a frame of another size than promised")
        }
        let pixels = try WebP.decode(
            frame.bitstream, stored, width: frame.width, height: frame.height, keepsAlpha: withAlpha)
        let channels = withAlpha ? 4 : 3
        // Around the frame: transparent black, of which RGB keeps the black.
        let blank = [UInt8](repeating: 0, count: width * channels)
        for index in 0..<height {
            var line = blank
            if index >= frame.y, index < frame.y + frame.height {
                let start = (index - frame.y) * frame.width * channels
                line.replaceSubrange(
                    frame.x * channels..<(frame.x + frame.width) * channels,
                    with: pixels[start..<start + frame.width * channels])
            }
            line.withUnsafeBufferPointer(row)
        }
    }
}
