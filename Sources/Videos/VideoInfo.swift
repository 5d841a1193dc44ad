/// What a video's header says. Headers may be wrong: ``VideoFrames`` goes by what can be decoded.
public struct VideoInfo: Sendable, Equatable {
    /// The container, as ffprobe calls it, such as `matroska,webm`.
    public var container: String
    /// The codec, as ffprobe calls it, such as `h264`.
    public var codec: String
    /// Columns of a stored frame.
    public var width: Int
    /// Rows of a stored frame.
    public var height: Int
    /// By how many degrees a frame is turned for showing, counterclockwise: 0 but for phones' videos.
    public var rotation: Double
    /// Frames a second on average; nil when it isn't known.
    public var frameRate: Double?
    /// Seconds; nil when it isn't known.
    public var duration: Double?
    /// Frames that the header promises; nil when it promises none.
    public var claimedFrames: Int?
    /// Seconds of one tick of the stream's clock.
    package var tick: Double
}
