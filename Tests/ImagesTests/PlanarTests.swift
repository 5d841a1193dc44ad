import Images
import Testing

/// The way into the network and out of it, and contact sheets.
@Suite struct PlanarTests {
    @Test func planarIsChannelByChannel() throws {
        let image = try RGBImage(width: 2, height: 1, pixels: [0, 255, 51, 102, 0, 255])
        let planar = image.normalizedPlanar()
        #expect(planar.count == 6)
        for (value, level) in zip(planar, [0, 102, 255, 0, 51, 255] as [Float]) {
            #expect(abs(value - (level / 127.5 - 1)) < 1e-6)
        }
        #expect(planar[0] == -1 && planar[2] == 1)
    }

    @Test func outputIsCutOffNotRounded() throws {
        // 0.999 maps to 254.87, -0.001 to 127.37; beyond the ends is clamped.
        let values: [Float] = [-1, 1, 0.999, -0.001, 2, -2, .nan, .infinity, -.infinity, 0, 0.5, -0.5]
        let image = try RGBImage(planar: values, width: 2, height: 2)
        let planes = (0..<3).flatMap { channel in (0..<4).map { image.pixels[$0 * 3 + channel] } }
        #expect(planes == [0, 255, 254, 127, 255, 0, 0, 255, 0, 127, 191, 63])
        #expect(throws: ImageError.self) { try RGBImage(planar: values, width: 2, height: 3) }
    }

    @Test func theWayBackIsWithinOneLevel() throws {
        let image = try Fixtures.image("scene64x48.png")
        let back = try RGBImage(planar: image.normalizedPlanar(), width: 64, height: 48)
        #expect(try #require(largestDifference(back, image)) <= 1)
    }

    @Test func sheetsHoldEveryImage() throws {
        let red = try RGBImage(width: 2, height: 2, filledWith: (255, 0, 0))
        let blue = try RGBImage(width: 2, height: 2, filledWith: (0, 0, 255))
        let sheet = try ImageGrid.compose([red, blue, red], columns: 2, padding: 1)
        #expect(sheet.width == 7 && sheet.height == 7)
        func pixel(_ x: Int, _ y: Int) -> [UInt8] { Array(sheet.pixels[(y * 7 + x) * 3..<(y * 7 + x) * 3 + 3]) }
        #expect(pixel(0, 0) == [255, 255, 255])
        #expect(pixel(1, 1) == [255, 0, 0] && pixel(2, 2) == [255, 0, 0])
        #expect(pixel(4, 1) == [0, 0, 255] && pixel(5, 2) == [0, 0, 255])
        #expect(pixel(1, 4) == [255, 0, 0] && pixel(4, 4) == [255, 255, 255])
    }

    @Test func sheetsOfOddArguments() throws {
        let pixel = try RGBImage(width: 1, height: 1, filledWith: (1, 2, 3))
        let tall = try RGBImage(width: 1, height: 3, filledWith: (4, 5, 6))
        let sheet = try ImageGrid.compose([pixel, tall], columns: 99, padding: -4)
        #expect(sheet.width == 2 && sheet.height == 3)
        #expect(sheet.pixels == [255, 255, 255, 4, 5, 6, 1, 2, 3, 4, 5, 6, 255, 255, 255, 4, 5, 6])
        #expect(try ImageGrid.compose([pixel], columns: 0, padding: 0) == pixel)
        #expect(throws: ImageError.self) { try ImageGrid.compose([], columns: 1) }
        #expect(throws: ImageError.self) { try ImageGrid.compose([pixel], columns: 1, padding: .max) }
    }
}
