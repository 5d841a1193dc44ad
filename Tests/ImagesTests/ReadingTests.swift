import Foundation
import Images
import Testing

/// What is read equals what Pillow reads.
@Suite struct ReadingTests {
    @Test func fixturesAreThere() throws {
        let fixtures = try #require(Fixtures.shared)
        #expect(fixtures.images.count >= 50)
        #expect(fixtures.oriented.count == 9)
    }

    @Test(arguments: Fixtures.names(".png") + Fixtures.names(".jpg") + Fixtures.names(".webp"))
    func equalsPillow(name: String) throws {
        let expected = try #require(Fixtures.shared?.images[name])
        let image = try RGBImage(
            contentsOf: Fixtures.folder.appendingPathComponent(name), alpha: .drop, applyOrientation: false)
        #expect(try image == Fixtures.expected(expected.width, expected.height, expected.offset))
    }

    @Test func orientationIsApplied() throws {
        for (name, expected) in try #require(Fixtures.shared).oriented {
            let image = try Fixtures.image(name)
            #expect(try image == Fixtures.expected(expected.width, expected.height, expected.offset), "\(name)")
        }
    }

    @Test func damagedExifIsUpright() throws {
        var bytes = [UInt8](try Fixtures.data("orientation6.jpg"))
        let exif = try #require(bytes.firstRange(of: Array("Exif".utf8)))
        // The first directory's offset, far beyond the block.
        bytes[exif.lowerBound + 10] = 0xEE
        bytes[exif.lowerBound + 11] = 0xEE
        let stored = try RGBImage(bytes: bytes, applyOrientation: false)
        #expect(try RGBImage(bytes: bytes) == stored)
    }

    @Test func formatIsToldByBytes() {
        #expect(ImageFormat(signature: Array("not an image at all".utf8)) == nil)
        #expect(ImageFormat(signature: [UInt8]()) == nil)
        #expect(ImageFormat(signature: [0xFF, 0xD8, 0xFF, 0xE0]) == .jpeg)
        #expect(ImageFormat.webp.mediaType == "image/webp")
        #expect(throws: ImageError.notAnImage(name: "notes.jpg", found: "a text, not a PNG, JPEG or other picture")) {
            try RGBImage(data: Data("Dear diary".utf8), name: "notes.jpg")
        }
    }

    @Test func everyTruncationThrows() throws {
        for name in [
            "rgb8.png", "interlaced-rgba16.png", "ycc420.jpg", "progressive.jpg", "lossy.webp", "lossless.webp",
        ] {
            let bytes = [UInt8](try Fixtures.data(name))
            // Without its last chunk of 12 bytes, which holds nothing, a PNG is read, as Pillow does.
            for count in stride(from: 0, to: bytes.count - 12, by: 7) {
                #expect(throws: ImageError.self, "\(name) cut to \(count)") {
                    try RGBImage(bytes: Array(bytes.prefix(count)))
                }
            }
        }
    }

    @Test func damagedPixelsThrow() throws {
        var bytes = [UInt8](try Fixtures.data("rgb8.png"))
        bytes[60] ^= 0x10
        #expect(throws: ImageError.self) { try RGBImage(bytes: bytes) }
    }

    @Test func harmlessJPEGWarningsAreRead() throws {
        var bytes = [UInt8](try Fixtures.data("ycc444.jpg"))
        bytes.insert(contentsOf: [0, 0, 0], at: bytes.count - 2)
        #expect(try RGBImage(bytes: bytes) == Fixtures.image("ycc444.jpg"))
    }

    @Test func hugeHeadersAreRefused() throws {
        let error = #expect(throws: ImageError.self) { try Fixtures.image("bomb-pixels.png") }
        #expect(
            error?.description
                == "bomb-pixels.png is 60000 x 60000 pixels; the limit is 100000 on a side and 200000000 in all")
    }

    @Test func limitsAreTheCallers() throws {
        let small = ImageLimits(maxSide: 40, maxPixels: 300, maxFileBytes: 1 << 20)
        for name in ["rgb8.png", "ycc420.jpg", "lossy.webp", "animated.webp"] {
            let bytes = [UInt8](try Fixtures.data(name))
            let error = #expect(throws: ImageError.self) { try RGBImage(bytes: bytes, name: name, limits: small) }
            #expect(error?.description.contains("the limit is 40 on a side and 300 in all") == true)
        }
        let short = ImageLimits(maxSide: 100, maxPixels: 10_000, maxFileBytes: 100)
        let url = Fixtures.folder.appendingPathComponent("rgb8.png")
        #expect(throws: ImageError.fileTooLarge(name: "rgb8.png", limits: short)) {
            try RGBImage(contentsOf: url, limits: short)
        }
        #expect(throws: ImageError.fileTooLarge(name: "zero", limits: short)) {
            try RGBImage(contentsOf: URL(fileURLWithPath: "/dev/zero"), limits: short)
        }
    }

    @Test func missingFilesHaveOneLine() {
        let missing = #expect(throws: ImageError.self) {
            try RGBImage(contentsOf: URL(fileURLWithPath: "/nodir/x.png"))
        }
        #expect(missing?.description == "cannot read /nodir/x.png: no such file or folder")
        let folder = #expect(throws: ImageError.self) { try RGBImage(contentsOf: URL(fileURLWithPath: "/")) }
        #expect(folder?.description == "cannot read /: it is a folder")
    }
}
