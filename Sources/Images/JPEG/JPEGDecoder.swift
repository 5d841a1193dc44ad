import CImageShims

/// Decodes JPEG row by row: grey, YCbCr, RGB, CMYK and YCCK, sequential and progressive.
///
/// A damaged file is refused at the first sign of it; odd but harmless ones, which cameras write, are read. The library
/// is set as Pillow sets it (accurate DCT, smooth chroma), and leaves files with more than 500 scans undecoded.
struct JPEGDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let orientation: Orientation
    private let bytes: [UInt8]
    private let isCMYK: Bool
    private let hasEnd: Bool
    /// Decoded size, in eighths of the stored one.
    private let eighths: Int

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        let markers = JPEGMarkers(bytes)
        orientation = Orientation(exif: markers.exif.map { $0[...] }, xmp: markers.xmp)
        hasEnd = JPEGMarkers.hasEnd(bytes)
        eighths = 8
        (width, height, isCMYK) = try Self.open(bytes, hasEnd: hasEnd) { decoder throws(CodecError) in
            try Self.header(decoder)
        }
    }

    private init(_ whole: JPEGDecoder, eighths: Int) {
        bytes = whole.bytes
        orientation = whole.orientation
        isCMYK = whole.isCMYK
        hasEnd = whole.hasEnd
        self.eighths = eighths
        width = (whole.width * eighths + 7) / 8
        height = (whole.height * eighths + 7) / 8
    }

    func reduced(by divisor: Int) -> (any ImageDecoder)? {
        [2, 4, 8].contains(divisor) && eighths == 8 ? JPEGDecoder(self, eighths: 8 / divisor) : nil
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        try Self.open(bytes, hasEnd: hasEnd) { decoder throws(CodecError) in
            _ = try Self.header(decoder)
            var (columns, rows): (Int32, Int32) = (0, 0)
            try Self.check(cis_jpeg_start(decoder, Int32(eighths), &columns, &rows), decoder)
            guard Int(columns) == width, Int(rows) == height else { throw CodecError("its size is not that promised") }
            var samples = [UInt8](repeating: 0, count: width * (isCMYK ? 4 : 3))
            var colours = [UInt8](repeating: 0, count: isCMYK ? width * 3 : 0)
            for _ in 0..<height {
                let status = samples.withUnsafeMutableBufferPointer { cis_jpeg_row(decoder, $0.baseAddress) }
                try Self.check(status, decoder)
                if isCMYK {
                    Self.convert(invertedCMYK: samples, to: &colours)
                    colours.withUnsafeBufferPointer(row)
                } else {
                    samples.withUnsafeBufferPointer(row)
                }
            }
            try Self.check(cis_jpeg_finish(decoder), decoder)
        }
    }

    /// Lets `body` use a decoder of the bytes.
    private static func open<Result>(
        _ bytes: [UInt8], hasEnd: Bool, _ body: (OpaquePointer) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        let outcome = bytes.withUnsafeBufferPointer { source -> Swift.Result<Result, CodecError> in
            guard let decoder = cis_jpeg_open(source.baseAddress, source.count, hasEnd ? 1 : 0) else {
                return .failure(CodecError("out of memory"))
            }
            defer { cis_jpeg_free(decoder) }
            do throws(CodecError) {
                return .success(try body(decoder))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func header(_ decoder: OpaquePointer) throws(CodecError) -> (Int, Int, Bool) {
        var (columns, rows, isCMYK): (Int32, Int32, Int32) = (0, 0, 0)
        try check(cis_jpeg_header(decoder, &columns, &rows, &isCMYK), decoder)
        guard columns > 0, rows > 0 else { throw CodecError("a side of zero pixels") }
        return (Int(columns), Int(rows), isCMYK != 0)
    }

    private static func check(_ status: Int32, _ decoder: OpaquePointer) throws(CodecError) {
        guard status == 0 else { throw CodecError(String(cString: cis_jpeg_message(decoder))) }
    }

    /// Adobe's CMYK, stored inverted, to RGB: `paper * (1 - ink)` for each ink, rounded as Pillow does.
    private static func convert(invertedCMYK samples: [UInt8], to rgb: inout [UInt8]) {
        for pixel in 0..<samples.count / 4 {
            CMYK.convert(
                cyan: 255 - samples[4 * pixel], magenta: 255 - samples[4 * pixel + 1],
                yellow: 255 - samples[4 * pixel + 2],
                black: 255 - samples[4 * pixel + 3], to: &rgb, at: 3 * pixel)
        }
    }
}

/// Printing inks to light.
enum CMYK {
    /// `paper * (1 - ink)` for each ink, rounded as Pillow does.
    @inline(__always)
    static func convert(
        cyan: UInt8, magenta: UInt8, yellow: UInt8, black: UInt8, to rgb: inout [UInt8], at offset: Int
    ) {
        let light = 255 - Int(black)
        rgb[offset] = channel(cyan, light)
        rgb[offset + 1] = channel(magenta, light)
        rgb[offset + 2] = channel(yellow, light)
    }

    @inline(__always)
    private static func channel(_ ink: UInt8, _ light: Int) -> UInt8 {
        let product = Int(ink) * light + 128
        return UInt8(clamping: light - ((product >> 8) + product) >> 8)
    }
}
