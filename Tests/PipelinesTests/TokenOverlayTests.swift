import Images
import Pipelines
import ShowO2
import Testing

/// Which pixels belong to which token.
@Suite struct TokenOverlayTests {
    let grid = TokenGrid(height: 2, width: 4)

    /// 64 x 32 pixels, each patch of 16 x 16 in a grey of its own.
    func image() throws -> RGBImage {
        var pixels: [UInt8] = []
        for y in 0..<32 {
            for x in 0..<64 { pixels += Array(repeating: UInt8(20 * (y / 16 * 4 + x / 16)), count: 3) }
        }
        return try RGBImage(width: 64, height: 32, pixels: pixels)
    }

    @Test func keptPatchesAreClearAndAllPixelsOfDroppedOnesAreGreyed() throws {
        let overlay = try TokenOverlay.draw(image(), grid: grid, kept: [1, 6])
        #expect(overlay.width == 1024 && overlay.height == 512)
        for y in 0..<512 {
            for x in 0..<1024 {
                let token = y / 256 * 4 + x / 256
                let pixel = overlay.pixels[(y * 1024 + x) * 3]
                if (pixel == UInt8(20 * token)) != [1, 6].contains(token) {
                    Issue.record("pixel \(x), \(y) of token \(token) is \(pixel)")
                    return
                }
            }
        }
    }

    @Test func keepingAllIsTheImageEnlarged() throws {
        let image = try image()
        let overlay = try TokenOverlay.draw(image, grid: grid, kept: Array(0..<8))
        for y in stride(from: 0, to: 512, by: 16) {
            for x in stride(from: 0, to: 1024, by: 16) {
                let enlarged = overlay.pixels[(y * 1024 + x) * 3]
                #expect(enlarged == image.pixels[(y / 16 * 64 + x / 16) * 3])
            }
        }
    }

    @Test func largeImagesStayAsTheyAre() throws {
        let image = try RGBImage(width: 640, height: 528, filledWith: (200, 100, 0))
        let overlay = try TokenOverlay.draw(image, grid: TokenGrid(height: 33, width: 40), kept: [])
        #expect(overlay.width == 640 && overlay.height == 528)
    }

    @Test func aGridThatDoesNotFitIsRefused() throws {
        #expect(throws: ImageError.self) {
            try TokenOverlay.draw(image(), grid: TokenGrid(height: 3, width: 4), kept: [])
        }
    }
}
