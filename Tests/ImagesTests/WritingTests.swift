import Foundation
import Images
import Testing

/// Encoding, PNG texts and files.
@Suite struct WritingTests {
    @Test func pngIsLossless() throws {
        for name in ["scene64x48.png", "pixel.png", "scene1x9.png"] {
            let image = try Fixtures.image(name)
            #expect(try RGBImage(data: image.pngData()) == image)
        }
    }

    @Test func losslessWebPIsLossless() throws {
        let image = try Fixtures.image("scene64x48.png")
        #expect(try RGBImage(data: image.webpData(quality: nil)) == image)
    }

    @Test func lossyIsCloseAndSmallerAtLowQuality() throws {
        let image = try Fixtures.image("scene64x48.png")
        let fine = try image.jpegData(quality: 98)
        let coarse = try image.jpegData(quality: 20)
        #expect(coarse.count < fine.count)
        #expect(try #require(largestDifference(RGBImage(data: fine), image)) <= 12)
        let (best, worst) = (try image.webpData(quality: 100), try image.webpData(quality: 0))
        #expect(worst.count < best.count)
        #expect(try RGBImage(data: worst).width == 64)
        // Beyond the scale is clamped.
        #expect(try image.jpegData(quality: 9999) == image.jpegData(quality: 100))
        #expect(try image.webpData(quality: -5) == image.webpData(quality: 0))
    }

    @Test func webpRefusesLongSides() throws {
        let image = try RGBImage(width: 16_384, height: 1, filledWith: (1, 2, 3))
        #expect(throws: ImageError.self) { try image.webpData() }
    }

    @Test func textsComeBack() throws {
        let texts = [
            (key: "parameters", value: "a \"fox\", 2 lines\nSteps: 50"), (key: "Comment", value: "größer"),
            (key: "emoji", value: "🦊 狐\r\n\tSeed: 1"), (key: "empty", value: ""), (key: "Größe", value: "x"),
        ]
        let image = try Fixtures.image("pixel.png")
        let data = try image.pngData(text: texts)
        let found = try RGBImage.pngText(of: data)
        #expect(found.map(\.key) == texts.map(\.key))
        #expect(found.map { Array($0.value.utf8) } == texts.map { Array($0.value.utf8) })
        #expect(try RGBImage(data: data) == image)
        #expect(data.firstRange(of: Data("tEXtparameters".utf8)) != nil)
        #expect(data.firstRange(of: Data("iTXtemoji".utf8)) != nil)
    }

    @Test func textsOfOthersAreRead() throws {
        let found = try RGBImage.pngText(of: Fixtures.data("text.png"))
        #expect(found.map(\.key) == ["Title", "Long", "parameters", "late"])
        #expect(found.first?.value == "café")
        #expect(found.dropFirst().first?.value == String(repeating: "squeeze ", count: 200))
        #expect(found.dropFirst(2).first?.value == "a fox 🦊\nSteps: 3")
        #expect(found.last?.value == "größer")
        #expect(try RGBImage.pngText(of: Fixtures.data("rgb8.png")).isEmpty)
        #expect(throws: ImageError.self) { try RGBImage.pngText(of: Fixtures.data("ycc444.jpg")) }
    }

    @Test func compressedBombsAreRefused() throws {
        // Its colour profile and its text inflate to 10 MB each; the pixels are fine.
        #expect(try Fixtures.image("bomb-chunks.png").width == 2)
        #expect(throws: ImageError.self) { try RGBImage.pngText(of: Fixtures.data("bomb-chunks.png")) }
    }

    @Test(arguments: ["", " x", "x ", "a  b", "狐", "a\nb", String(repeating: "k", count: 80), "a\0"])
    func badKeysAreRefused(key: String) throws {
        let image = try Fixtures.image("pixel.png")
        #expect(throws: ImageError.self) { try image.pngData(text: [(key: key, value: "v")]) }
    }

    @Test func badValuesAreRefused() throws {
        let image = try Fixtures.image("pixel.png")
        #expect(throws: ImageError.self) { try image.pngData(text: [(key: "k", value: "a\0b")]) }
        let long = String(repeating: "a", count: 5 << 20)
        #expect(throws: ImageError.self) { try image.pngData(text: [(key: "k", value: long)]) }
    }

    @Test func filesAreWrittenWhole() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (first, second) = (try Fixtures.image("scene64x48.png"), try Fixtures.image("scene37x91.png"))
        let url = folder.appendingPathComponent("out.png")
        let link = folder.appendingPathComponent("link.png")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: url)
        try first.write(to: url, text: [(key: "parameters", value: "x")])
        try second.write(to: link)
        #expect(try RGBImage(contentsOf: url) == second)
        // Nothing temporary is left behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link.png", "out.png"])
        let onFolder = #expect(throws: ImageError.self) { try first.write(to: folder) }
        #expect(onFolder?.description.hasSuffix("it is a folder") == true)
    }

    @Test func unwritablePlacesHaveOneLine() throws {
        let image = try Fixtures.image("pixel.png")
        let error = #expect(throws: ImageError.self) { try image.write(to: URL(fileURLWithPath: "/nodir/x.png")) }
        #expect(error?.description == "cannot write /nodir/x.png: the folder does not exist")
        let full = #expect(throws: ImageError.self) { try image.write(to: URL(fileURLWithPath: "/dev/full")) }
        #expect(full?.description == "cannot write /dev/full: no space left on device")
    }

    @Test func devicesAreNotReplaced() throws {
        try Fixtures.image("pixel.png").write(to: URL(fileURLWithPath: "/dev/null"))
        let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        #expect(type == .typeCharacterSpecial)
    }
}
