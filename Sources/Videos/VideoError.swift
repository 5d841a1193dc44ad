public import Images

/// Everything that can go wrong with a video; `description` is one line fit for a terminal.
public enum VideoError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `ffmpeg` or `ffprobe` is not installed.
    case missingProgram(String)
    /// A program could not be started, or did not do its work.
    case programFailed(String, reason: String)
    /// A file could not be read.
    case unreadable(path: String, reason: String)
    /// A file could not be written.
    case unwritable(path: String, reason: String)
    /// The file is none that this library reads, or is damaged from its beginning.
    case notAVideo(name: String, reason: String)
    /// The file has sound, or nothing, but no pictures.
    case noPictures(name: String)
    /// There are pictures, but none of them can be decoded.
    case noFrames(name: String, reason: String)
    /// A frame has more pixels than the limits allow.
    case tooManyPixels(name: String, width: Int, height: Int, limits: VideoLimits)
    /// The file has more bytes than the limits allow.
    case fileTooLarge(name: String, limits: VideoLimits)
    /// The file has more frames than the limits allow.
    case tooManyFrames(name: String, limits: VideoLimits)
    /// Listing and decoding took longer than the limits allow.
    case tooSlow(name: String, limits: VideoLimits)
    /// A number of frames that can't be given.
    case invalidCount(Int, limits: VideoLimits)
    /// A frame that is not the next one.
    case outOfOrder(asked: Int, next: Int)
    /// The installed `ffmpeg` can't write a format.
    case missingEncoder(String, format: VideoFormat)
    /// A number of frames a second that can't be written.
    case invalidRate(Double)
    /// An output's name ends in nothing that can be written.
    case unknownEnding(name: String)
    /// What frames are fitted into can't be made.
    case image(ImageError)

    /// What went wrong, in one line.
    public var description: String {
        switch self {
        case .missingProgram(let program):
            "\(program) is needed for videos and is not installed; \(Self.howToInstall)"
        case .programFailed(let program, let reason):
            "\(program) failed: \(reason)"
        case .unreadable(let path, let reason):
            "cannot read \(path): \(reason)"
        case .unwritable(let path, let reason):
            "cannot write \(path): \(reason)"
        case .notAVideo(let name, let reason):
            "\(name) is no video that can be read: \(reason)"
        case .noPictures(let name):
            "\(name) has no moving pictures in it"
        case .noFrames(let name, let reason):
            "no frame of \(name) can be decoded: \(reason)"
        case .tooManyPixels(let name, let width, let height, let limits):
            "the frames of \(name) have \(width) x \(height) pixels; the limit is \(limits.maxSide) on a side and "
                + "\(limits.maxPixels) in all"
        case .fileTooLarge(let name, let limits):
            "\(name) is too large a file; the limit is \(limits.maxFileBytes) bytes"
        case .tooManyFrames(let name, let limits):
            "\(name) has more than \(limits.maxFrames) frames, which is the limit; cut out the part that matters (ffmpeg -ss BEGIN -t "
                + "SECONDS -i VIDEO -c copy PART)"
        case .tooSlow(let name, let limits):
            "reading \(name) takes longer than \(Self.seconds(limits.maxSeconds)), which is the limit; raise it "
                + "(--max-video-seconds), or cut out the part that matters (ffmpeg -ss BEGIN -t SECONDS -i VIDEO -c copy PART)"
        case .invalidCount(let count, let limits):
            "\(count) frames can't be taken of a video; 1 to \(limits.maxChosen) can"
        case .outOfOrder(let asked, let next):
            "frame \(asked) was asked for, but frames come in order, and the next one is \(next)"
        case .missingEncoder(let encoder, let format):
            "the installed ffmpeg has no encoder \(encoder), which .\(format.rawValue) needs; "
                + "\(Self.howToInstall) with all encoders, or write another of \(VideoFormat.endings)"
        case .invalidRate(let rate):
            "\(rate) frames a second can't be written; above 0 and at most \(Int(VideoFormat.mostFramesPerSecond)) can"
        case .unknownEnding(let name):
            "cannot write \(name): a video's name must end in \(VideoFormat.endings)"
        case .image(let error):
            error.description
        }
    }

    private static func seconds(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
    }

    #if os(macOS)
        private static let howToInstall = "install it (brew install ffmpeg)"
    #else
        private static let howToInstall = "install it (sudo apt-get install ffmpeg)"
    #endif
}
