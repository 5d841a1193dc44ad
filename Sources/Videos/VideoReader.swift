public import Foundation
public import Images

/// Reads videos: MPEG-4, QuickTime, Matroska, WebM, AVI, GIF and what else the installed `ffmpeg` knows of camera formats. It must be installed.
///
/// ```swift
/// let frames = try await VideoReader().frames(of: url, count: 32, width: 432, height: 432)
/// for index in 0..<frames.count { use(try await frames.image(index)) }
/// ```
///
/// Frames are counted by decoding, not by headers, which may be wrong. Long videos are listed instead, packet by packet, and decoding begins anew before each
/// frame that is wanted; one that is damaged there is replaced by the next that can be decoded (``VideoFrames/replaced`` counts those at the end, where
/// none follows). Frames are upright, have square pixels whatever the file says, and are not deinterlaced, as in the official code.
public struct VideoReader: Sendable {
    /// What a video may ask for.
    public var limits: VideoLimits
    /// What decodes.
    public var programs: VideoPrograms
    /// Up to so many pixels in all frames together a video is decoded as a whole, and twice: to count its frames, and to read them. A second's work.
    package var wholePixels = 1_500_000_000

    /// A reader.
    public init(limits: VideoLimits = .default, programs: VideoPrograms = .init()) {
        (self.limits, self.programs) = (limits, programs)
    }

    /// What a video's header says.
    /// - Throws: ``VideoError``, `CancellationError`.
    public func info(of url: URL) async throws -> VideoInfo {
        let name = try check(url)
        return try await WorkTime(name: name, limits: limits).bound { try await describe(url, name) }
    }

    /// Picks frames (``FrameChoice/evenly(_:of:)``) and begins to decode them. Returns when the first one is there.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - count: frames wanted.
    ///   - fit: how frames of another shape become those of the given one; bars are black.
    ///   - width: of the frames given.
    ///   - height: of the frames given.
    /// - Throws: ``VideoError``, `CancellationError`.
    public func frames(
        of url: URL, count: Int = 32, fit: ImageFit = .pad, width: Int, height: Int
    ) async throws -> VideoFrames {
        guard count > 0, count <= limits.maxChosen else { throw VideoError.invalidCount(count, limits: limits) }
        let name = try check(url)
        let time = WorkTime(name: name, limits: limits)
        let (info, listing) = try await time.bound {
            let info = try await describe(url, name)
            return (info, try await list(url, name, info))
        }
        guard listing.count > 0 else { throw VideoError.noFrames(name: name, reason: listing.complaint) }
        let numbers = FrameChoice.evenly(count, of: listing.count)
        // Each once; rising already.
        let distinct = numbers.indices.filter { $0 == 0 || numbers[$0] != numbers[$0 - 1] }.map { numbers[$0] }
        let plan: FramePlan =
            if let shown = listing.shown {
                .seeking(numbers: distinct, times: shown.times, isKey: shown.isKey)
            } else {
                .fromStart(numbers: distinct)
            }
        let queue = FrameQueue(depth: 2)
        let decoding = FrameDecoding(
            url: url, name: name, info: info, target: .init(fit: fit, width: width, height: height), limits: limits,
            programs: programs, queue: queue, time: time)
        let reading = Task {
            do {
                try await time.bound { try await decoding.run(plan) }
                queue.finish(.success(()))
            } catch {
                queue.finish(.failure(error))
            }
        }
        do {
            guard let fitting = try await queue.wait() else {
                throw VideoError.noFrames(name: name, reason: "its frames are damaged")
            }
            return VideoFrames(
                info: info, available: listing.count, numbers: numbers, fitting: fitting, queue: queue, reading: reading
            )
        } catch {
            reading.cancel()
            throw error
        }
    }

    /// Refuses what no program needs to look at.
    /// - Returns: what messages call the file.
    private func check(_ url: URL) throws(VideoError) -> String {
        var status = stat()
        guard !url.path.isEmpty, stat(url.path, &status) == 0 else {
            throw .unreadable(
                path: url.path,
                reason: errno == ENOENT ? "there is no such file" : String(cString: strerror(errno)).lowercased())
        }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw .unreadable(path: url.path, reason: "it is a folder") }
        guard kind == S_IFREG else {
            throw .unreadable(path: url.path, reason: "a video must be a regular file, since it is read more than once")
        }
        let name = url.lastPathComponent
        guard status.st_size > 0 else { throw .notAVideo(name: name, reason: "it is empty") }
        guard Int(status.st_size) <= limits.maxFileBytes else { throw .fileTooLarge(name: name, limits: limits) }
        guard access(url.path, R_OK) == 0 else {
            throw .unreadable(path: url.path, reason: String(cString: strerror(errno)).lowercased())
        }
        // Programs guess by the name as well, and would report a text called .mp4 as a damaged video.
        if isText(url) { throw .notAVideo(name: name, reason: "it is a text") }
        return name
    }

    private func isText(_ url: URL) -> Bool {
        guard let handle = try? FileHandle(forReadingFrom: url) else { return false }
        defer { try? handle.close() }
        guard let head = try? handle.read(upToCount: 512) else { return false }
        let text = String(decoding: head, as: UTF8.self).unicodeScalars.dropLast(4)
        return text.allSatisfy { $0 != "\u{FFFD}" && ($0.value >= 0x20 || [9, 10, 13].contains($0.value)) }
    }

    private func describe(_ url: URL, _ name: String) async throws -> VideoInfo {
        let report = Collected()
        let outcome = try await VideoPrograms.read(
            programs.ffprobe,
            ["-v", "error", "-select_streams", "V:0", "-of", "json", "-show_entries", Self.entries]
                + VideoPrograms.input(url.path, maxPixels: Self.describedPixels(limits))
        ) { report.add($0, upTo: 1 << 20) }
        let probe: ProbeReport
        do throws(ProbeReport.Fault) {
            probe = try ProbeReport(report.bytes)
        } catch {
            throw VideoError.notAVideo(
                name: name, reason: outcome.complaint.isEmpty ? error.reason : outcome.complaint)
        }
        guard let info = probe.info else {
            guard outcome.succeeded else { throw VideoError.notAVideo(name: name, reason: outcome.complaint) }
            throw VideoError.noPictures(name: name)
        }
        guard info.width == 0 || info.height == 0 || limits.allows(width: info.width, height: info.height) else {
            throw VideoError.tooManyPixels(name: name, width: info.width, height: info.height, limits: limits)
        }
        return info
    }

    /// A frame too large for us is still described, so that its size can be told.
    private static func describedPixels(_ limits: VideoLimits) -> Int { max(limits.maxPixels, 1 << 28) }

    private static let entries =
        "format=format_name,duration:stream=codec_name,width,height,nb_frames,avg_frame_rate,duration,time_base:stream_side_data=rotation"

    /// The frames of a file.
    private struct Listing: Sendable {
        let count: Int
        /// Their times and the keys among them, when decoding can begin at any key; nil when it begins at the first frame.
        var shown: (times: [Int], isKey: [Bool])?
        var complaint = ""
    }

    /// Counts frames: by decoding all of them, or from the list of packets where that would take long and decoding can begin in the middle.
    private func list(_ url: URL, _ name: String, _ info: VideoInfo) async throws -> Listing {
        let packets = Shared(PacketList())
        let limits = limits
        _ = try await VideoPrograms.read(
            programs.ffprobe,
            ["-v", "error", "-select_streams", "V:0", "-of", "compact=p=0", "-show_entries", "packet=pts,flags"]
                + VideoPrograms.input(url.path, maxPixels: Self.describedPixels(limits))
        ) { bytes in
            try packets.with { packets in
                packets.take(bytes)
                guard packets.count <= limits.maxFrames else {
                    throw VideoError.tooManyFrames(name: name, limits: limits)
                }
            }
            return true
        }
        let (count, shown) = packets.with { ($0.count, $0.shown()) }
        let pixels = Double(max(info.width, 1)) * Double(max(info.height, 1)) * Double(count)
        let canSeek = info.tick > 0 && (info.container.hasPrefix("mov") || info.container.hasPrefix("matroska"))
        if pixels > Double(wholePixels), canSeek, let shown { return Listing(count: count, shown: shown) }

        let progress = Shared(ProgressReport())
        let outcome = try await VideoPrograms.read(
            programs.ffmpeg,
            FrameDecoding.common(info) + VideoPrograms.input(url.path, maxPixels: limits.maxPixels)
                + ["-map", "0:V:0", "-fps_mode", "passthrough", "-f", "null", "-nostats", "-progress", "pipe:1", "-"]
        ) { bytes in
            progress.with { $0.take(bytes) }
            return true
        }
        let complaint = outcome.complaint.isEmpty ? "there are none in it" : outcome.complaint
        return Listing(count: progress.with { $0.frames }, complaint: complaint)
    }
}

/// Bytes gathered by a child's reader.
final class Collected: Sendable {
    private let state = Shared<[UInt8]>([])
    var bytes: [UInt8] { state.with { $0 } }

    /// - Returns: whether more may come.
    func add(_ more: [UInt8], upTo limit: Int) -> Bool {
        state.with {
            $0 += more
            return $0.count <= limit
        }
    }
}
