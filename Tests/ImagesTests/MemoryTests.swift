import Foundation
import Images
import Testing

/// Large pictures: read within the limits, and fitted without ever being whole in memory. Each is read by a process of
/// its own, so that its peak is known.
@Suite struct MemoryTests {
    /// The most memory that this process has had, in bytes.
    private static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) << 10
    }

    /// Reads a picture of 200 megapixels, fitted, and says how far the peak rose above the file's own bytes.
    private static func rise(_ data: Data) throws -> Int {
        let before = try peak()
        let fitted = try ImageReader(.init(maxExactPixels: .max)).read(data: data, fit: .crop, width: 432, height: 432)
        #expect(fitted.report.width * fitted.report.height == 200_000_000)
        #expect(fitted.report.reduction == 1)
        #expect(fitted.image.pixels.count == 432 * 432 * 3)
        // The data is copied once into an array.
        return try peak() - before - data.count
    }

    @Test func aPageIsRead() throws {
        let url = FormatFixtures.url("cases/03-page-1200x20000.png")
        let picture = try ImageReader().read(contentsOf: url, fit: .crop, width: 48, height: 48)
        #expect(picture.report.width == 1200 && picture.report.height == 20_000)
        #expect(picture.fitting.croppedShare > 0.9)
    }

    @Test func aLargePNGIsNeverWhole() async {
        await #expect(processExitsWith: .success) {
            let rise = try Self.rise(LargePictures.png(width: 20_000, height: 10_000))
            #expect(rise < 24 << 20)
        }
    }

    @Test func aLargeTIFFIsNeverWhole() async {
        await #expect(processExitsWith: .success) {
            let rise = try Self.rise(LargePictures.tiff(width: 10_000, height: 20_000))
            #expect(rise < 24 << 20)
        }
    }

    @Test func aLargeJPEGIsNeverWhole() async {
        await #expect(processExitsWith: .success) {
            let rise = try Self.rise(LargePictures.jpeg(width: 20_000, height: 10_000))
            #expect(rise < 32 << 20)
        }
    }

    /// Whole, a picture takes its own 3 bytes a pixel and no copy, turned or not.
    @Test(arguments: [1, 6]) func aWholePictureIsHeldOnce(orientation: Int) async {
        await #expect(processExitsWith: .success) { [orientation] in
            let data = try LargePictures.png(width: 8_000, height: 5_000, orientation: orientation)
            let before = try Self.peak()
            let picture = try ImageReader().read(data: data)
            #expect(picture.image.pixels.count == 120_000_000)
            #expect(picture.report.isTurned == (orientation != 1))
            let rise = try Self.peak() - before
            #expect(rise < 120_000_000 + 16 << 20)
        }
    }

    @Test func largerLimitsAreTheCallers() throws {
        let data = try LargePictures.png(width: 120_000, height: 10)
        let error = #expect(throws: ImageError.self) {
            try ImageReader().read(data: data, name: "long.png", fit: .pad, width: 64, height: 64)
        }
        #expect(
            error?.description == "long.png is 120000 x 10 pixels; the limit is 100000 on a side and 200000000 in all")
        var limits = ImageLimits.default
        limits.maxSide = 200_000
        let fitted = try ImageReader(.init(limits: limits)).read(data: data, fit: .pad, width: 64, height: 64)
        #expect(fitted.fitting.picture.height == 1)
    }

    /// Above the exact size JPEG and WebP are decoded smaller, never below twice what is needed.
    @Test(arguments: [ImageFileFormat.jpeg, .webp])
    func reducedDecodingIsClose(format: ImageFileFormat) throws {
        let scene = try Fixtures.image("scene64x48.png").resized(width: 1280, height: 960)
        let data = try scene.data(as: format, quality: 95)
        for (size, reduction) in [(48, 8), (80, 4), (200, 2), (300, 1)] {
            let exact = try ImageReader().read(data: data, fit: .crop, width: size, height: size)
            let reduced = try ImageReader(.init(maxExactPixels: 1000)).read(
                data: data, fit: .crop, width: size, height: size)
            #expect(exact.report.reduction == 1 && reduced.report.reduction == reduction, "\(size)")
            #expect(reduced.fitting == exact.fitting)
            #expect(try #require(largestDifference(exact.image, reduced.image)) <= 24, "\(size)")
        }
    }
}

/// Pictures of one colour and any size, without an encoder that would hold them.
enum LargePictures {
    /// Pixels of one bit, of which one colour is used, in stored blocks.
    static func png(width: Int, height: Int, orientation: Int = 1) throws -> Data {
        var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        bytes += chunk("IHDR", bigEndian(width) + bigEndian(height) + [1, 3, 0, 0, 0])
        bytes += chunk("PLTE", [200, 100, 50, 0, 0, 0])
        if orientation != 1 {
            let entry: [UInt8] = [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0]
            bytes += chunk("eXIf", Array("MM\0*".utf8) + bigEndian(8) + entry)
        }
        var (stream, b): ([UInt8], UInt32) = ([0x78, 0x01], 0)
        let row = [UInt8](repeating: 0, count: 1 + (width + 7) / 8)
        for index in 0..<height {
            // Stored blocks: no compression, 65,535 bytes at the most, which a row of one bit a pixel does not reach.
            let length = row.count
            stream += [index == height - 1 ? 1 : 0, UInt8(length & 255), UInt8(length >> 8)]
            stream += [UInt8(~length & 255), UInt8(~length >> 8 & 255)] + row
            // Adler's sums of zeros: the first stays 1, the second counts them.
            b = (b + UInt32(length)) % 65_521
        }
        stream += bigEndian(Int(b << 16 | 1))
        bytes += chunk("IDAT", stream) + chunk("IEND", [])
        return Data(bytes)
    }

    /// An uncompressed TIFF of 8-bit grey in strips that all lie at the same place.
    static func tiff(width: Int, height: Int) throws -> Data {
        var bytes: [UInt8] = Array("MM\0*".utf8) + bigEndian(8 + width * 4)
        bytes += [UInt8](repeating: 90, count: width * 4)
        let strips = (height + 3) / 4
        let tables = bytes.count + 2 + 12 * 9 + 4
        bytes += [0, 9]
        for (tag, type, count, value) in [
            (256, 4, 1, width), (257, 4, 1, height), (258, 4, 1, 8), (259, 4, 1, 1), (262, 4, 1, 1),
            (273, 4, strips, tables), (277, 4, 1, 1), (278, 4, 1, 4), (279, 4, strips, tables + 4 * strips),
        ] {
            bytes += Array(bigEndian(tag).suffix(2)) + Array(bigEndian(type).suffix(2)) + bigEndian(count)
            bytes += bigEndian(value)
        }
        bytes += bigEndian(0)
        for _ in 0..<strips { bytes += bigEndian(8) }
        for _ in 0..<strips { bytes += bigEndian(width * 4) }
        return Data(bytes)
    }

    /// A baseline JPEG of one grey: every coefficient of every block is 0.
    static func jpeg(width: Int, height: Int) throws -> Data {
        var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
        bytes += [0xFF, 0xC0, 0, 11, 8, UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
        bytes += [1, 1, 0x11, 0]
        // Tables of one code each: "0" is the DC difference of 0 bits, and the end of a block.
        for kind in [0x00, 0x10] as [UInt8] {
            bytes += [0xFF, 0xC4, 0, 20, kind, 1] + [UInt8](repeating: 0, count: 15) + [0]
        }
        bytes += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
        // Two bits a block, then ones to fill the last byte.
        let blocks = (width + 7) / 8 * ((height + 7) / 8)
        bytes += [UInt8](repeating: 0, count: blocks * 2 / 8)
        if blocks * 2 % 8 != 0 { bytes.append(0xFF >> UInt8(blocks * 2 % 8)) }
        return Data(bytes + [0xFF, 0xD9])
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func chunk(_ type: String, _ payload: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + payload
        var crc = UInt32.max
        for byte in body { crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
        return bigEndian(payload.count) + body + bigEndian(Int(~crc))
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? 0xEDB8_8320 ^ rest >> 1 : rest >> 1 }
    }
}
