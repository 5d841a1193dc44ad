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

    /// What an image's metadata say, as Pillow's `exif_transpose` understands them: EXIF's tag, else the one that XMP
    /// repeats; upright if both are absent, damaged or out of range.
    init(exif: ArraySlice<UInt8>?, xmp: ArraySlice<UInt8>? = nil) {
        let number = exif.flatMap { EXIF($0).orientation } ?? xmp.flatMap(XMP.orientation)
        self = number.flatMap(Self.init(rawValue:)) ?? .upright
    }

    /// Whether the upright image's columns are stored as rows.
    var swapsSides: Bool { rawValue >= 5 }

    /// Whether the first stored column is the upright image's last one (or its last row, if sides are swapped).
    var reversesColumns: Bool { [.mirrored, .upsideDown, .transversed, .turnedLeft].contains(self) }

    /// Whether the first stored row is the upright image's last one (or its last column, if sides are swapped).
    var reversesRows: Bool { [.upsideDown, .flipped, .turnedRight, .transversed].contains(self) }
}
