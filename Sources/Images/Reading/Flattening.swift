/// Lays transparent rows on white.
struct Flattening {
    /// Whether any pixel so far was not opaque.
    private(set) var sawTransparency = false
    private let alpha: AlphaKind
    private var opaque: [UInt8]

    /// - Parameter width: pixels in a row.
    init(_ alpha: AlphaKind, width: Int) {
        self.alpha = alpha
        opaque = alpha == .none ? [] : [UInt8](repeating: 0, count: width * 3)
    }

    /// Hands over the row [width, 4] as [width, 3], or as it is if the image has no opacity.
    mutating func flatten(_ row: PixelRow, _ body: (PixelRow) -> Void) {
        guard alpha != .none else { return body(row) }
        var isTransparent = false
        let isPremultiplied = alpha == .premultiplied
        opaque.withUnsafeMutableBufferPointer { target in
            var source = 0
            for pixel in stride(from: 0, to: target.count, by: 3) {
                let opacity = row[source + 3]
                if opacity != 255 { isTransparent = true }
                for channel in 0..<3 {
                    let value = row[source + channel]
                    target[pixel + channel] =
                        isPremultiplied ? Self.addingWhite(value, opacity) : Self.onWhite(value, opacity)
                }
                source += 4
            }
        }
        if isTransparent { sawTransparency = true }
        opaque.withUnsafeBufferPointer(body)
    }

    /// `(value * opacity + 255 * (255 - opacity)) / 255`, rounded as Pillow's `paste` with a mask does.
    @inline(__always)
    private static func onWhite(_ value: UInt8, _ opacity: UInt8) -> UInt8 {
        let sum = UInt32(value) * UInt32(opacity) + 255 * (255 - UInt32(opacity)) + 128
        return UInt8(truncatingIfNeeded: (sum >> 8 + sum) >> 8)
    }

    @inline(__always)
    private static func addingWhite(_ value: UInt8, _ opacity: UInt8) -> UInt8 {
        UInt8(min(Int(value) + 255 - Int(opacity), 255))
    }
}

/// Colours out of ones that were multiplied by their opacity.
enum Unpremultiplying {
    /// `value * 255 / opacity`, cut off and clipped as in Pillow.
    @inline(__always)
    static func colour(_ value: UInt8, _ opacity: UInt8) -> UInt8 {
        opacity == 0 || opacity == 255 ? value : UInt8(min(Int(value) * 255 / Int(opacity), 255))
    }
}
