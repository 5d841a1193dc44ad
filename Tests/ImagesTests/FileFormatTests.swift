import Foundation
import Images
import Testing

/// The formats that are written, and the text that they carry.
@Suite struct FileFormatTests {
    private static let parameters = GenerationParameters(
        prompt: "a red fox 🦊, \"größer\" 狐", steps: 50, sampler: "Euler", cfgScale: 5, seed: 1, width: 64, height: 48,
        extra: [.init(key: "Profile", value: "fast")])

    @Test func endingsNameTheFormat() throws {
        for (ending, format) in [
            ("png", ImageFileFormat.png), ("PNG", .png), ("jpg", .jpeg), ("JPEG", .jpeg), ("jPg", .jpeg),
            ("WebP", .webp),
        ] {
            #expect(try ImageFileFormat(pathExtension: ending) == format)
            #expect(try ImageFileFormat(of: URL(fileURLWithPath: "/tmp/a.b.\(ending)")) == format)
        }
        for ending in ["gif", "tiff", "txt", "jpgx", "", "p ng"] {
            let error = #expect(throws: ImageError.self) { try ImageFileFormat(pathExtension: ending) }
            #expect(error?.description.hasSuffix("its name must end in .png, .jpg, .jpeg or .webp") == true)
        }
        let error = #expect(throws: ImageError.self) { try ImageFileFormat(of: URL(fileURLWithPath: "/tmp/x.gif")) }
        #expect(error?.description == "cannot write x.gif: its name must end in .png, .jpg, .jpeg or .webp")
    }

    @Test(arguments: [("a.png", ImageFormat.png), ("b.JPG", .jpeg), ("c.jpeg", .jpeg), ("d.webp", .webp), ("e", .png)])
    func theEndingDecides(name: String, format: ImageFormat) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appendingPathComponent(name)
        let image = try Fixtures.image("scene64x48.png")
        try image.write(to: url, text: [(GenerationParameters.pngKey, Self.parameters.text)])
        let read = try ImageReader().read(contentsOf: url)
        #expect(read.report.format == format)
        #expect(read.image.width == 64 && read.image.height == 48)
        #expect(try ImageMetadata.parameters(contentsOf: url) == Self.parameters)
        #expect(try ImageMetadata.parametersText(contentsOf: url) == Self.parameters.text)
        #expect(throws: ImageError.self) { try image.write(to: folder.appendingPathComponent("x.gif")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
    }

    @Test func qualityIsASize() throws {
        let image = try Fixtures.image("scene64x48.png")
        for format in [ImageFileFormat.jpeg, .webp] {
            let sizes = try [1, 30, 75, 95].map { try image.data(as: format, quality: $0).count }
            #expect(sizes == sizes.sorted() && sizes[0] < sizes[3])
            for quality in [0, -1, 101] {
                let error = #expect(throws: ImageError.self) { try image.data(as: format, quality: quality) }
                #expect(error?.description.hasSuffix("the quality must be 1 to 100, not \(quality)") == true)
            }
        }
        #expect(try image.data(as: .jpeg) == image.data(as: .jpeg, quality: 95))
        #expect(try RGBImage(data: image.data(as: .webp, quality: 100)) == image)
        #expect(throws: ImageError.self) { try image.data(as: .png, quality: 90) }
    }

    /// Any text comes back, and pixels are those without it.
    @Test func anyTextComesBack() throws {
        var random = SeededGenerator(state: 11)
        let image = try Fixtures.image("scene37x91.png")
        let pieces = [
            "fox ", "狐", "🦊", "é", "\n", "\u{1}", "Steps: 5, ", "\u{FEFF}", "ж", "\u{100}", "\u{2E2E}", "x", "\t",
        ]
        for format in [ImageFileFormat.jpeg, .webp] {
            let plain = try RGBImage(data: image.data(as: format))
            for _ in 0..<200 {
                let count = Int.random(in: 0...40, using: &random)
                var text = (0..<count).compactMap { _ in pieces.randomElement(using: &random) }.joined()
                // Generation parameters end with a line of plain words, which tell the byte order.
                text = "a" + text + "\nSteps: 50, Sampler: Euler, CFG scale: 5.0, Seed: 1, Size: 64x48, Model: show-o2"
                let data = try image.data(as: format, text: [(GenerationParameters.pngKey, text)])
                let found = try #require(try ImageMetadata.parametersText(of: data))
                #expect(Array(found.utf8) == Array(text.utf8))
                #expect(try RGBImage(data: data) == plain)
            }
        }
    }

    /// A JPEG segment holds less than 64 KiB: what does not fit is refused, what just fits comes back.
    @Test func longTextsFitOrAreRefused() throws {
        let image = try Fixtures.image("pixel.png")
        let most = (65_533 - 6 - 44 - 8) / 2
        for (count, fits) in [(most, true), (most + 1, false), (200_000, false)] {
            let text = String(repeating: "p", count: count)
            let pair = [(key: GenerationParameters.pngKey, value: text)]
            if fits {
                #expect(try ImageMetadata.parametersText(of: image.data(as: .jpeg, text: pair)) == text)
            } else {
                let error = #expect(throws: ImageError.self) { try image.data(as: .jpeg, text: pair) }
                #expect(
                    error?.description
                        == "the text \"parameters\" cannot be stored: it has \(count) characters, a JPEG holds \(most); write a PNG or WebP file"
                )
            }
            #expect(try ImageMetadata.parametersText(of: image.data(as: .webp, text: pair)) == text)
            #expect(try ImageMetadata.parametersText(of: image.data(as: .png, text: pair)) == text)
        }
        let huge = [(key: GenerationParameters.pngKey, value: String(repeating: "p", count: 5 << 20))]
        #expect(throws: ImageError.self) { try image.data(as: .webp, text: huge) }
    }

    @Test func otherTextsAreLinesOrRefused() throws {
        let image = try Fixtures.image("pixel.png")
        let texts = [(key: "Profile", value: "fast"), (key: "Tokens kept", value: "5 of 9")]
        #expect(
            try ImageMetadata.parametersText(of: image.data(as: .jpeg, text: texts))
                == "Profile: fast\nTokens kept: 5 of 9")
        #expect(throws: ImageError.self) {
            try image.data(as: .webp, text: texts + [(key: GenerationParameters.pngKey, value: "x")])
        }
        #expect(try ImageMetadata.parametersText(of: image.data(as: .png, text: texts)) == nil)
        #expect(try ImageMetadata.parametersText(of: image.data(as: .webp)) == nil)
    }

    /// Files as stable-diffusion-webui writes them (piexif), and as others do.
    @Test(arguments: ["comment.jpg", "comment.webp", "comment-le.jpg", "comment-bom.jpg", "comment-ascii.jpg"])
    func textsOfOthersAreRead(name: String) throws {
        let text = try #require(
            try ImageMetadata.parametersText(contentsOf: FormatFixtures.url("image-formats/\(name)")))
        let prompt = name.contains("ascii") ? "a fox" : "a fox, größer 狐 🦊"
        #expect(text == prompt + "\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 7, Size: 64x48")
    }

    /// The comment itself is byte for byte that of piexif.
    @Test func theCommentIsThatOfPiexif() throws {
        let url = FormatFixtures.url("image-formats/comment.jpg")
        let theirs = [UInt8](try Data(contentsOf: url))
        let text = try #require(try ImageMetadata.parametersText(contentsOf: url))
        let ours = [UInt8](
            try Fixtures.image("pixel.png").data(as: .jpeg, text: [(GenerationParameters.pngKey, text)]))
        func comment(_ bytes: [UInt8]) throws -> ArraySlice<UInt8> {
            let start = try #require(bytes.firstRange(of: Array("UNICODE\0".utf8))).lowerBound
            return bytes[start..<start + 8 + 2 * text.utf16.count]
        }
        #expect(try Array(comment(ours)) == Array(comment(theirs)))
    }

    @Test func filesWithoutTextAreNil() throws {
        for name in [
            "cases/anim.gif", "images/ycc420.jpg", "images/lossy.webp", "images/rgb8.png", "image-formats/rgb8.tif",
        ] {
            #expect(try ImageMetadata.parameters(contentsOf: FormatFixtures.url(name)) == nil)
        }
        #expect(throws: ImageError.self) {
            try ImageMetadata.parameters(contentsOf: FormatFixtures.url("images/expected.json"))
        }
    }
}
