/// A row of samples, valid during the call that hands it over.
typealias PixelRow = UnsafeBufferPointer<UInt8>

/// How a decoder stores opacity.
enum AlphaKind {
    /// All pixels are opaque.
    case none
    /// Colours as they would be without transparency.
    case straight
    /// Colours already multiplied by their opacity.
    case premultiplied
}

/// One format's decoder: the initializer reads the header only, `decode` takes memory for the pixels.
protocol ImageDecoder {
    /// Columns that `decode` makes, before the orientation is applied.
    var width: Int { get }
    /// Rows that `decode` makes.
    var height: Int { get }
    /// How the stored image has to be turned to stand upright.
    var orientation: Orientation { get }
    /// Whether and how pixels have an opacity.
    var alpha: AlphaKind { get }
    /// The same image decoded at a `divisor`th of its sides (2, 4 or 8), rounded up; nil if this format cannot.
    func reduced(by divisor: Int) -> (any ImageDecoder)?
    /// Hands over all rows, top to bottom: [width, 4] with opacity if `keepsAlpha` and there is one, else [width, 3]
    /// with the colours that lie beneath. Call it only when the limits allow the size.
    func decode(keepsAlpha: Bool, _ row: (PixelRow) -> Void) throws(CodecError)
}

extension ImageDecoder {
    var alpha: AlphaKind { .none }
    func reduced(by divisor: Int) -> (any ImageDecoder)? { nil }
}

extension Array<UInt8> {
    /// Hands over the rows of an image that was decoded whole.
    /// - Parameter rowBytes: divides the count.
    func forEachRow(of rowBytes: Int, _ row: (PixelRow) -> Void) {
        withUnsafeBufferPointer { samples in
            for start in stride(from: 0, to: samples.count - rowBytes + 1, by: rowBytes) {
                row(PixelRow(rebasing: samples[start..<start + rowBytes]))
            }
        }
    }
}
