import CImageShims

/// Decodes the first page of a TIFF through libtiff: row by row, or a band of tiles or planar strips at a time.
///
/// Grey, palette, RGB and CMYK samples of 1 to 16 bits are converted here, as Pillow does (16 bits lose their low byte);
/// everything else that libtiff can turn into RGBA (YCbCr, L*a*b*, ...) is left to it.
struct TIFFDecoder: ImageDecoder {
    let width: Int
    let height: Int
    let orientation: Orientation
    let alpha: AlphaKind
    private let bytes: [UInt8]
    private let maxAllocation: Int
    /// Nil for kinds that libtiff converts.
    private let samples: TIFFSamples?

    init(_ bytes: [UInt8], limits: ImageLimits) throws(CodecError) {
        self.bytes = bytes
        // A strip may hold the whole picture, 8 bytes a pixel at the most; a bit more for what libtiff adds.
        let (size, overflow) = limits.maxPixels.multipliedReportingOverflow(by: 8)
        maxAllocation = overflow ? .max : max(size, 1 << 20) + 1 << 16
        let (info, samples, orientation) = try TIFF.open(bytes, maxAllocation) { file throws(CodecError) in
            let info = try file.describe()
            return (info, try TIFFSamples(info, file), file.orientation(info))
        }
        (width, height) = (Int(info.width), Int(info.height))
        guard width > 0, height > 0 else { throw CodecError("a side of zero pixels") }
        self.samples = samples
        self.orientation = orientation
        if let samples {
            alpha = samples.alpha
        } else {
            // libtiff's conversion multiplies colours by the opacity.
            alpha = info.extra_count > 0 && (info.first_extra == 1 || info.first_extra == 2) ? .premultiplied : .none
        }
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        let withAlpha = keepsAlpha && alpha != .none
        try TIFF.open(bytes, maxAllocation) { file throws(CodecError) in
            let info = try file.describe()
            let isTiled = info.tile_width > 0
            let byRow = !isTiled && samples.map { !$0.isPlanar } ?? false
            let bandRows = byRow ? 1 : Int(isTiled ? info.tile_height : info.rows_per_strip)
            let blockColumns = Int(isTiled ? info.tile_width : info.width)
            let channels = withAlpha ? 4 : 3
            let (blockSize, overflow) = blockColumns.multipliedReportingOverflow(by: bandRows)
            guard !overflow, blockSize <= maxAllocation / 4 else { throw CodecError("its tiles are too large") }
            let bandSize = min(bandRows, height) * width * channels
            var band = [UInt8](repeating: 0, count: bandSize)
            var converter = try TIFFBlockConverter(
                file, samples, columns: blockColumns, rows: bandRows, byRow: byRow, keepsAlpha: withAlpha,
                maxAllocation: maxAllocation)
            for top in stride(from: 0, to: height, by: bandRows) {
                let rows = min(bandRows, height - top)
                for left in stride(from: 0, to: width, by: blockColumns) {
                    try converter.read(
                        x: left, y: top, columns: min(blockColumns, width - left), rows: rows, into: &band,
                        rowBytes: width * channels, offset: left * channels)
                }
                band.withUnsafeBufferPointer { samples in
                    for line in 0..<rows {
                        let start = line * width * channels
                        row(PixelRow(rebasing: samples[start..<start + width * channels]))
                    }
                }
            }
        }
    }
}

/// libtiff's calls with their memory and errors taken care of.
struct TIFF {
    private let handle: OpaquePointer

    /// Lets `body` use a reader of the bytes.
    static func open<Result>(
        _ bytes: [UInt8], _ maxAllocation: Int, _ body: (TIFF) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        let outcome = bytes.withUnsafeBufferPointer { source -> Swift.Result<Result, CodecError> in
            var message = [CChar](repeating: 0, count: 256)
            guard let handle = cis_tiff_open(source.baseAddress, source.count, maxAllocation, &message) else {
                return .failure(
                    CodecError(message.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""))
            }
            defer { cis_tiff_close(handle) }
            do throws(CodecError) {
                return .success(try body(TIFF(handle: handle)))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// The first page's tags. JPEG-compressed YCbCr is announced as the RGB that the codec then makes of it.
    func describe() throws(CodecError) -> cis_tiff_info {
        var info = cis_tiff_info()
        guard cis_tiff_describe(handle, &info) == 0 else { throw failure }
        if info.compression == 7, info.photometric == 6, info.planar == 1 {
            cis_tiff_jpeg_as_rgb(handle)
            info.photometric = 2
        }
        return info
    }

    /// The page's own tag; without one, what XMP says, as in Pillow.
    func orientation(_ info: cis_tiff_info) -> Orientation {
        if info.orientation != 1 { return Orientation(rawValue: Int(info.orientation)) ?? .upright }
        var packet: UnsafePointer<UInt8>?
        let count = cis_tiff_bytes(handle, 700, &packet)
        guard count > 0, let packet else { return .upright }
        return Orientation(exif: nil, xmp: Array(UnsafeBufferPointer(start: packet, count: count))[...])
    }

    /// The palette's colours, 16 bits each.
    func palette(count: Int) -> [(UInt16, UInt16, UInt16)]? {
        var (red, green, blue): (UnsafePointer<UInt16>?, UnsafePointer<UInt16>?, UnsafePointer<UInt16>?)
        guard cis_tiff_palette(handle, &red, &green, &blue) == 0, let red, let green, let blue else { return nil }
        return (0..<count).map { (red[$0], green[$0], blue[$0]) }
    }

    /// Bytes of a decoded strip or tile.
    var blockSize: Int { cis_tiff_block_size(handle) }

    /// Bytes of a decoded row.
    var rowSize: Int { cis_tiff_row_size(handle) }

    /// Decodes a row; rows must be asked for in order.
    func readRow(_ y: Int, into row: inout [UInt8]) throws(CodecError) {
        let status = row.withUnsafeMutableBufferPointer { cis_tiff_read_row(handle, UInt32(y), $0.baseAddress) }
        guard status == 0 else { throw failure }
    }

    /// Whether libtiff converts this kind of file to RGBA.
    func checkConvertible() throws(CodecError) {
        guard cis_tiff_rgba_ok(handle) != 0 else { throw failure }
    }

    /// Decodes the strip or tile at (x, y), which must fill `needed` bytes at least.
    func readBlock(x: Int, y: Int, plane: Int, into block: inout [UInt8], needed: Int) throws(CodecError) {
        let count = block.withUnsafeMutableBufferPointer {
            cis_tiff_read_block(handle, UInt32(x), UInt32(y), UInt16(plane), $0.baseAddress, $0.count)
        }
        guard count >= needed else { throw failure }
    }

    /// Decodes and converts the strip or tile at (x, y): RGBA with the red in the lowest byte.
    func readRGBA(x: Int, y: Int, rows: Int, into block: inout [UInt32]) throws(CodecError) {
        let status = block.withUnsafeMutableBufferPointer {
            cis_tiff_read_rgba(handle, UInt32(x), UInt32(y), UInt32(rows), $0.baseAddress)
        }
        guard status == 0 else { throw failure }
    }

    private var failure: CodecError { CodecError(String(cString: cis_tiff_message(handle))) }
}
