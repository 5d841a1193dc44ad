import CImageShims

/// The kinds of TIFF whose samples are converted here.
struct TIFFSamples {
    enum Colour {
        /// Grey levels; `isInverted` if 0 is white.
        case grey(isInverted: Bool)
        case palette([(UInt8, UInt8, UInt8)])
        case rgb
        case cmyk

        var channels: Int {
            switch self {
            case .grey, .palette: 1
            case .rgb: 3
            case .cmyk: 4
            }
        }
    }

    let colour: Colour
    /// Of a sample: 1, 2, 4, 8 or 16.
    let bits: Int
    /// In a pixel.
    let count: Int
    /// Whether each sample has a plane of its own.
    let isPlanar: Bool
    let alpha: AlphaKind

    /// Nil for other kinds.
    init?(_ info: cis_tiff_info, _ file: TIFF) throws(CodecError) {
        guard info.format == 1 || info.format == 4, [1, 2, 4, 8, 16].contains(info.bits), info.samples > 0,
            info.planar == 1 || info.planar == 2
        else { return nil }
        bits = Int(info.bits)
        count = Int(info.samples)
        isPlanar = info.planar == 2 && count > 1
        switch info.photometric {
        case 0: colour = .grey(isInverted: true)
        case 1: colour = .grey(isInverted: false)
        case 2 where bits >= 8: colour = .rgb
        case 3 where bits <= 8:
            guard let palette = file.palette(count: 1 << bits) else { throw CodecError("it has no palette") }
            colour = .palette(palette.map { (UInt8($0.0 >> 8), UInt8($0.1 >> 8), UInt8($0.2 >> 8)) })
        case 5 where bits >= 8 && info.ink_set == 1: colour = .cmyk
        default: return nil
        }
        guard count >= colour.channels else { return nil }
        if count > colour.channels, bits < 8 { return nil }
        let extra = count - colour.channels
        switch colour {
        case .grey, .rgb:
            // Four samples without a word about the fourth are RGBA, as in Pillow.
            let kind = info.extra_count < 0 && extra == 1 ? 2 : info.extra_count > 0 ? info.first_extra : 0
            alpha = extra == 0 ? .none : kind == 1 ? .premultiplied : kind == 2 ? .straight : .none
        case .palette, .cmyk: alpha = .none
        }
    }
}

/// Reads strips or tiles and puts their pixels, as RGB or RGBA, into a band of the image.
struct TIFFBlockConverter {
    private let file: TIFF
    private let samples: TIFFSamples?
    private let columns: Int
    private let rows: Int
    private let keepsAlpha: Bool
    /// Whether rows are decoded one by one, which needs no block in memory.
    private let byRow: Bool
    /// One block, or one for each plane.
    private var planes: [[UInt8]] = []
    private var converted: [UInt32] = []
    private var isBigEndian16: Bool { UInt16(1).bigEndian == 1 }

    init(
        _ file: TIFF, _ samples: TIFFSamples?, columns: Int, rows: Int, byRow: Bool, keepsAlpha: Bool,
        maxAllocation: Int
    ) throws(CodecError) {
        (self.file, self.samples, self.columns, self.rows) = (file, samples, columns, rows)
        (self.byRow, self.keepsAlpha) = (byRow, keepsAlpha)
        guard let samples else {
            try file.checkConvertible()
            converted = [UInt32](repeating: 0, count: columns * rows)
            return
        }
        // libtiff's own size and the one the reading below relies on; files that disagree with themselves are refused.
        let size = rows * Self.rowBytes(samples, columns)
        let stored = byRow ? file.rowSize : file.blockSize
        guard stored >= size, stored <= min(size + 1 << 20, maxAllocation) else {
            throw CodecError("its strips or tiles have a size that makes no sense")
        }
        let used = samples.colour.channels + (samples.alpha == .none ? 0 : 1)
        planes = Array(repeating: [UInt8](repeating: 0, count: stored), count: samples.isPlanar ? used : 1)
    }

    private static func rowBytes(_ samples: TIFFSamples, _ columns: Int) -> Int {
        (columns * (samples.isPlanar ? 1 : samples.count) * samples.bits + 7) / 8
    }

    /// Reads the block at (x, y), of which `columns` x `rows` pixels lie inside of the image.
    mutating func read(
        x: Int, y: Int, columns: Int, rows: Int, into band: inout [UInt8], rowBytes: Int, offset: Int
    ) throws(CodecError) {
        guard let samples else {
            try file.readRGBA(x: x, y: y, rows: rows, into: &converted)
            for line in 0..<rows {
                put(converted, line * self.columns, columns, &band, line * rowBytes + offset)
            }
            return
        }
        let stored = Self.rowBytes(samples, self.columns)
        if byRow {
            try file.readRow(y, into: &planes[0])
        }
        for plane in planes.indices where !byRow {
            try file.readBlock(x: x, y: y, plane: plane, into: &planes[plane], needed: stored * rows)
        }
        for line in 0..<rows {
            for column in 0..<columns {
                let target = line * rowBytes + offset + column * (keepsAlpha ? 4 : 3)
                convert(samples, line * stored, column, &band, target)
            }
        }
    }

    /// libtiff's own conversion, whose colours are multiplied by the opacity.
    private func put(_ pixels: [UInt32], _ start: Int, _ columns: Int, _ band: inout [UInt8], _ offset: Int) {
        var target = offset
        for column in 0..<columns {
            let pixel = pixels[start + column]
            let opacity = UInt8(truncatingIfNeeded: pixel >> 24)
            for channel in 0..<3 {
                let value = UInt8(truncatingIfNeeded: pixel >> (8 * UInt32(channel)))
                band[target + channel] = keepsAlpha ? value : Unpremultiplying.colour(value, opacity)
            }
            if keepsAlpha { band[target + 3] = opacity }
            target += keepsAlpha ? 4 : 3
        }
    }

    /// A sample at 8 bits: 16 bits lose the low byte, fewer than 8 are scaled up unless they are a palette's numbers.
    @inline(__always)
    private func sample(_ samples: TIFFSamples, _ start: Int, _ column: Int, _ index: Int, scaled: Bool = true) -> UInt8
    {
        let plane = samples.isPlanar ? index : 0
        let place = samples.isPlanar ? column : column * samples.count + index
        switch samples.bits {
        case 8: return planes[plane][start + place]
        case 16:
            // libtiff has put the bytes into the machine's order.
            return planes[plane][start + 2 * place + (isBigEndian16 ? 0 : 1)]
        default:
            let perByte = 8 / samples.bits
            let largest = 1 << samples.bits - 1
            let shift = (perByte - 1 - place % perByte) * samples.bits
            let value = Int(planes[plane][start + place / perByte]) >> shift & largest
            return UInt8(scaled ? value * 255 / largest : value)
        }
    }

    private func convert(_ samples: TIFFSamples, _ start: Int, _ column: Int, _ band: inout [UInt8], _ target: Int) {
        switch samples.colour {
        case .grey(let isInverted):
            let level = sample(samples, start, column, 0)
            for channel in 0..<3 { band[target + channel] = isInverted ? 255 - level : level }
        case .palette(let colours):
            let colour = colours[Int(sample(samples, start, column, 0, scaled: false))]
            band[target] = colour.0
            band[target + 1] = colour.1
            band[target + 2] = colour.2
        case .rgb:
            for channel in 0..<3 { band[target + channel] = sample(samples, start, column, channel) }
        case .cmyk:
            CMYK.convert(
                cyan: sample(samples, start, column, 0), magenta: sample(samples, start, column, 1),
                yellow: sample(samples, start, column, 2), black: sample(samples, start, column, 3), to: &band,
                at: target)
        }
        guard samples.alpha != .none else { return }
        let opacity = sample(samples, start, column, samples.colour.channels)
        if keepsAlpha {
            band[target + 3] = opacity
        } else if samples.alpha == .premultiplied {
            for channel in 0..<3 { band[target + channel] = Unpremultiplying.colour(band[target + channel], opacity) }
        }
    }
}
