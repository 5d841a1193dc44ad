import Foundation
import Images
import Testing

/// Fitting pictures into a size, at once or while they are decoded.
@Suite struct FittingTests {
    @Test(arguments: FormatFixtures.shared?.fits ?? [])
    func equalsPillow(fit: FormatFixtures.Fit) throws {
        let url = FormatFixtures.url(fit.file)
        let expected = try FormatFixtures.expected(fit.width, fit.height, fit.offset)
        let atOnce = try ImageReader().read(contentsOf: url, fit: fit.fit, width: fit.width, height: fit.height)
        #expect(atOnce.image == expected, "off by \(largestDifference(atOnce.image, expected) ?? -1)")
        let (later, fitting) = try RGBImage(contentsOf: url).fitted(fit.fit, width: fit.width, height: fit.height)
        #expect(later == expected)
        #expect(fitting == atOnce.fitting)
    }

    /// Any shape, filter, orientation and format: the same pixels as decoding first.
    @Test func anyShapeIsThatOfTheWholePicture() throws {
        var random = SeededGenerator(state: 3)
        let files = [
            "images/progressive.jpg", "images/orientation5.jpg", "images/orientation8.jpg",
            "images/interlaced-rgba16.png",
            "images/lossy-alpha.webp", "image-formats/fit7.png", "image-formats/tiles.tif", "images/scene1x9.png",
            "image-formats/orientation6.tif", "image-formats/offset-transparent.gif", "image-formats/orientation6.avif",
        ]
        for index in 0..<200 {
            let url = FormatFixtures.url(files[index % files.count])
            let whole = try RGBImage(contentsOf: url)
            let fit = ImageFit.allCases.randomElement(using: &random) ?? .crop
            let filter = ResampleFilter.allCases.randomElement(using: &random) ?? .bicubic
            let (width, height) = (Int.random(in: 1...70, using: &random), Int.random(in: 1...70, using: &random))
            let atOnce = try ImageReader().read(contentsOf: url, fit: fit, width: width, height: height, filter: filter)
            let later = try whole.fitted(fit, width: width, height: height, filter: filter)
            #expect(atOnce.image == later.image, "\(url.lastPathComponent) \(fit) \(filter) \(width) x \(height)")
            #expect(atOnce.fitting == later.fitting)
        }
    }

    @Test func theShareCutAwayIsKnown() throws {
        func share(_ fit: ImageFit, _ width: Int, _ height: Int) throws -> Double {
            try ImageFitting(fit, of: (width, height), into: (432, 432)).croppedShare
        }
        #expect(try share(.crop, 640, 128) == 0.8)
        #expect(try share(.crop, 432, 432) == 0)
        #expect(try abs(share(.crop, 600, 800) - 0.25) < 0.001)
        #expect(try abs(share(.crop, 1200, 20_000) - 0.94) < 0.001)
        #expect(try share(.pad, 640, 128) == 0 && share(.stretch, 640, 128) == 0)
    }

    @Test func paddingIsBlackAroundThePicture() throws {
        let picture = try RGBImage(width: 640, height: 128, filledWith: (200, 100, 50))
        let (image, fitting) = try picture.fitted(.pad, width: 432, height: 432)
        #expect(fitting.picture == .init(x: 0, y: 172, width: 432, height: 87))
        for y in 0..<432 {
            let pixel = Array(image.pixels[(y * 432 + 5) * 3..<(y * 432 + 5) * 3 + 3])
            #expect(pixel == ((172..<259).contains(y) ? [200, 100, 50] : [0, 0, 0]), "row \(y)")
        }
        // Nothing is too thin to be seen.
        let line = try ImageFitting(.pad, of: (100_000, 1), into: (432, 432))
        #expect(line.picture == .init(x: 0, y: 215, width: 432, height: 1))
    }

    @Test func fittingTwiceChangesNothing() throws {
        let url = FormatFixtures.url("cases/04-wide-640x128.png")
        for fit in ImageFit.allCases {
            let once = try ImageReader().read(contentsOf: url, fit: fit, width: 64, height: 48).image
            #expect(try once.resizedCovering(width: 64, height: 48) == once)
        }
    }

    @Test func sizesOfNoPictureAreRefused() throws {
        for fit in ImageFit.allCases {
            #expect(throws: ImageError.self) { try ImageFitting(fit, of: (10, 10), into: (0, 5)) }
            #expect(throws: ImageError.self) { try ImageFitting(fit, of: (0, 10), into: (5, 5)) }
            #expect(throws: ImageError.self) { try ImageFitting(fit, of: (.max, .max), into: (5, 5)) }
            #expect(throws: ImageError.self) { try ImageFitting(fit, of: (10, 10), into: (.max, .max)) }
        }
    }
}
