import Foundation
import Subprocess
import Tensors

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The programs that read and write videos, run as children of this process: with a list of arguments (no shell sees them), nothing on their standard
/// input but what is meant for it, and killed when the task that waits for them is cancelled.
public struct VideoPrograms: Sendable, Equatable {
    /// The program that decodes and encodes: a name that the PATH leads to, or a path.
    public var ffmpeg: String
    /// The program that describes files.
    public var ffprobe: String

    /// - Parameters:
    ///   - ffmpeg: a name that the PATH leads to, or a path.
    ///   - ffprobe: likewise.
    public init(ffmpeg: String = "ffmpeg", ffprobe: String = "ffprobe") {
        (self.ffmpeg, self.ffprobe) = (ffmpeg, ffprobe)
    }

    /// How a program ended.
    struct Outcome: Sendable {
        let succeeded: Bool
        /// What it complained about, in one printable line.
        let complaint: String
    }

    /// Formats that are opened. Playlists and scripts, which name other files and addresses, are not among them.
    private static let formats =
        "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,flv,mpegts,mpeg,ogg,asf,mpegvideo,h264,hevc,ivf"

    /// Arguments that bound what an input may do: one local file of a known format.
    static func input(_ path: String, maxPixels: Int) -> [String] {
        [
            "-protocol_whitelist", "file,pipe", "-format_whitelist", formats, "-max_pixels",
            "\(min(maxPixels, 1 << 30))",
            "-i", "file:" + path,
        ]
    }

    /// Runs a program and hands over what it writes, piece by piece.
    ///
    /// - Parameter take: returns whether more is wanted; the program is killed otherwise.
    /// - Throws: ``VideoError``, what `take` throws, `CancellationError`.
    static func read(
        _ program: String, _ arguments: [String], take: @escaping @Sendable ([UInt8]) async throws -> Bool
    ) async throws -> Outcome {
        do {
            let result = try await run(
                executable(program), arguments: Arguments(arguments), environment: environment, input: .none,
                output: .sequence,
                error: .sequence
            ) { execution in
                async let complaint = beginning(of: execution.standardError)
                do {
                    for try await piece in execution.standardOutput {
                        guard try await take(piece.withUnsafeBytes { Array($0) }) else {
                            try? execution.send(signal: .kill)
                            break
                        }
                    }
                } catch {
                    try? execution.send(signal: .kill)
                    throw error
                }
                return try await complaint
            }
            try Task.checkCancellation()
            return Outcome(
                succeeded: result.terminationStatus.isSuccess, complaint: complaint(result.closureResult))
        } catch let error as SubprocessError {
            throw Self.error(error, program)
        }
    }

    static let environment = Environment.inherit.updating(["AV_LOG_FORCE_NOCOLOR": "1"])

    static func executable(_ program: String) -> Executable {
        program.contains("/") ? .path(FilePath(program)) : .name(program)
    }

    static func error(_ error: SubprocessError, _ program: String) -> any Error {
        if Task.isCancelled { return CancellationError() }
        if error.code == .executableNotFound { return VideoError.missingProgram(program) }
        return VideoError.programFailed(program, reason: "\(error)".printable(atMost: 200))
    }

    /// The first 4 KiB; the rest is read and dropped, so that the program never waits.
    static func beginning(of output: SubprocessOutputSequence) async throws -> [UInt8] {
        var text: [UInt8] = []
        for try await piece in output where text.count < 4096 {
            text += piece.withUnsafeBytes { Array($0.prefix(4096 - text.count)) }
        }
        return text
    }

    /// The first complaint without the file's name, which the message tells already, and without addresses of memory.
    package static func complaint(_ text: [UInt8]) -> String {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        guard var line = lines.first(where: { !$0.trimmingCharacters(in: .whitespaces).isEmpty }) else { return "" }
        if line.hasPrefix("["), let end = line.firstIndex(of: "]") { line = String(line[line.index(after: end)...]) }
        if line.hasPrefix("file:"), let colon = line.range(of: ": ", options: .backwards) {
            line = String(line[colon.upperBound...])
        }
        return line.trimmingCharacters(in: .whitespaces).printable(atMost: 200)
    }
}
