public import Foundation
public import Images
import Subprocess
import Tensors

/// Writes videos: MPEG-4 (H.264), WebM (VP9) and GIF, by the `ffmpeg` program. It must be installed.
///
/// ```swift
/// try await VideoWriter(.mp4, framesPerSecond: 16).write(frames, to: url)    // frames: an AsyncSequence of RGBImage
/// ```
///
/// Frames go through a pipe to a child process, one at a time, as they come: it is waited for when it is slower. A file comes whole or not at all. The
/// same frames give the same bytes with the same `ffmpeg`. The child is killed when the task is cancelled.
public struct VideoWriter: Sendable {
    /// What is written.
    public var format: VideoFormat
    /// Frames shown in a second, above 0 and at most ``VideoFormat/mostFramesPerSecond``.
    public var framesPerSecond: Double
    /// What encodes.
    public var programs: VideoPrograms

    /// A writer.
    public init(_ format: VideoFormat, framesPerSecond: Double, programs: VideoPrograms = .init()) {
        (self.format, self.framesPerSecond, self.programs) = (format, framesPerSecond, programs)
    }

    /// Finds out whether `ffmpeg` is there and has the format's encoder.
    /// - Throws: ``VideoError/missingProgram(_:)``, ``VideoError/missingEncoder(_:format:)``, `CancellationError`.
    public func check() async throws {
        let list = Collected()
        let outcome = try await VideoPrograms.read(
            programs.ffmpeg, ["-nostdin", "-hide_banner", "-v", "error", "-encoders"]
        ) { list.add($0, upTo: 1 << 20) }
        guard outcome.succeeded else { throw VideoError.programFailed(programs.ffmpeg, reason: outcome.complaint) }
        let words = Set(String(decoding: list.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace))
        guard words.contains(Substring(format.encoder)) else {
            throw VideoError.missingEncoder(format.encoder, format: format)
        }
    }

    /// Writes a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - frames: one or more, all of one size.
    ///   - url: an older file is replaced, links are followed, a read-only file is refused.
    /// - Throws: ``VideoError``, what `frames` throws, `CancellationError`.
    public func write<Frames: AsyncSequence & Sendable>(_ frames: Frames, to url: URL) async throws
    where Frames.Element == RGBImage {
        let data = try await data(of: frames)
        do throws(AtomicFile.Failure) {
            try AtomicFile.write(data, to: url)
        } catch {
            throw VideoError.unwritable(path: url.path, reason: error.reason)
        }
    }

    /// The bytes of a file, mapped from a temporary one that is gone already.
    ///
    /// - Parameter frames: one or more, all of one size.
    /// - Throws: ``VideoError``, what `frames` throws, `CancellationError`.
    public func data<Frames: AsyncSequence & Sendable>(of frames: Frames) async throws -> Data
    where Frames.Element == RGBImage {
        guard framesPerSecond > 0, framesPerSecond <= VideoFormat.mostFramesPerSecond else {
            throw VideoError.invalidRate(framesPerSecond)
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-\(UUID().uuidString)")
        let file = folder.appendingPathComponent("video")
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw VideoError.unwritable(path: folder.path, reason: error.localizedDescription.printable(atMost: 200))
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        try await encode(frames, to: file)
        do {
            return try Data(contentsOf: file, options: .alwaysMapped)
        } catch {
            throw VideoError.programFailed(programs.ffmpeg, reason: "it wrote no file")
        }
    }

    private func encode<Frames: AsyncSequence & Sendable>(_ frames: Frames, to file: URL) async throws
    where Frames.Element == RGBImage {
        var iterator = frames.makeAsyncIterator()
        guard let first = try await iterator.next() else {
            try Task.checkCancellation()
            throw VideoError.noFrames(name: "the video", reason: "none was given")
        }
        let (width, height) = (first.width, first.height)
        guard VideoLimits.default.allows(width: width, height: height) else {
            throw VideoError.tooManyPixels(name: "the video", width: width, height: height, limits: .default)
        }
        Self.ignoreBrokenPipes()
        let arguments =
            [
                "-hide_banner", "-v", "error", "-y", "-protocol_whitelist", "pipe", "-f", "rawvideo", "-pix_fmt",
                "rgb24",
                "-video_size", "\(width)x\(height)", "-framerate", "\(framesPerSecond)", "-i", "pipe:0",
                "-map_metadata",
                "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "2",
            ] + format.arguments + ["file:" + file.path]
        // The iterator stays in this task: the child's body below takes turns with it through this box.
        let source = Iterating(iterator)
        let program = programs.ffmpeg
        do {
            let result = try await run(
                VideoPrograms.executable(program), arguments: Arguments(arguments),
                environment: VideoPrograms.environment, input: .inputWriter, output: .discarded, error: .sequence
            ) { execution -> (complaint: [UInt8], failure: (any Error)?) in
                async let complaint = VideoPrograms.beginning(of: execution.standardError)
                var failure: (any Error)?
                do {
                    var frame: RGBImage? = first
                    while let image = frame {
                        guard image.width == width, image.height == height else {
                            throw VideoError.image(
                                .invalidSize(
                                    width: image.width, height: image.height,
                                    reason: "the frames before it have \(width) x \(height)"))
                        }
                        do {
                            _ = try await execution.standardInputWriter.write(image.pixels)
                        } catch {
                            // The child is gone, and says why.
                            break
                        }
                        frame = try await source.next()
                    }
                    try Task.checkCancellation()
                    try? await execution.standardInputWriter.finish()
                } catch {
                    failure = error
                    try? execution.send(signal: .kill)
                }
                return (try await complaint, failure)
            }
            try Task.checkCancellation()
            let (complaint, failure) = result.closureResult
            if let failure { throw failure }
            guard result.terminationStatus.isSuccess else {
                let reason = VideoPrograms.complaint(complaint)
                if reason.hasPrefix("Unknown encoder") {
                    throw VideoError.missingEncoder(format.encoder, format: format)
                }
                throw VideoError.programFailed(program, reason: reason.isEmpty ? "it ended early" : reason)
            }
        } catch let error as SubprocessError {
            throw VideoPrograms.error(error, program)
        }
    }

    /// A program that ends early must not end this one: where nobody handles it, the signal of a broken pipe is ignored from now on.
    private static func ignoreBrokenPipes() {
        let before = signal(SIGPIPE, SIG_IGN)
        if unsafeBitCast(before, to: Int.self) != unsafeBitCast(SIG_DFL, to: Int.self) { signal(SIGPIPE, before) }
    }
}

/// An iterator that one task at a time uses.
private final class Iterating<Iterator: AsyncIteratorProtocol>: @unchecked Sendable {
    private var iterator: Iterator

    init(_ iterator: Iterator) { self.iterator = iterator }

    func next() async throws -> Iterator.Element? { try await iterator.next() }
}

extension VideoFormat {
    /// ffmpeg's name of the encoder.
    var encoder: String {
        switch self {
        case .mp4: "libx264"
        case .webm: "libvpx-vp9"
        case .gif: "gif"
        }
    }

    /// ffmpeg's arguments for the output. Video of subsampled colours has even sides.
    fileprivate var arguments: [String] {
        let even = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
        return switch self {
        case .mp4:
            [
                "-vf", even, "-c:v", encoder, "-crf", "16", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f",
                "mp4",
            ]
        case .webm:
            ["-vf", even, "-c:v", encoder, "-crf", "20", "-b:v", "0", "-pix_fmt", "yuv420p", "-f", "webm"]
        // Colours are chosen for each frame, so that none waits for the last.
        case .gif:
            [
                "-filter_complex", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1", "-c:v",
                encoder, "-f", "gif",
            ]
        }
    }
}
