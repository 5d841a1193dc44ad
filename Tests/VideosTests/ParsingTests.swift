import Images
import Testing

import Videos

struct ParsingTests {
    @Test func probe() throws {
        let report = try ProbeReport(
            Array(
                #"""
                {"programs": [], "streams": [{"codec_name": "h264", "width": 64, "height": 48, "avg_frame_rate": "30000/1001",
                "time_base": "1/600", "duration": "2.5", "nb_frames": "75", "side_data_list": [{}, {"rotation": -90}]}],
                "format": {"format_name": "mov,mp4", "duration": "3"}}
                """#.utf8))
        let info = try #require(report.info)
        #expect(info.codec == "h264" && info.container == "mov,mp4" && info.width == 64 && info.height == 48)
        #expect(info.rotation == -90 && info.duration == 2.5 && info.claimedFrames == 75)
        #expect(abs((info.frameRate ?? 0) - 29.97) < 0.001 && info.tick == 1.0 / 600)
    }

    @Test func probeWithoutPictures() throws {
        #expect(try ProbeReport(Array(#"{"streams": [], "format": {}}"#.utf8)).info == nil)
        #expect(try ProbeReport(Array("{}".utf8)).info == nil)
        let odd = try ProbeReport(
            Array(
                #"{"streams": [{"width": -4, "height": 1e300, "avg_frame_rate": "0/0", "nb_frames": "N/A", "duration": "nan"}]}"#
                    .utf8))
        #expect(odd.info?.width == 0 && odd.info?.height == 0 && odd.info?.frameRate == nil)
        #expect(odd.info?.claimedFrames == nil && odd.info?.duration == nil)
    }

    @Test(arguments: ["", "[", "7", #"{"streams": [{}]"#, "{\"a\":1,\"a\":2}"])
    func badProbes(text: String) {
        #expect(throws: ProbeReport.Fault.self) { _ = try ProbeReport(Array(text.utf8)) }
    }

    /// However the list is cut into pieces.
    @Test(arguments: [1, 3, 7, 1000])
    func packets(piece: Int) {
        let text = "pts=0|flags=K_\npts=30|flags=__\r\n\npts=10|flags=__\npts=-5|flags=_D\npts=40|flags=K__\n"
        var list = PacketList()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            list.take(Array(bytes[start..<min(start + piece, bytes.count)]))
        }
        #expect(list.count == 4)
        let shown = list.shown()
        #expect(shown?.times == [0, 10, 30, 40] && shown?.isKey == [true, false, false, true])
    }

    /// Without times, with equal ones, or with a beginning that is no key, there is nothing to seek by; packets count all the same.
    @Test(arguments: [
        "pts=N/A|flags=K_\npts=1|flags=__\n", "pts=0|flags=K_\npts=0|flags=__\n", "pts=0|flags=__\npts=1|flags=K_\n",
        "pts=0|flags=K_\npts=99999999999999999999|flags=__\n", "flags=K_\nflags=__\n",
    ])
    func unseekable(text: String) {
        var list = PacketList()
        list.take(Array(text.utf8))
        #expect(list.count == 2)
        #expect(list.shown() == nil)
    }

    @Test func progress() {
        var report = ProgressReport()
        report.take(Array("frame=3\nfps=0.0\nfra".utf8))
        report.take(Array("me=  12\nframe=x\nframe=-1\nprogress=end\n".utf8))
        #expect(report.frames == 12)
    }

    /// Two frames, in pieces of every length.
    @Test(arguments: [1, 2, 5, 17, 64])
    func frames(piece: Int) throws {
        let first = (0..<18).map { UInt8($0) }
        let second = (0..<18).map { UInt8(100 + $0) }
        let bytes = Array("P6\n3 2\n255\n".utf8) + first + Array("P6\n3 2\n255\n".utf8) + second
        var stream = FrameStream(name: "x", into: .init(fit: .stretch, width: 3, height: 2), limits: .default)
        var frames: [FrameStream.Frame] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            frames += try stream.take(Array(bytes[start..<min(start + piece, bytes.count)]))
        }
        #expect(frames.map(\.image.pixels) == [first, second])
        #expect(!stream.isInside)
    }

    /// Rows are fitted as a whole image is.
    @Test func fitted() throws {
        let (width, height) = (37, 23)
        let pixels = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let whole = try RGBImage(width: width, height: height, pixels: pixels).fitted(.pad, width: 32, height: 32)
        var stream = FrameStream(name: "x", into: .init(fit: .pad, width: 32, height: 32), limits: .default)
        let frames = try stream.take(Array("P6\n\(width) \(height)\n255\n".utf8) + pixels)
        #expect(frames.first?.image == whole.image)
        #expect(frames.first?.fitting == whole.fitting)
    }

    @Test(arguments: [
        "P5\n3 2\n255\n", "P6\n3 2\n65535\n", "P6\n3 x\n255\n",
        "this is no frame at all, and it does not end where a header would have to end",
    ])
    func noFrames(text: String) {
        var stream = FrameStream(name: "x", into: .init(fit: .pad, width: 8, height: 8), limits: .default)
        #expect(throws: VideoError.programFailed("ffmpeg", reason: "it wrote no frames")) {
            _ = try stream.take(Array(text.utf8))
        }
    }

    @Test(arguments: ["P6\n100000 2\n255\n", "P6\n9000 9000\n255\n", "P6\n0 2\n255\n", "P6\n-3 2\n255\n"])
    func hugeFrames(text: String) {
        var stream = FrameStream(name: "x", into: .init(fit: .pad, width: 8, height: 8), limits: .default)
        #expect {
            _ = try stream.take(Array(text.utf8))
        } throws: { error in
            if case VideoError.tooManyPixels = error { true } else { false }
        }
    }

    @Test func complaints() {
        func words(_ text: String) -> String { VideoPrograms.complaint(Array(text.utf8)) }
        #expect(words("file:/a/b: c.mp4: Invalid data found\n") == "Invalid data found")
        #expect(words("\n[mov,mp4 @ 0x55d] moov atom not found\nfile:x: y\n") == "moov atom not found")
        #expect(words("a\u{1b}[31mb\u{7}") == #"a\u{1b}[31mb\u{7}"#)
        #expect(words("") == "")
    }
}
