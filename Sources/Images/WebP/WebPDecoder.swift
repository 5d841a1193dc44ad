/// Decodes WebP: lossy and lossless, still images and the first frame of animations.
struct WebPDecoder: ImageDecoder {
    let width: Int
    let height: Int
    private let bytes: [UInt8]
    private let isAnimated: Bool
    private let container: WebPContainer

    var orientation: Orientation { container.orientation }

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        (width, height, isAnimated) = try WebP.header(bytes)
        container = WebPContainer(bytes)
    }

    func decode() throws(CodecError) -> [UInt8] {
        guard isAnimated else { return try WebP.decode(bytes[...], width: width, height: height) }
        guard let frame = container.firstFrame else { throw CodecError("an animation without frames") }
        guard frame.x + frame.width <= width, frame.y + frame.height <= height else {
            throw CodecError("a frame beyond the canvas")
        }
        let pixels = try WebP.decode(frame.bitstream, width: frame.width, height: frame.height)
        if frame.width == width, frame.height == height { return pixels }
        // Around the frame, the canvas is transparent black, of which RGB keeps the black.
        var canvas = [UInt8](repeating: 0, count: width * height * 3)
        let rowBytes = frame.width * 3
        for row in 0..<frame.height {
            let target = ((frame.y + row) * width + frame.x) * 3
            canvas.replaceSubrange(target..<target + rowBytes, with: pixels[row * rowBytes..<(row + 1) * rowBytes])
        }
        return canvas
    }
}
