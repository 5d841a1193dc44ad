import Foundation
import Images

/// Decodes frames in a child process and puts them into a queue.
struct FrameDecoding: Sendable {
    let url: URL
    let name: String
    let info: VideoInfo
    let target: FrameStream.Target
    let limits: VideoLimits
    let programs: VideoPrograms
    let queue: FrameQueue
    let time: WorkTime

    /// Puts as many frames as the plan names. Where one can't be decoded, a neighbour takes its place.
    func run(_ plan: FramePlan) async throws {
        let output = Output(queue: queue, time: time)
        switch plan {
        case .fromStart(let numbers):
            let complaint = try await decode(
                seeking: nil, select: SelectExpression.any(of: numbers, "n"), count: numbers.count
            ) { try await output.put($0) }
            try await output.fill(upTo: numbers.count, name: name, complaint: complaint)
        case .seeking(let groups):
            for group in groups {
                let isComplete = try await decode(group, into: output)
                guard !isComplete else { continue }
                for time in group {
                    let before = await output.count
                    let complaint = try await decode(
                        seeking: time, select: "gte(pts,\(time))", count: 1
                    ) { try await output.put($0) }
                    try await output.fill(upTo: before + 1, name: name, complaint: complaint)
                }
            }
        }
    }

    /// Decodes the frames with exactly these times.
    /// - Returns: whether all of them were there; otherwise nothing was put.
    private func decode(_ group: [Int], into output: Output) async throws -> Bool {
        guard let first = group.first else { return true }
        let frames = Shared<[FrameStream.Frame]>([])
        _ = try await decode(
            seeking: first, select: SelectExpression.any(of: group, "pts"), count: group.count
        ) { frame in frames.with { $0.append(frame) } }
        let found = frames.with { $0 }
        guard found.count == group.count else { return false }
        for frame in found { try await output.put(frame) }
        return true
    }

    /// - Returns: what ffmpeg complained about.
    private func decode(
        seeking time: Int?, select: String, count: Int,
        _ each: @escaping @Sendable (FrameStream.Frame) async throws -> Void
    ) async throws -> String {
        // Times are the stream's own, and decoding begins at the last key before.
        let seek =
            time.map {
                [
                    "-copyts", "-seek_timestamp", "1", "-noaccurate_seek", "-ss",
                    String(format: "%.6f", Double($0) * info.tick),
                ]
            } ?? []
        let stream = Shared(FrameStream(name: name, into: target, limits: limits))
        let outcome = try await VideoPrograms.read(
            programs.ffmpeg,
            Self.common(info) + seek + VideoPrograms.input(url.path, maxPixels: limits.maxPixels) + [
                "-map", "0:V:0", "-vf", "select='\(select)'", "-fps_mode", "passthrough", "-frames:v", "\(count)",
                "-c:v", "ppm",
                "-pix_fmt", "rgb24", "-f", "image2pipe", "pipe:1",
            ]
        ) { bytes in
            for frame in try stream.with({ try $0.take(bytes) }) { try await each(frame) }
            return true
        }
        return outcome.complaint
    }

    /// Arguments of every run: quiet, nothing read from the terminal, few threads, since each holds frames of its own.
    static func common(_ info: VideoInfo) -> [String] {
        let isLarge = info.width * info.height > 8_000_000
        let threads = min(ProcessInfo.processInfo.activeProcessorCount, isLarge ? 2 : 4)
        return ["-nostdin", "-hide_banner", "-v", "error", "-threads", "\(threads)"]
    }
}

/// Frames on their way into the queue.
private actor Output {
    private let queue: FrameQueue
    private let time: WorkTime
    private(set) var count = 0
    private var last: FrameStream.Frame?

    init(queue: FrameQueue, time: WorkTime) { (self.queue, self.time) = (queue, time) }

    func put(_ frame: FrameStream.Frame, isReplacement: Bool = false) async throws {
        count += 1
        last = frame
        time.rest()
        defer { time.go() }
        try await queue.put(frame, isReplacement: isReplacement)
    }

    /// Repeats the last frame until there are `total`.
    func fill(upTo total: Int, name: String, complaint: String) async throws {
        while count < total {
            guard let last else {
                throw VideoError.noFrames(name: name, reason: complaint.isEmpty ? "they are damaged" : complaint)
            }
            try await put(last, isReplacement: true)
        }
    }
}
