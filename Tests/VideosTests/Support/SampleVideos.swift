import FlashUTesting
import Foundation
import Images

/// Small videos that ffmpeg makes when tests run, in a folder that goes away with the value.
final class SampleVideos {
    private let place: TemporaryFolder
    var folder: URL { place.url }

    init() throws { place = try TemporaryFolder() }

    subscript(name: String) -> URL { place[name] }

    struct Failure: Error { let words: String }

    /// Runs ffmpeg in the folder.
    @discardableResult
    func ffmpeg(_ arguments: [String]) throws -> URL {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["ffmpeg", "-nostdin", "-v", "error", "-y"] + arguments
        process.currentDirectoryURL = folder
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(words: "ffmpeg \(arguments)") }
        return folder.appending(path: arguments.last ?? "")
    }

    /// A video whose frame `i` is grey `i * step`, so that a frame tells its number.
    func greys(
        _ name: String, frames: Int, step: Int = 8, size: String = "64x48", rate: String = "10",
        _ options: [String] = []
    ) throws -> URL {
        try ffmpeg(
            [
                "-f", "lavfi", "-i", "color=black:size=\(size):rate=\(rate),geq=lum='mod(N*\(step),256)':cb=128:cr=128",
                "-frames:v",
                "\(frames)", "-pix_fmt", "yuv420p", "-color_range", "pc",
            ] + options + [name])
    }

    /// A test picture in motion.
    func pattern(_ name: String, frames: Int, size: String = "160x120", _ options: [String] = []) throws -> URL {
        try ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=10", "-frames:v", "\(frames)", "-pix_fmt", "yuv420p"]
                + options
                + [name])
    }

    /// Every frame of a file, decoded by one plain run.
    func all(_ url: URL, width: Int, height: Int) throws -> [RGBImage] {
        let raw = try ffmpeg([
            "-i", url.path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "all-\(UUID().uuidString).raw",
        ])
        let bytes = [UInt8](try Data(contentsOf: raw))
        let size = 3 * width * height
        return try stride(from: 0, to: bytes.count - size + 1, by: size).map {
            try RGBImage(width: width, height: height, pixels: Array(bytes[$0..<$0 + size]))
        }
    }
}

extension RGBImage {
    /// The green in the middle.
    var middle: Int { Int(pixels[3 * (height / 2 * width + width / 2) + 1]) }
}
