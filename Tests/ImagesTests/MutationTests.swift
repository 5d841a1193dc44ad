import Foundation
import Images
import Testing

/// Whatever the bytes, decoding ends with an image within the limits or an `ImageError`.
@Suite struct MutationTests {
    /// Small, so that a mutated size cannot make a test slow.
    private let limits = ImageLimits(maxSide: 2048, maxPixels: 1 << 17, maxFileBytes: 1 << 20)

    private static let names =
        [
            "rgb8.png", "palette4.png", "interlaced-rgba16.png", "text.png", "ycc420.jpg", "progressive.jpg",
            "cmyk.jpg", "orientation6.jpg", "lossy.webp", "lossless.webp", "lossy-alpha.webp",
            "animated-offset.webp", "orientation6.webp",
        ].map { "images/" + $0 }
        + [
            "interlaced-palette4-trns.png", "raw-zip6.png", "xmp8.png", "long6.jpg", "xmp6.jpg", "comment.jpg",
            "comment.webp", "animated-alpha.webp", "plain.gif", "interlaced.gif", "offset-transparent.gif",
            "rgb24.bmp", "palette4.bmp", "palette8.bmp", "rle8.bmp", "rle4.bmp", "rgb565.bmp", "rgba32-v4.bmp",
            "palette4-os2.bmp", "rgb8.tif", "rgb8-lzw.tif", "bit1.tif", "palette8.tif", "jpeg.tif", "planar.tif",
            "tiles.tif", "tiles-planar.tif", "associated.tif", "rgb16-be.tif", "bigtiff.tif", "orientation6.tif",
            "orientation6.avif", "alpha.avif", "orientation6.heic", "alpha.heic",
        ].map { "image-formats/" + $0 }

    @Test(arguments: names)
    func mutationsNeverCrash(name: String) throws {
        let original = [UInt8](try FormatFixtures.data(name))
        let isVideo = name.hasSuffix("avif") || name.hasSuffix("heic")
        let rounds = isVideo ? 500 : 2000
        var random = SeededGenerator(state: UInt64(original.count))
        var (decoded, refused) = (0, 0)
        for _ in 0..<rounds {
            let bytes = mutated(original, &random)
            do throws(ImageError) {
                let image = try RGBImage(bytes: bytes, limits: limits)
                decoded += 1
                #expect(image.pixels.count == image.width * image.height * 3)
                #expect(image.width * image.height <= limits.maxPixels)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty && !error.description.contains("\n"))
            }
            if name.hasSuffix(".png") {
                _ = try? RGBImage.pngText(of: Data(bytes))
            }
            _ = try? ImageMetadata.parametersText(of: Data(bytes))
            // Fitted while it is decoded: refused alike, or the size asked for.
            if let fitted = try? ImageReader(.init(limits: limits)).read(
                data: Data(bytes), fit: .pad, width: 9, height: 7)
            {
                #expect(fitted.image.width == 9 && fitted.image.height == 7)
            }
        }
        #expect(decoded + refused == rounds)
        #expect(refused > 0)
    }

    @Test func noiseBehindASignatureIsRefused() {
        var random = SeededGenerator(state: 7)
        let signatures: [[UInt8]] = [
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xD8, 0xFF],
            Array("RIFF".utf8) + [40, 0, 0, 0] + Array("WEBPVP8 ".utf8), Array("GIF89a".utf8),
            Array("BM".utf8) + [UInt8](repeating: 0, count: 12) + [40, 0, 0, 0], Array("II*\0".utf8),
            Array("MM\0*".utf8), [0, 0, 0, 24] + Array("ftypavif\0\0\0\0avifmif1".utf8),
            [0, 0, 0, 24] + Array("ftypheic\0\0\0\0heicmif1".utf8),
        ]
        for index in 0..<3000 {
            let noise = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(throws: ImageError.self) {
                try RGBImage(bytes: signatures[index % signatures.count] + noise, limits: limits)
            }
        }
    }

    /// A few changed, inserted or removed bytes; PNG checksums are mended half of the time, to get past them.
    private func mutated(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Headers are where it hurts: half of the changes fall into the first 64 bytes.
            let near = Bool.random(using: &random) ? min(64, bytes.count) : bytes.count
            let place = Int.random(in: 0..<max(near, 1), using: &random)
            guard place < bytes.count else { continue }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = .random(in: 0...255, using: &random)
            case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            case 3: bytes.insert(.random(in: 0...255, using: &random), at: place)
            case 4: bytes.remove(at: place)
            default: bytes.removeSubrange(max(place, bytes.count - 20)..<bytes.count)
            }
        }
        return Bool.random(using: &random) ? mended(bytes) : bytes
    }

    /// Writes right checksums into every chunk of a PNG that is whole.
    private func mended(_ bytes: [UInt8]) -> [UInt8] {
        guard ImageFormat(signature: bytes) == .png else { return bytes }
        var bytes = bytes
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - offset - 12 else { break }
            let end = offset + 8 + length
            let checksum = Self.crc32(bytes[offset + 4..<end])
            for index in 0..<4 {
                bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index)))
            }
            offset = end + 4
        }
        return bytes
    }

    private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
        }
        return ~crc
    }
}
