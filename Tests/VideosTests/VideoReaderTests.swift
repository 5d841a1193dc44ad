import Foundation
import Images
import Testing

import Videos

struct VideoReaderTests {
    private let samples: SampleVideos
    init() throws { samples = try SampleVideos() }

    private func take(_ frames: VideoFrames) async throws -> [RGBImage] {
        var images: [RGBImage] = []
        for index in 0..<frames.count { images.append(try await frames.image(index)) }
        return images
    }

    /// Every container gives the frames that a plain run of ffmpeg gives, at the places that NumPy would pick, fitted as a whole image is.
    @Test(arguments: ["mp4", "mov", "mkv", "webm", "avi", "gif"])
    func containers(ending: String) async throws {
        let url = try samples.pattern("a.\(ending)", frames: 23, ending == "gif" ? ["-pix_fmt", "rgb8"] : [])
        let all = try samples.all(url, width: 160, height: 120)
        #expect(all.count == 23)
        let frames = try await VideoReader().frames(of: url, count: 5, width: 48, height: 48)
        #expect(frames.available == 23 && frames.numbers == [0, 5, 11, 16, 22])
        let expected = try frames.numbers.map { try all[$0].fitted(.pad, width: 48, height: 48).image }
        #expect(try await take(frames) == expected)
        #expect(frames.picture == .init(x: 0, y: 6, width: 48, height: 36))
        #expect(frames.replaced == 0)
    }

    /// Long videos are read by seeking: the same frames, bit for bit.
    @Test(arguments: ["mp4", "mkv", "webm"])
    func seeking(ending: String) async throws {
        let url = try samples.pattern("b.\(ending)", frames: 150, size: "64x48", ["-g", "25"])
        var reader = VideoReader()
        let whole = try await reader.frames(of: url, count: 12, width: 64, height: 48)
        reader.wholePixels = 1000
        let sought = try await reader.frames(of: url, count: 12, width: 64, height: 48)
        #expect(sought.numbers == whole.numbers && sought.available == 150)
        #expect(try await take(sought) == take(whole))
        #expect(sought.replaced == 0)
    }

    /// Fewer frames than asked for repeat, and one frame is a video too.
    @Test func few() async throws {
        let url = try samples.greys("c.mp4", frames: 3, step: 60, ["-qp", "0"])
        let frames = try await VideoReader().frames(of: url, count: 5, width: 64, height: 48)
        #expect(frames.numbers == [0, 0, 1, 1, 2])
        let seen = try await take(frames).map(\.middle)
        #expect(seen[0] == seen[1] && seen[2] == seen[3] && seen[1] < seen[2] && seen[3] < seen[4])
        let one = try samples.greys("d.mp4", frames: 1, ["-qp", "0"])
        #expect(try await take(VideoReader().frames(of: one, count: 3, width: 64, height: 48)).count == 3)
    }

    /// Frames are counted as they are stored: none is doubled or left out where they lie apart by different times.
    @Test(arguments: [nil, 1000] as [Int?])
    func variableRate(wholePixels: Int?) async throws {
        let url = try samples.ffmpeg([
            "-f", "lavfi", "-i", "color=black:size=64x48:rate=10,geq=lum='N*20':cb=128:cr=128,setpts='N*N/10/TB'",
            "-frames:v", "10",
            "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-color_range", "pc", "-qp", "0", "-g", "3", "vfr.mkv",
        ])
        var reader = VideoReader()
        if let wholePixels { reader.wholePixels = wholePixels }
        let frames = try await reader.frames(of: url, count: 10, width: 64, height: 48)
        #expect(frames.available == 10)
        let seen = try await take(frames).map(\.middle)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1 - $0 > 10 }, "\(seen)")
    }

    /// A phone's video is stored lying and shown upright.
    @Test func rotation() async throws {
        let lying = try samples.pattern("lying.mp4", frames: 4)
        let url = try samples.ffmpeg(["-i", lying.path, "-metadata:s:v:0", "rotate=90", "-c", "copy", "turned.mp4"])
        let frames = try await VideoReader().frames(of: url, count: 2, width: 64, height: 64)
        #expect(abs(frames.info.rotation) == 90)
        #expect(frames.picture == .init(x: 8, y: 0, width: 48, height: 64))
        let turned = try samples.all(url, width: 120, height: 160)
        #expect(try await frames.image(0) == turned[0].fitted(.pad, width: 64, height: 64).image)
    }

    /// Frames cut away by an edit list are not counted.
    @Test(arguments: [nil, 1000] as [Int?])
    func editList(wholePixels: Int?) async throws {
        let whole = try samples.greys("whole.mp4", frames: 30, ["-g", "10"])
        let url = try samples.ffmpeg(["-ss", "0.5", "-i", whole.path, "-c", "copy", "cut.mp4"])
        let shown = try samples.all(url, width: 64, height: 48)
        var reader = VideoReader()
        if let wholePixels { reader.wholePixels = wholePixels }
        let frames = try await reader.frames(of: url, count: 4, width: 64, height: 48)
        #expect(frames.available == shown.count)
        #expect(try await take(frames) == frames.numbers.map { shown[$0] })
    }

    /// The header of a Matroska file may promise any length, that of an MPEG-4 file any size: what is decoded counts.
    @Test func lyingHeaders() async throws {
        let url = try samples.greys("honest.mp4", frames: 12)
        var bytes = try Data(contentsOf: url)
        let entry = try #require(
            bytes.range(of: Data("avc1".utf8), in: bytes.range(of: Data("stsd".utf8))!.upperBound..<bytes.endIndex))
        // Width and height of the sample entry, 28 bytes behind its type: 1024 x 16.
        bytes.replaceSubrange(entry.upperBound + 24..<entry.upperBound + 28, with: [4, 0, 0, 16])
        let size = samples["size.mp4"]
        try bytes.write(to: size)
        let frames = try await VideoReader().frames(of: size, count: 4, width: 64, height: 48)
        #expect(frames.available == 12)
        #expect(frames.picture == .init(x: 0, y: 0, width: 64, height: 48))
        #expect(try await take(frames).count == 4)

        // A duration of a hundred hours.
        bytes = try Data(contentsOf: url)
        let header = try #require(bytes.range(of: Data("mdhd".utf8)))
        bytes.replaceSubrange(header.upperBound + 16..<header.upperBound + 20, with: [0x7F, 0, 0, 0])
        let length = samples["length.mp4"]
        try bytes.write(to: length)
        #expect(try await VideoReader().frames(of: length, count: 4, width: 64, height: 48).available == 12)
    }

    /// Frames of 8K are read, and given small; with a lower limit they are refused by what the header says.
    @Test func frames8K() async throws {
        let url = try samples.pattern("8k.avi", frames: 2, size: "7680x4320", ["-c:v", "mjpeg", "-q:v", "20"])
        let frames = try await VideoReader().frames(of: url, count: 2, width: 432, height: 432)
        #expect(frames.available == 2 && frames.picture == .init(x: 0, y: 94, width: 432, height: 243))
        #expect(try await take(frames).allSatisfy { $0.width == 432 && $0.height == 432 })
        let limits = VideoLimits(maxPixels: 30_000_000)
        #expect(
            await failure(url, VideoReader(limits: limits))
                == .tooManyPixels(name: "8k.avi", width: 7680, height: 4320, limits: limits))
    }

    /// A stream that is larger than its container says is refused when it is decoded, not decoded at any cost.
    @Test(
        arguments: [[0x4E, 0x20, 0x4E, 0x20], [0, 16, 0, 16], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0]] as [[UInt8]])
    func lyingSizes(size: [UInt8]) async throws {
        let url = try samples.pattern("large.mp4", frames: 3, size: "640x480")
        var bytes = try Data(contentsOf: url)
        let entry = try #require(
            bytes.range(of: Data("avc1".utf8), in: bytes.range(of: Data("stsd".utf8))!.upperBound..<bytes.endIndex))
        bytes.replaceSubrange(entry.upperBound + 24..<entry.upperBound + 28, with: size)
        let lie = samples["lie.mp4"]
        try bytes.write(to: lie)
        // By the header or by what is decoded; `failure` looks at the message.
        #expect(await failure(lie, VideoReader(limits: .init(maxPixels: 100_000))) != nil)
        if size != [0xFF, 0xFF, 0xFF, 0xFF], size != [0x4E, 0x20, 0x4E, 0x20] {
            #expect(try await VideoReader().frames(of: lie, count: 3, width: 32, height: 32).available == 3)
        } else {
            _ = await failure(lie)
        }
    }

    /// Ten hours, really: listed, not decoded, and read by seeking.
    @Test func tenHours() async throws {
        let url = try samples.pattern(
            "hours.mp4", frames: 36_000, size: "16x16",
            ["-vf", "setpts=N/TB", "-r", "1", "-c:v", "libx264", "-preset", "ultrafast", "-g", "250"])
        let info = try await VideoReader().info(of: url)
        try #require((info.duration ?? 0) > 30_000)
        var reader = VideoReader(limits: .init(maxSeconds: 120))
        reader.wholePixels = 1_000_000
        let frames = try await reader.frames(of: url, count: 4, width: 32, height: 32)
        #expect(frames.available > 30_000 && frames.numbers.last == frames.available - 1)
        #expect(try await take(frames).count == 4)
        let limits = VideoLimits(maxFrames: 10_000)
        #expect(await failure(url, VideoReader(limits: limits)) == .tooManyFrames(name: "hours.mp4", limits: limits))
    }

    /// Frames that can't be decoded are not counted; what is left is picked from anew.
    @Test func truncated() async throws {
        let url = try samples.pattern("long.mkv", frames: 100, ["-g", "10"])
        let bytes = try Data(contentsOf: url)
        let part = samples["part.mkv"]
        try bytes.prefix(bytes.count / 2).write(to: part)
        for wholePixels in [1_500_000_000, 1000] {
            var reader = VideoReader()
            reader.wholePixels = wholePixels
            let frames = try await reader.frames(of: part, count: 8, width: 32, height: 32)
            #expect((20..<90).contains(frames.available))
            #expect(frames.numbers.last == frames.available - 1)
            #expect(try await take(frames).count == 8)
        }
    }

    /// Damage in the middle leaves the other frames.
    @Test(arguments: [1_500_000_000, 1000])
    func damaged(wholePixels: Int) async throws {
        let url = try samples.pattern("sound.mkv", frames: 100, ["-g", "10"])
        var bytes = try Data(contentsOf: url)
        let middle = bytes.count / 2
        bytes.replaceSubrange(middle..<middle + 3000, with: (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let broken = samples["broken.mkv"]
        try bytes.write(to: broken)
        var reader = VideoReader()
        reader.wholePixels = wholePixels
        let frames = try await reader.frames(of: broken, count: 10, width: 32, height: 32)
        #expect(try await take(frames).count == 10)
    }

    private func failure(_ url: URL, _ reader: VideoReader = .init(), count: Int = 4) async -> VideoError? {
        do {
            _ = try await reader.frames(of: url, count: count, width: 32, height: 32)
            return nil
        } catch {
            let line = "\(error)"
            #expect(!line.contains("\n") && line.count < 400)
            return error as? VideoError
        }
    }

    @Test func refusals() async throws {
        let missing = samples["nothing.mp4"]
        #expect(await failure(missing) == .unreadable(path: missing.path, reason: "there is no such file"))
        #expect(await failure(samples.folder) == .unreadable(path: samples.folder.path, reason: "it is a folder"))

        let text = samples["text.mp4"]
        try Data("just words, no pictures\n".utf8).write(to: text)
        #expect(await failure(text) == .notAVideo(name: "text.mp4", reason: "it is a text"))
        let empty = samples["empty.mp4"]
        try Data().write(to: empty)
        #expect(await failure(empty) == .notAVideo(name: "empty.mp4", reason: "it is empty"))

        let sound = try samples.ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", "sound.mp4"])
        #expect(await failure(sound) == .noPictures(name: "sound.mp4"))
        // An album's cover is no moving picture.
        let cover = try samples.pattern("cover.png", frames: 1, size: "32x32", ["-update", "1"])
        let album = try samples.ffmpeg([
            "-i", sound.path, "-i", cover.path, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0",
            "attached_pic", "album.mp4",
        ])
        #expect(await failure(album) == .noPictures(name: "album.mp4"))

        let video = try samples.pattern("v.mp4", frames: 5)
        let headless = samples["headless.mp4"]
        try Data(contentsOf: video).prefix(2000).write(to: headless)
        guard case .notAVideo(name: "headless.mp4", _) = await failure(headless) else {
            Issue.record("a file without its index")
            return
        }
        #expect(await failure(video, count: 0) == .invalidCount(0, limits: .default))
        #expect(await failure(video, count: 5000) == .invalidCount(5000, limits: .default))
    }

    /// A video whose packets are all noise has no frames.
    @Test func noFrames() async throws {
        let url = try samples.pattern("noise.avi", frames: 5, ["-c:v", "mpeg4"])
        var bytes = try Data(contentsOf: url)
        let movie = try #require(bytes.range(of: Data("movi".utf8)))
        let index = try #require(bytes.range(of: Data("idx1".utf8)))
        var at = movie.upperBound
        while at + 8 < index.lowerBound {
            let size = bytes[at + 4..<at + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            bytes.replaceSubrange(
                at + 8..<min(at + 8 + size, index.lowerBound),
                with: repeatElement(0xA5, count: min(size, index.lowerBound - at - 8)))
            at += 8 + size + size % 2
        }
        let broken = samples["broken.avi"]
        try bytes.write(to: broken)
        guard case .noFrames(name: "broken.avi", let reason) = await failure(broken) else {
            Issue.record("frames of noise")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func limits() async throws {
        let url = try samples.pattern("v.mp4", frames: 20)
        func refuses(_ limits: VideoLimits) async -> VideoError? { await failure(url, VideoReader(limits: limits)) }
        var limits = VideoLimits(maxFileBytes: 100)
        #expect(await refuses(limits) == .fileTooLarge(name: "v.mp4", limits: limits))
        limits = VideoLimits(maxSide: 100)
        #expect(await refuses(limits) == .tooManyPixels(name: "v.mp4", width: 160, height: 120, limits: limits))
        limits = VideoLimits(maxPixels: 10_000)
        #expect(await refuses(limits) == .tooManyPixels(name: "v.mp4", width: 160, height: 120, limits: limits))
        limits = VideoLimits(maxFrames: 10)
        #expect(await refuses(limits) == .tooManyFrames(name: "v.mp4", limits: limits))
        limits = VideoLimits(maxSeconds: 0)
        #expect(await refuses(limits) == .tooSlow(name: "v.mp4", limits: limits))
    }

    @Test func missingPrograms() async throws {
        let url = try samples.pattern("v.mp4", frames: 2)
        let none = VideoReader(programs: .init(ffmpeg: "no-such-program", ffprobe: "no-such-prober"))
        #expect(await failure(url, none) == .missingProgram("no-such-prober"))
        #expect("\(VideoError.missingProgram("ffmpeg"))".contains("install"))
        let half = VideoReader(programs: .init(ffmpeg: "no-such-program"))
        #expect(await failure(url, half) == .missingProgram("no-such-program"))
    }

    /// Names that look like options, protocols or patterns are names.
    @Test(arguments: ["-version.mp4", "concat:a|b.mp4", "http:%2F%2Fx%03d.mp4", "a b'\"$(x);\\.mp4", "ünï☂.mp4"])
    func names(name: String) async throws {
        let plain = try samples.pattern("plain.mp4", frames: 3)
        let url = samples[name]
        try FileManager.default.moveItem(at: plain, to: url)
        #expect(try await VideoReader().frames(of: url, count: 2, width: 32, height: 32).available == 3)
    }

    /// Playlists, which would open other files, are no videos.
    @Test(arguments: [
        "#EXTM3U\n#\u{1}\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nplain.ts\n",
        "ffconcat version 1.0\n#\u{1}\nfile plain.ts\n",
    ])
    func playlists(text: String) async throws {
        _ = try samples.pattern("plain.ts", frames: 3)
        let url = samples["list.mp4"]
        try Data(text.utf8).write(to: url)
        guard case .notAVideo(name: "list.mp4", _) = await failure(url) else {
            Issue.record("a playlist was followed")
            return
        }
    }

    /// Programs that have a file open by its name.
    private func programs(on url: URL) -> Int {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.filter { process in
            guard Int32(process) != nil, let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
            else {
                return false
            }
            return words.range(of: Data("file:\(url.path)".utf8)) != nil
        }.count
    }

    private func waitForEnd(of url: URL) async throws {
        for _ in 0..<100 where programs(on: url) > 0 { try await Task.sleep(for: .milliseconds(50)) }
        #expect(programs(on: url) == 0)
    }

    /// No program is left behind by a reader that is let go, or cancelled; one that waits for a frame is woken.
    @Test func ending() async throws {
        let url = try samples.pattern("v.mp4", frames: 300, size: "320x240")
        var frames: VideoFrames? = try await VideoReader().frames(of: url, count: 300, width: 320, height: 240)
        _ = try await frames?.image(0)
        let first = try #require(frames)
        #expect(programs(on: url) == 1)
        first.cancel()
        #expect(throws: CancellationError.self) { _ = try first.frame(1) }
        frames = nil
        try await waitForEnd(of: url)
        do {
            let second = try await VideoReader().frames(of: url, count: 300, width: 320, height: 240)
            #expect(throws: VideoError.outOfOrder(asked: 3, next: 0)) { _ = try second.frame(3) }
        }
        try await waitForEnd(of: url)
        let task = Task { try await VideoReader(limits: .default).frames(of: url, count: 300, width: 320, height: 240) }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        try await waitForEnd(of: url)
    }
}
