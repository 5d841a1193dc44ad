import Foundation
import Images
import Testing
import Videos

@Suite struct VideoWriterTests {
    private let samples: SampleVideos

    init() throws { samples = try SampleVideos() }

    private func stream(_ images: [RGBImage], then error: (any Error)? = nil) -> AsyncThrowingStream<
        RGBImage, any Error
    > {
        AsyncThrowingStream { continuation in
            for image in images { continuation.yield(image) }
            continuation.finish(throwing: error)
        }
    }

    private func greys(_ count: Int, width: Int = 64, height: Int = 48) throws -> [RGBImage] {
        try (0..<count).map {
            let level = UInt8(20 * $0 % 256)
            return try RGBImage(width: width, height: height, filledWith: (level, level, level))
        }
    }

    /// What was written is read back, frame by frame; the same frames are the same bytes.
    @Test(arguments: ["mp4", "webm", "gif"])
    func readBack(ending: String) async throws {
        let url = samples["out.\(ending)"]
        let images = try greys(7)
        let writer = VideoWriter(try VideoFormat(of: url), framesPerSecond: 10)
        try await writer.check()
        try await writer.write(stream(images), to: url)
        let frames = try await VideoReader().frames(of: url, count: 7, width: 64, height: 48)
        #expect(frames.available == 7 && abs((frames.info.duration ?? 0) - 0.7) < 0.05)
        for (i, image) in images.enumerated() {
            #expect(abs(try await frames.image(i).middle - image.middle) <= 6)
        }
        let first = try Data(contentsOf: url)
        try await writer.write(stream(images), to: url)
        #expect(try Data(contentsOf: url) == first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: samples.folder.path) == ["out.\(ending)"])
    }

    /// Odd sides, a single frame, an odd rate.
    @Test(arguments: ["mp4", "webm", "gif"])
    func oddSizes(ending: String) async throws {
        let url = samples["odd.\(ending)"]
        try await VideoWriter(try VideoFormat(of: url), framesPerSecond: 0.5)
            .write(stream(greys(1, width: 33, height: 17)), to: url)
        let info = try await VideoReader().info(of: url)
        #expect((33...34).contains(info.width) && (17...18).contains(info.height))
    }

    /// What goes wrong leaves an older file as it was, and no temporary one.
    @Test func failures() async throws {
        struct Odd: Error {}
        let url = samples["kept.mp4"]
        try Data("older".utf8).write(to: url)
        let writer = VideoWriter(.mp4, framesPerSecond: 16)
        await #expect(throws: Odd.self) { try await writer.write(stream(greys(3), then: Odd()), to: url) }
        await #expect(throws: VideoError.self) { try await writer.write(stream([]), to: url) }
        await #expect(throws: VideoError.self) {
            try await writer.write(stream(greys(2) + greys(1, width: 16)), to: url)
        }
        for rate in [0, -1, Double.nan, .infinity, 1000] {
            await #expect(throws: VideoError.self) {
                try await VideoWriter(.mp4, framesPerSecond: rate).write(stream(greys(1)), to: url)
            }
        }
        let none = VideoWriter(.mp4, framesPerSecond: 16, programs: .init(ffmpeg: "no-such-program"))
        await #expect(throws: VideoError.missingProgram("no-such-program")) {
            try await none.write(stream(greys(1)), to: url)
        }
        await #expect(throws: VideoError.missingProgram("no-such-program")) { try await none.check() }
        // A program that knows no encoders, and one that dies at once.
        let bare = VideoWriter(.webm, framesPerSecond: 16, programs: .init(ffmpeg: "/bin/true"))
        await #expect(throws: VideoError.missingEncoder("libvpx-vp9", format: .webm)) { try await bare.check() }
        let dying = VideoWriter(.mp4, framesPerSecond: 16, programs: .init(ffmpeg: "/bin/false"))
        await #expect(throws: VideoError.self) {
            try await dying.write(stream(greys(200, width: 640, height: 480)), to: url)
        }
        #expect(try Data(contentsOf: url) == Data("older".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: samples.folder.path) == ["kept.mp4"])
        let missing = samples.folder.appending(path: "no/such.mp4")
        await #expect(throws: VideoError.self) { try await writer.write(stream(greys(1)), to: missing) }
        #expect(throws: VideoError.unknownEnding(name: "a.mkv")) { try VideoFormat(of: samples["a.mkv"]) }
        for error in [
            VideoError.missingEncoder("libx264", format: .mp4), .invalidRate(0), .unknownEnding(name: "a.mkv"),
        ] { #expect(!"\(error)".contains("\n")) }
    }

    /// The child ends with the task.
    @Test func cancelled() async throws {
        let url = samples["never.mp4"]
        let (frames, more) = AsyncThrowingStream<RGBImage, any Error>.makeStream()
        for image in try greys(3) { more.yield(image) }
        let task = Task { try await VideoWriter(.mp4, framesPerSecond: 16).write(frames, to: url) }
        try await Task.sleep(for: .milliseconds(400))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: url.path))
    }
}
