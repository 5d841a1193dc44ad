import Foundation
import Images

/// The images of Tests/Resources/images and Pillow's idea of them; `Tools/image_fixtures.py` made both.
struct Fixtures: Decodable {
    struct Expected: Decodable {
        let width: Int
        let height: Int
        let offset: Int
    }
    struct Resize: Decodable, Sendable, CustomStringConvertible {
        let source: String
        let filter: String?
        let width: Int
        let height: Int
        let offset: Int
        var description: String { "\(source) \(filter ?? "crop") \(width)x\(height)" }
    }

    let images: [String: Expected]
    let oriented: [String: Expected]
    let resizes: [Resize]
    let crops: [Resize]

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Resources/images")
    static let shared: Fixtures? = try? JSONDecoder().decode(Fixtures.self, from: data("expected.json"))
    private static let pixels: [UInt8] = (try? data("expected.bin")).map { [UInt8]($0) } ?? []

    /// The names of all images of a kind, such as `.png`.
    static func names(_ suffix: String) -> [String] {
        (shared?.images.keys).map { $0.filter { $0.hasSuffix(suffix) }.sorted() } ?? []
    }

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(name))
    }

    static func image(_ name: String) throws -> RGBImage {
        try RGBImage(contentsOf: folder.appendingPathComponent(name))
    }

    /// The pixels that Pillow made.
    static func expected(_ width: Int, _ height: Int, _ offset: Int) throws -> RGBImage {
        try RGBImage(width: width, height: height, pixels: Array(pixels[offset..<offset + width * height * 3]))
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The largest difference between samples; nil if the sizes differ.
func largestDifference(_ a: RGBImage, _ b: RGBImage) -> Int? {
    guard a.width == b.width, a.height == b.height else { return nil }
    return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max()
}
