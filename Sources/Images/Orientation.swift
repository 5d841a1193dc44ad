/// How a stored image has to be turned to stand upright: EXIF's tag 0x0112, value by value.
enum Orientation: Int {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case flipped = 4
    case transposed = 5
    case turnedRight = 6
    case transversed = 7
    case turnedLeft = 8

    /// Reads the tag from an EXIF block (with or without its leading `Exif\0\0`); upright if it is absent or damaged.
    init(exif block: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes: block)
        if reader.matches("Exif\0\0", at: 0) {
            reader = ByteReader(bytes: block.dropFirst(6))
        }
        self = Self(rawValue: Self.tag(reader) ?? 1) ?? .upright
    }

    /// The orientation's number out of a TIFF header and its first directory.
    private static func tag(_ tiff: ByteReader) -> Int? {
        var tiff = tiff
        tiff.bigEndian = tiff.matches("MM", at: 0)
        guard tiff.bigEndian || tiff.matches("II", at: 0), tiff.uint16(2) == 42 else { return nil }
        guard let directory = tiff.uint32(4), let entries = tiff.uint16(directory) else { return nil }
        for entry in 0..<entries {
            let offset = directory + 2 + 12 * entry
            guard let tag = tiff.uint16(offset) else { return nil }
            if tag == 0x0112 {
                return tiff.uint16(offset + 2) == 3 ? tiff.uint16(offset + 8) : nil
            }
        }
        return nil
    }

    /// The image upright.
    func applied(to image: RGBImage) -> RGBImage {
        if self == .upright { return image }
        let (width, height) = (image.width, image.height)
        let swapsSides = rawValue >= 5
        let (newWidth, newHeight) = swapsSides ? (height, width) : (width, height)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(image.pixels.count)
        for y in 0..<newHeight {
            for x in 0..<newWidth {
                let (column, row) = source(x, y, width, height)
                let offset = (row * width + column) * 3
                pixels.append(image.pixels[offset])
                pixels.append(image.pixels[offset + 1])
                pixels.append(image.pixels[offset + 2])
            }
        }
        return RGBImage(uncheckedWidth: newWidth, height: newHeight, pixels: pixels)
    }

    /// Where the upright image's pixel (x, y) lies in the stored image of `width` x `height`.
    private func source(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> (column: Int, row: Int) {
        switch self {
        case .upright: (x, y)
        case .mirrored: (width - 1 - x, y)
        case .upsideDown: (width - 1 - x, height - 1 - y)
        case .flipped: (x, height - 1 - y)
        case .transposed: (y, x)
        case .turnedRight: (y, height - 1 - x)
        case .transversed: (width - 1 - y, height - 1 - x)
        case .turnedLeft: (width - 1 - y, x)
        }
    }
}
