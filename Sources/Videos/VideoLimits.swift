/// How much a video may ask for. What its header says is checked before anything is decoded, what comes out is checked again.
public struct VideoLimits: Sendable, Equatable {
    /// The file, in bytes.
    public var maxFileBytes: Int
    /// The longest side of a frame, in pixels.
    public var maxSide: Int
    /// Width times height of a frame.
    public var maxPixels: Int
    /// Frames that a file may hold; each takes 9 bytes while the file is listed.
    public var maxFrames: Int
    /// Frames that may be asked for at once.
    public var maxChosen: Int
    /// How long listing and decoding may take together, in seconds. Time in which a frame waits to be taken does not count.
    public var maxSeconds: Double

    /// 64 GiB of file, frames of 16,384 on a side and 64 Mi pixels (8K has half of that), 10 million frames (46 hours at 60 a second), 4,096
    /// of them chosen, 10 minutes of work.
    public static let `default` = VideoLimits()

    /// Limits of one's own.
    public init(
        maxFileBytes: Int = 64 << 30, maxSide: Int = 16_384, maxPixels: Int = 64 << 20, maxFrames: Int = 10_000_000,
        maxChosen: Int = 4096, maxSeconds: Double = 600
    ) {
        self.maxFileBytes = maxFileBytes
        self.maxSide = maxSide
        self.maxPixels = maxPixels
        self.maxFrames = maxFrames
        self.maxChosen = maxChosen
        self.maxSeconds = maxSeconds
    }

    /// Whether a frame may have this size; false for sizes that are not positive, never overflows.
    package func allows(width: Int, height: Int) -> Bool {
        guard width > 0, height > 0, width <= maxSide, height <= maxSide else { return false }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        return !overflow && pixels <= maxPixels && pixels <= Int.max / 8
    }
}
