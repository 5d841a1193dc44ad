import Foundation
import Images
import Videos

extension FuzzTarget {
    /// What ffprobe and ffmpeg write, which quotes what stands in a stranger's file.
    static let videoTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "video-probe",
            seeds: [
                .text(
                    "probe",
                    #"{"streams": [{"codec_name": "h264", "width": 64, "height": 48, "avg_frame_rate": "10/1", "time_base": "1/600", "duration": "2.5", "nb_frames": "75", "side_data_list": [{"rotation": -90}]}], "format": {"format_name": "mov,mp4", "duration": "3"}}"#
                )
            ]
        ) { data in
            do {
                _ = try ProbeReport(Array(data)).info
            } catch {
                check(error)
            }
        },
        FuzzTarget(
            name: "video-packets",
            seeds: [
                .text("packets", "pts=0|flags=K_\npts=30|flags=__\npts=10|flags=__\npts=N/A|flags=_D\n"),
                .text("progress", "frame=3\nfps=0.0\nframe=  12\nprogress=end\n"),
            ]
        ) { data in
            // However the bytes come in pieces, the same comes out.
            var (whole, pieces) = (PacketList(), PacketList())
            var (report, parts) = (ProgressReport(), ProgressReport())
            let bytes = Array(data)
            whole.take(bytes)
            report.take(bytes)
            for start in stride(from: 0, to: bytes.count, by: 7) {
                pieces.take(Array(bytes[start..<min(start + 7, bytes.count)]))
                parts.take(Array(bytes[start..<min(start + 7, bytes.count)]))
            }
            guard whole.count == pieces.count, whole.times == pieces.times, report.frames == parts.frames else {
                fatalError("pieces matter")
            }
            if let shown = whole.shown() {
                _ = FramePlan.seeking(
                    numbers: Array(0..<min(shown.times.count, 50)), times: shown.times, isKey: shown.isKey)
            }
        },
        FuzzTarget(
            name: "video-frames",
            seeds: [.text("frames", "P6\n3 2\n255\n123456789012345678P6\n1 1\n255\nabc")]
        ) { data in
            let limits = VideoLimits(maxSide: 4096, maxPixels: 1 << 20)
            var stream = FrameStream(name: "video", into: .init(fit: .pad, width: 16, height: 16), limits: limits)
            do {
                _ = try stream.take(Array(data))
            } catch {
                check(error)
            }
        },
    ]
}
