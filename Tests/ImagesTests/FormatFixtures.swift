import Foundation
import Images

/// The files of Tests/Resources/image-formats and what Pillow makes of them; `Tools/image_format_fixtures.py` made both.
struct FormatFixtures: Decodable {
    struct Picture: Decodable, Sendable, CustomStringConvertible {
        let file: String
        let width: Int
        let height: Int
        let tolerance: Int
        let drop: Int
        let flat: Int
        var description: String { file }
    }
    struct Fit: Decodable, Sendable, CustomStringConvertible {
        let file: String
        let fit: ImageFit
        let width: Int
        let height: Int
        let offset: Int
        var description: String { "\(file) \(fit.rawValue) \(width)x\(height)" }
    }

    let images: [Picture]
    let fits: [Fit]

    static let resources = Fixtures.folder.deletingLastPathComponent()
    static let shared = try? JSONDecoder().decode(FormatFixtures.self, from: data("image-formats/expected.json"))
    private static let pixels: [UInt8] = (try? data("image-formats/expected.bin")).map { [UInt8]($0) } ?? []

    static func url(_ name: String) -> URL { resources.appendingPathComponent(name) }

    static func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

    /// The pixels that Pillow made.
    static func expected(_ width: Int, _ height: Int, _ offset: Int) throws -> RGBImage {
        try RGBImage(width: width, height: height, pixels: Array(pixels[offset..<offset + width * height * 3]))
    }
}
