import Foundation
import Images
import Testing

/// Every format, kind of transparency and way to say how a picture stands, against Pillow.
@Suite struct FormatTests {
    @Test func fixturesAreThere() throws {
        let fixtures = try #require(FormatFixtures.shared)
        #expect(fixtures.images.count >= 116)
        #expect(fixtures.fits.count == 96)
        for ending in ["png", "jpg", "webp", "gif", "bmp", "tif", "avif", "heic"] {
            #expect(fixtures.images.contains { $0.file.hasSuffix(ending) }, "\(ending)")
        }
    }

    @Test(arguments: FormatFixtures.shared?.images ?? [])
    func equalsPillow(picture: FormatFixtures.Picture) throws {
        for (alpha, offset) in [(AlphaHandling.drop, picture.drop), (.flatten, picture.flat)] {
            let image = try RGBImage(contentsOf: FormatFixtures.url(picture.file), alpha: alpha)
            let expected = try FormatFixtures.expected(picture.width, picture.height, offset)
            let difference = try #require(largestDifference(image, expected), "\(image.width) x \(image.height)")
            #expect(difference <= picture.tolerance, "\(alpha): off by \(difference)")
        }
    }

    @Test func flatteningIsReported() throws {
        func flattened(_ file: String, _ alpha: AlphaHandling = .flatten) throws -> Bool {
            try ImageReader(.init(alpha: alpha)).read(contentsOf: FormatFixtures.url(file)).report.flattenedTransparency
        }
        for file in [
            "images/rgba8.png", "images/palette8-trns.png", "images/lossy-alpha.webp", "image-formats/alpha.avif",
            "image-formats/transparent.gif", "image-formats/rgba8.tif", "image-formats/rgba32-v4.bmp",
            "image-formats/alpha.heic", "cases/01-transparent-logo.png",
        ] {
            #expect(try flattened(file), "\(file)")
            #expect(try !flattened(file, .drop), "\(file)")
        }
        // With an alpha channel, all of it opaque; and without one.
        for file in ["image-formats/opaque-rgba.png", "images/rgb8.png", "image-formats/plain.gif"] {
            #expect(try !flattened(file), "\(file)")
        }
    }

    /// Hidden colours do not show. The other picture's white is 245, that of the shapes that the small model knows.
    @Test func aLogoIsThatOnWhite() throws {
        let logo = FormatFixtures.url("cases/01-transparent-logo.png")
        let onWhite = try RGBImage(contentsOf: FormatFixtures.url("cases/01-same-on-white.png"))
        let flat = try RGBImage(contentsOf: logo)
        for (value, other) in zip(flat.pixels, onWhite.pixels) where value != other {
            #expect(value == 255 && other == 245)
        }
        let dropped = try RGBImage(contentsOf: logo, alpha: .drop)
        #expect(try #require(largestDifference(dropped, onWhite)) == 245)
    }

    @Test func orientationAsLongIsRead() throws {
        let url = FormatFixtures.url("cases/02-orientation-long.jpg")
        let (stored, turned) = (
            try RGBImage(contentsOf: url, applyOrientation: false), try ImageReader().read(contentsOf: url)
        )
        #expect(turned.report.isTurned)
        #expect(turned.image.pixels != stored.pixels)
    }

    @Test(arguments: [("anim.gif", ImageFormat.gif), ("bmp.bmp", .bmp), ("avif.avif", .avif)])
    func formatsThatPeopleHave(name: String, format: ImageFormat) throws {
        let picture = try ImageReader().read(contentsOf: FormatFixtures.url("cases/\(name)"))
        #expect(picture.report.format == format)
        #expect(picture.image.width == 128 && picture.image.height == 96)
    }

    @Test func formatsCanBeLeftOut() throws {
        let reader = ImageReader(.init(formats: [.png, .jpeg]))
        #expect(try reader.read(contentsOf: FormatFixtures.url("cases/01-same-on-white.png")).report.format == .png)
        let error = #expect(throws: ImageError.self) {
            try reader.read(contentsOf: FormatFixtures.url("cases/avif.avif"), fit: .crop, width: 9, height: 9)
        }
        #expect(error?.description == "avif.avif is an image of a kind that is not taken here (AVIF)")
    }

    @Test func otherFilesAreNamed() {
        let cases: [(String, [UInt8], String)] = [
            ("empty.png", [], "empty.png is an empty file"),
            (
                "a.svg", Array("<?xml version=\"1.0\"?>\n<svg xmlns=\"x\"/>".utf8),
                "a.svg is an SVG drawing; export it as a PNG first"
            ),
            (
                "a.pdf", Array("%PDF-1.7\n%\u{e2}".utf8),
                "a.pdf is a PDF document; save the page as a PNG or JPEG"
            ),
            (
                "photo.jpg", Array("\n<!DOCTYPE html><html lang=en>".utf8),
                "photo.jpg is a web page, not a PNG, JPEG or other picture; download the picture itself"
            ),
            ("notes.txt", Array("Größe\n".utf8), "notes.txt is a text, not a PNG, JPEG or other picture"),
            (
                "bm.txt", Array("BMW and other cars, in a long line".utf8),
                "bm.txt is a text, not a PNG, JPEG or other picture"
            ),
            ("a.mp4", [0, 0, 0, 24] + Array("ftypisom\0\0\0\0isommp42".utf8), "a.mp4 is a film, not a picture"),
            (
                "noise.png", [1, 2, 3, 0xFE, 0xFF, 0],
                "noise.png is not a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC image"
            ),
        ]
        for (name, bytes, message) in cases {
            let error = #expect(throws: ImageError.self) { try RGBImage(bytes: bytes, name: name) }
            #expect(error?.description == message)
        }
    }

    /// Whatever the number of rows or bytes that are missing, a file cut short is refused.
    @Test(arguments: [
        "plain.gif", "interlaced.gif", "rgb24.bmp", "palette4.bmp", "rle8.bmp", "rle4.bmp", "rgb8.tif", "rgb8-lzw.tif",
        "planar.tif", "tiles.tif", "jpeg.tif", "orientation6.avif", "orientation6.heic",
    ])
    func everyTruncationThrows(name: String) throws {
        let bytes = [UInt8](try FormatFixtures.data("image-formats/\(name)"))
        // A TIFF's directory may stand behind the pixels, a GIF's last bytes end it.
        for count in stride(from: 0, to: bytes.count - 4, by: name.hasSuffix("f") ? 11 : 7) {
            #expect(throws: ImageError.self, "\(name) cut to \(count)") {
                try RGBImage(bytes: Array(bytes.prefix(count)))
            }
        }
    }
}
