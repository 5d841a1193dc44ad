public import Foundation

extension RGBImage {
    /// Encodes as an 8-bit RGB PNG with the given texts in front of the pixels.
    /// - Parameter text: keys of 1...79 Latin-1 characters and their values, in this order. A value is stored as tEXt
    ///   if that holds it (Latin-1 without control characters but line feeds), else as iTXt (UTF-8).
    /// - Throws: `ImageError.invalidText`, `ImageError.notEncoded`.
    public func pngData(text: [(key: String, value: String)] = []) throws(ImageError) -> Data {
        var chunks: [UInt8] = []
        for (key, value) in text {
            chunks += try PNGText.chunk(key: key, value: value)
        }
        let plain: [UInt8]
        do {
            plain = try SPNGEncoder.encode(self)
        } catch {
            throw .notEncoded(format: .png, reason: error.reason)
        }
        // Signature and header chunk are 8 + 25 bytes.
        return Data(plain.prefix(33)) + chunks + plain.dropFirst(33)
    }

    /// The texts of a PNG file: tEXt, zTXt and iTXt chunks, before and behind the pixels, in the file's order.
    ///
    /// Damaged text chunks are left out. The pixels are not decoded.
    /// - Throws: `ImageError.unknownFormat` if the data is no PNG, `ImageError.corrupt` if the file is cut short or
    ///   its texts take more than 4 MiB each, 16 MiB in all, or are more than 1000.
    public static func pngText(
        of data: Data, name: String = "image"
    ) throws(ImageError) -> [(key: String, value: String)] {
        guard data.starts(with: PNGChunks.signature) else { throw .unknownFormat(name: name) }
        do {
            return try SPNGText.read([UInt8](data))
        } catch {
            throw .corrupt(name: name, format: .png, reason: error.reason)
        }
    }
}
