/// Decodes Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, run-length encoded ones, any colour masks, either
/// order of rows. Opacity is read where colour masks name it, as Pillow does.
struct BMPDecoder: ImageDecoder {
    private let header: BMPHeader
    private let bytes: [UInt8]

    var width: Int { header.width }
    var height: Int { header.height }
    var orientation: Orientation { .upright }
    var alpha: AlphaKind { header.masks[3].largest > 0 ? .straight : .none }

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        header = try BMPHeader(ByteReader(bytes: bytes[...]))
    }

    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        switch header.compression {
        case .runs8, .runs4:
            let indices = try BMPRuns.decode(
                bytes.dropFirst(header.offset), width: width, height: height, nibbles: header.compression == .runs4)
            var samples = [UInt8](repeating: 0, count: width * 3)
            for y in 0..<height {
                let start = storedRow(y) * width
                for x in 0..<width { put(header.palette[Int(indices[start + x])], &samples, x) }
                samples.withUnsafeBufferPointer(row)
            }
        case .none, .fields, .fieldsWithAlpha:
            try decodeRows(keepsAlpha: keepsAlpha && alpha != .none, row)
        }
    }

    /// Where the row lies in the file: the bottom one comes first, unless the header says otherwise.
    private func storedRow(_ y: Int) -> Int { header.isTopDown ? y : height - 1 - y }

    private func decodeRows(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError) {
        // Rows are padded to multiples of four bytes; the last one's padding may be missing.
        let stored = (width * header.bits + 31) / 32 * 4
        let needed = (width * header.bits + 7) / 8
        let file = ByteReader(bytes: bytes[...])
        guard file.slice(header.offset, stored * (height - 1) + needed) != nil else {
            throw CodecError("the file ends early")
        }
        var samples = [UInt8](repeating: 0, count: width * (keepsAlpha ? 4 : 3))
        for y in 0..<height {
            guard let line = file.slice(header.offset + storedRow(y) * stored, needed) else { return }
            let first = line.startIndex
            switch header.bits {
            case 1, 4, 8:
                let perByte = 8 / header.bits
                let mask = header.palette.count - 1
                for x in 0..<width {
                    let shift = (perByte - 1 - x % perByte) * header.bits
                    put(header.palette[Int(line[first + x / perByte]) >> shift & mask], &samples, x)
                }
            case 24:
                for x in 0..<width {
                    let offset = first + 3 * x
                    put((line[offset + 2], line[offset + 1], line[offset]), &samples, x)
                }
            default:
                let size = header.bits / 8
                for x in 0..<width {
                    let offset = first + size * x
                    var pixel = Int(line[offset]) | Int(line[offset + 1]) << 8
                    if size == 4 { pixel |= Int(line[offset + 2]) << 16 | Int(line[offset + 3]) << 24 }
                    let channels = keepsAlpha ? 4 : 3
                    for channel in 0..<channels {
                        samples[x * channels + channel] = header.masks[channel].level(pixel)
                    }
                }
            }
            samples.withUnsafeBufferPointer(row)
        }
    }

    @inline(__always)
    private func put(_ colour: (UInt8, UInt8, UInt8), _ samples: inout [UInt8], _ x: Int) {
        samples[3 * x] = colour.0
        samples[3 * x + 1] = colour.1
        samples[3 * x + 2] = colour.2
    }
}

/// A bitmap's run-length encoding.
enum BMPRuns {
    /// The colour numbers, [height, width], in the file's order of rows; what the runs leave out is 0.
    /// - Parameter nibbles: RLE4, whose runs alternate between two colours.
    static func decode(
        _ bytes: ArraySlice<UInt8>, width: Int, height: Int, nibbles: Bool
    ) throws(CodecError) -> [UInt8] {
        var indices = [UInt8](repeating: 0, count: width * height)
        let reader = ByteReader(bytes: bytes)
        var (x, y, offset) = (0, 0, 0)
        func put(_ value: Int) {
            // Beyond the row's end nothing is drawn; behind the last row decoding has ended.
            if x < width { indices[y * width + x] = UInt8(truncatingIfNeeded: value) }
            x += 1
        }
        while y < height {
            guard let count = reader.byte(offset), let value = reader.byte(offset + 1) else {
                throw CodecError("the file ends early")
            }
            offset += 2
            if count > 0 {
                for index in 0..<count { put(nibbles ? index % 2 == 0 ? value >> 4 : value & 15 : value) }
                continue
            }
            switch value {
            case 0:  // End of the row.
                (x, y) = (0, y + 1)
            case 1:  // End of the image.
                return indices
            case 2:
                guard let right = reader.byte(offset), let down = reader.byte(offset + 1) else {
                    throw CodecError("the file ends early")
                }
                (x, y, offset) = (x + right, y + down, offset + 2)
            default:  // That many pixels as they are, padded to an even number of bytes.
                let length = nibbles ? (value + 1) / 2 : value
                guard reader.slice(offset, length) != nil else { throw CodecError("the file ends early") }
                for index in 0..<value {
                    let byte = reader.byte(offset + (nibbles ? index / 2 : index)) ?? 0
                    put(nibbles ? index % 2 == 0 ? byte >> 4 : byte & 15 : byte)
                }
                offset += length + length % 2
            }
        }
        return indices
    }
}
