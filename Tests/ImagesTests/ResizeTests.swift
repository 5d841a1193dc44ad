import Images
import Testing

/// Resizing is Pillow's, bit for bit, and cropping is torchvision's.
@Suite struct ResizeTests {
    @Test func equalsPillow() throws {
        let resizes = try #require(Fixtures.shared).resizes
        #expect(resizes.count >= 48)
        for resize in resizes {
            let filter = try #require(resize.filter.flatMap(ResampleFilter.init(rawValue:)))
            let image = try Fixtures.image(resize.source)
                .resized(width: resize.width, height: resize.height, filter: filter)
            let expected = try Fixtures.expected(resize.width, resize.height, resize.offset)
            #expect(image == expected, "\(resize): off by \(largestDifference(image, expected) ?? -1)")
        }
    }

    @Test func coveringEqualsPillow() throws {
        let crops = try #require(Fixtures.shared).crops
        #expect(crops.count == 20)
        for crop in crops {
            let source = try Fixtures.image(crop.source)
            let image = try source.resizedCovering(width: crop.width, height: crop.height)
            #expect(try image == Fixtures.expected(crop.width, crop.height, crop.offset), "\(crop)")
            if crop.width == crop.height {
                let twoSteps = try source.resizedShortSide(to: crop.width)
                    .centerCropped(width: crop.width, height: crop.height)
                #expect(twoSteps == image, "\(crop)")
            }
        }
    }

    @Test func sameSizeIsTheImage() throws {
        let image = try Fixtures.image("noise31x29.png")
        for filter in ResampleFilter.allCases {
            #expect(try image.resized(width: 31, height: 29, filter: filter) == image)
        }
    }

    @Test(arguments: [(4, 1, 2), (3, 1, 1), (5, 2, 2), (6, 1, 2), (8, 3, 2), (9, 2, 4)])
    func cropOffsetsRoundHalvesToEven(side: Int, size: Int, offset: Int) throws {
        // Python: int(round((side - size) / 2.0)).
        let row = try RGBImage(width: side, height: 1, pixels: (0..<side).flatMap { [UInt8($0), 0, 0] })
        #expect(try row.centerCropped(width: size, height: 1).pixels[0] == UInt8(offset))
    }

    @Test func cropsLargerThanTheImagePadWithBlack() throws {
        let pixel = try RGBImage(width: 1, height: 1, pixels: [9, 8, 7])
        let padded = try pixel.centerCropped(width: 4, height: 1)
        #expect(padded.pixels == [0, 0, 0, 9, 8, 7, 0, 0, 0, 0, 0, 0])
    }

    @Test func extremeShapesStayCheap() throws {
        let line = try RGBImage(width: 1, height: 16_384, filledWith: (10, 20, 30))
        let error = #expect(throws: ImageError.self) { try line.resizedShortSide(to: 432) }
        #expect(error?.description.hasPrefix("432 x 7077888 pixels: the limit is") == true)
        let square = try line.resizedCovering(width: 432, height: 432)
        #expect(try square == RGBImage(width: 432, height: 432, filledWith: (10, 20, 30)))
        let thin = try RGBImage(width: 16_384, height: 1, filledWith: (10, 20, 30))
        #expect(try thin.resized(width: 1, height: 16_384).pixels.suffix(3) == [10, 20, 30])
    }

    @Test(arguments: [(0, 5), (-1, 5), (5, 0), (Int.max, Int.max), (Int.min, 1), (100_001, 1), (16_384, 16_384)])
    func badSizesThrow(width: Int, height: Int) throws {
        let image = try Fixtures.image("pixel.png")
        #expect(throws: ImageError.self) { try image.resized(width: width, height: height) }
        #expect(throws: ImageError.self) { try image.resizedCovering(width: width, height: height) }
        #expect(throws: ImageError.self) { try image.centerCropped(width: width, height: height) }
        #expect(throws: ImageError.self) { try RGBImage(planar: [], width: width, height: height) }
        #expect(throws: ImageError.self) { try RGBImage(width: width, height: height, pixels: []) }
        #expect(throws: ImageError.self) { try RGBImage(width: width, height: height, filledWith: (0, 0, 0)) }
    }
}
