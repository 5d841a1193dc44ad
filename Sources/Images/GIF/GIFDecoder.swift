import CImageCodecs

/// Decodes the first frame of a GIF, laid on its canvas, through giflib.
struct GIFDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let alpha: AlphaKind
    private let bytes: [UInt8]

    var orientation: Orientation { .upright }

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        let header = try Self.open(bytes) { gif throws(CodecError) in try Self.firstFrame(gif) }
        (width, height) = (header.width, header.height)
        // Outside of the frame nothing is drawn: transparent, where the file knows transparency.
        alpha = header.transparent == nil ? .none : .straight
    }

    /// What stands in front of the first frame's pixels.
    private struct Frame {
        let width: Int
        let height: Int
        let x: Int
        let y: Int
        let columns: Int
        let rows: Int
        let isInterlaced: Bool
        /// The colour that is none.
        let transparent: Int?
        /// 256 colours; black where the file has fewer.
        let palette: [GifColorType]
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        let withAlpha = keepsAlpha && alpha != .none
        let channels = withAlpha ? 4 : 3
        let (frame, indices) = try Self.open(bytes) { gif throws(CodecError) -> (Frame, [UInt8]) in
            let frame = try Self.firstFrame(gif)
            return (frame, try Self.pixels(gif, frame))
        }
        // As Pillow: what the frame leaves free has the transparent colour, else the first one.
        let blank = UInt8(truncatingIfNeeded: frame.transparent ?? 0)
        var samples = [UInt8](repeating: 0, count: width * channels)
        for y in 0..<height {
            for x in 0..<width {
                let (column, line) = (x - frame.x, y - frame.y)
                let isInside = column >= 0 && column < frame.columns && line >= 0 && line < frame.rows
                let index = Int(isInside ? indices[line * frame.columns + column] : blank)
                let colour = frame.palette[index]
                let offset = x * channels
                samples[offset] = colour.Red
                samples[offset + 1] = colour.Green
                samples[offset + 2] = colour.Blue
                if withAlpha { samples[offset + 3] = index == frame.transparent ? 0 : 255 }
            }
            samples.withUnsafeBufferPointer(row)
        }
    }

    /// The frame's colour numbers, [rows, columns], interlacing undone.
    private static func pixels(_ gif: UnsafeMutablePointer<GifFileType>, _ frame: Frame) throws(CodecError) -> [UInt8] {
        var indices = [UInt8](repeating: 0, count: frame.columns * frame.rows)
        let passes = frame.isInterlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)]
        for (start, step) in passes {
            for line in stride(from: start, to: frame.rows, by: step) {
                let status = indices.withUnsafeMutableBufferPointer {
                    DGifGetLine(gif, $0.baseAddress.map { $0 + line * frame.columns }, Int32(frame.columns))
                }
                guard status == GIF_OK else { throw failure(gif.pointee.Error) }
            }
        }
        return indices
    }

    /// Reads on to the first frame's pixels.
    private static func firstFrame(_ gif: UnsafeMutablePointer<GifFileType>) throws(CodecError) -> Frame {
        var transparent: Int?
        while true {
            var kind = UNDEFINED_RECORD_TYPE
            guard DGifGetRecordType(gif, &kind) == GIF_OK else { throw failure(gif.pointee.Error) }
            switch kind {
            case EXTENSION_RECORD_TYPE:
                var code: Int32 = 0
                var block: UnsafeMutablePointer<GifByteType>?
                guard DGifGetExtension(gif, &code, &block) == GIF_OK else { throw failure(gif.pointee.Error) }
                while let contents = block {
                    var control = GraphicsControlBlock()
                    // The first byte is the block's length.
                    if code == GRAPHICS_EXT_FUNC_CODE,
                        DGifExtensionToGCB(Int(contents[0]), contents + 1, &control) == GIF_OK
                    {
                        transparent = control.TransparentColor < 0 ? nil : Int(control.TransparentColor)
                    }
                    guard DGifGetExtensionNext(gif, &block) == GIF_OK else { throw failure(gif.pointee.Error) }
                }
            case IMAGE_DESC_RECORD_TYPE:
                guard DGifGetImageDesc(gif) == GIF_OK else { throw failure(gif.pointee.Error) }
                return try frame(gif.pointee, transparent)
            case TERMINATE_RECORD_TYPE:
                throw CodecError("it has no picture")
            default:
                throw CodecError("it has a record of an unknown kind")
            }
        }
    }

    private static func frame(_ gif: GifFileType, _ transparent: Int?) throws(CodecError) -> Frame {
        let place = gif.Image
        guard let map = place.ColorMap ?? gif.SColorMap, let colours = map.pointee.Colors else {
            throw CodecError("it has no palette")
        }
        var palette = [GifColorType](repeating: GifColorType(Red: 0, Green: 0, Blue: 0), count: 256)
        for index in 0..<min(Int(map.pointee.ColorCount), 256) { palette[index] = colours[index] }
        guard place.Width > 0, place.Height > 0, place.Left >= 0, place.Top >= 0 else {
            throw CodecError("a side of zero pixels")
        }
        // A frame beyond the canvas makes it larger, as in Pillow.
        return Frame(
            width: max(Int(gif.SWidth), Int(place.Left + place.Width)),
            height: max(Int(gif.SHeight), Int(place.Top + place.Height)), x: Int(place.Left), y: Int(place.Top),
            columns: Int(place.Width), rows: Int(place.Height), isInterlaced: place.Interlace,
            transparent: transparent, palette: palette)
    }

    /// Lets `body` use a reader of the bytes.
    private static func open<Result>(
        _ bytes: [UInt8], _ body: (UnsafeMutablePointer<GifFileType>) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        var source = ByteSource(bytes: bytes)
        let outcome = withUnsafeMutablePointer(to: &source) { source -> Swift.Result<Result, CodecError> in
            var status: Int32 = 0
            guard let gif = DGifOpen(source, readBytes, &status) else { return .failure(failure(status)) }
            defer { _ = DGifCloseFile(gif, nil) }
            do throws(CodecError) {
                return .success(try body(gif))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func failure(_ status: Int32) -> CodecError {
        if [D_GIF_ERR_READ_FAILED, D_GIF_ERR_EOF_TOO_SOON].contains(status) {
            return CodecError("the file ends early")
        }
        guard let text = GifErrorString(status) else { return CodecError("its pixels are damaged") }
        return CodecError(String(cString: text).lowercased())
    }
}

/// Feeds giflib.
private struct ByteSource {
    let bytes: [UInt8]
    var offset = 0
}

/// giflib's callback: as many bytes as there are.
private func readBytes(
    _ gif: UnsafeMutablePointer<GifFileType>?, _ target: UnsafeMutablePointer<GifByteType>?, _ length: Int32
) -> Int32 {
    guard let target, length > 0, let source = gif?.pointee.UserData?.assumingMemoryBound(to: ByteSource.self) else {
        return 0
    }
    let offset = source.pointee.offset
    let count = min(Int(length), source.pointee.bytes.count - offset)
    for index in 0..<count { target[index] = source.pointee.bytes[offset + index] }
    source.pointee.offset += count
    return Int32(count)
}
