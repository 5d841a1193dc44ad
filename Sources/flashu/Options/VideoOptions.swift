public import ArgumentParser
import Foundation
import Images
import Pipelines
public import ShowO2
import Videos

/// Options that say how videos are read.
struct VideoOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Frames of a video, evenly from the first to the last, 1 to 4096; makes a GIF a video too. (default: 32)",
            valueName: "n"))
    var frames: Int?

    @Option(
        name: .customLong("video-mask"),
        help: ArgumentHelp(
            "Which tokens of a video see each other: official (as many as an image has, the others only what is before them) or full. (default: official)",
            valueName: "which"))
    var videoMaskGiven: VideoPiece.Mask?

    /// Which tokens of a video see each other.
    var videoMask: VideoPiece.Mask { videoMaskGiven ?? .official }

    @Option(
        help: ArgumentHelp(
            "Seconds that finding and decoding a video's frames may take, 1 to 86400. (default: 600)", valueName: "s"))
    var maxVideoSeconds: Int?

    func validate() throws {
        if let frames { try Self.check(frames: frames) }
        if let maxVideoSeconds, !(1...86_400).contains(maxVideoSeconds) {
            throw ValidationError("--max-video-seconds must be between 1 and 86400, not \(maxVideoSeconds).")
        }
    }

    /// Refuses numbers of frames that no video is read at.
    static func check(frames: Int) throws {
        guard (1...4096).contains(frames) else {
            throw ValidationError("--frames must be between 1 and 4096, not \(frames).")
        }
    }

    /// Frames of a video, unless its own number is given.
    var chosenFrames: Int { frames ?? 32 }

    /// Begins to read a video at the size at which the model reads pictures, and tells what was odd about it. Returns when the first frame is there.
    /// - Parameter count: frames of this video; nil = those of the options.
    /// - Throws: `VideoError`, ``CommandError``.
    func read(
        _ file: InputFile, for geometry: ShowO2Geometry, frames count: Int? = nil
    ) async throws -> VideoFrames {
        guard let url = file.url else {
            throw CommandError("a video is read more than once; name its file instead of -")
        }
        var limits = VideoLimits.default
        if let maxVideoSeconds { limits.maxSeconds = Double(maxVideoSeconds) }
        let (width, height) = geometry.readingSize
        let video = try await VideoReader(limits: limits).frames(
            of: url, count: count ?? chosenFrames, width: width, height: height)
        if video.available < video.count {
            Terminal.hint(
                "\(url.lastPathComponent) has \(video.available) frames; some stand for several of the \(video.count)")
        }
        return video
    }

    /// Whether a word names a video rather than a picture or a question.
    func isVideo(_ word: String) -> Bool {
        let ending = PathName.ending(word)
        if ending == "gif" { return frames != nil }
        switch FileHead(word) {
        case .missing, .special: return VideoFormat.readableEndings.contains(ending)
        case .unreadable: return false
        case .bytes(let head):
            return VideoFormat.isVideo(signature: head)
                || (VideoFormat.readableEndings.contains(ending) && ImageFormat(signature: head) == nil)
        }
    }
}

extension VideoPiece.Mask: ExpressibleByArgument {
    /// `official` or `full`.
    public init?(argument: String) {
        switch argument {
        case "official": self = .official
        case "full": self = .full
        default: return nil
        }
    }
    /// As it is typed.
    public var defaultValueDescription: String { self == .full ? "full" : "official" }
    /// What may be typed.
    public static var allValueStrings: [String] { ["official", "full"] }
}
