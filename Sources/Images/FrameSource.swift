/// Frames of a video as a model reads them: one after the other, all of one size.
///
/// Whoever reads asks for frames 0, 1, ... in this order and for each once, so that a source may prepare the next one meanwhile.
public protocol FrameSource: Sendable {
    /// Frames that will be given, 1 or more; known beforehand.
    var count: Int { get }
    /// Pixels of a frame.
    var width: Int { get }
    /// Pixels of a frame.
    var height: Int { get }
    /// Where the picture lies in each frame; bars fill the rest.
    var picture: ImageFitting.Rectangle { get }
    /// A frame of `width` x `height` pixels; waits until it is there.
    /// - Throws: what keeps it from being read; `CancellationError` after ``cancel()``.
    func frame(_ index: Int) throws -> RGBImage
    /// Whether the next frame, `index`, can be had without waiting: it is there, or none will come.
    func isReady(_ index: Int) -> Bool
    /// Returns when ``isReady(_:)`` holds, blocking no thread.
    func wait(for index: Int) async
    /// Stops what prepares frames, and wakes who waits for one. May be called from any thread, more than once.
    func cancel()
}

extension FrameSource {
    /// True: who asks for the frame waits for it.
    public func isReady(_ index: Int) -> Bool { true }
    /// Returns at once.
    public func wait(for index: Int) async {}
}

/// Frames that are in memory already.
public struct StoredFrames: FrameSource {
    /// The frames.
    public let frames: [RGBImage]
    /// Pixels of a frame.
    public let width: Int
    /// Pixels of a frame.
    public let height: Int
    /// Where the picture lies in each.
    public let picture: ImageFitting.Rectangle

    /// - Parameters:
    ///   - frames: one or more, all of one size.
    ///   - picture: where the picture lies in each; nil = everywhere.
    /// - Throws: ``ImageError`` when there is none, or sizes differ.
    public init(_ frames: [RGBImage], picture: ImageFitting.Rectangle? = nil) throws(ImageError) {
        guard let first = frames.first else {
            throw .invalidSize(width: 0, height: 0, reason: "a video has one frame or more")
        }
        guard frames.allSatisfy({ $0.width == first.width && $0.height == first.height }) else {
            throw .invalidSize(
                width: first.width, height: first.height, reason: "another frame of the video has another size")
        }
        self.frames = frames
        (width, height) = (first.width, first.height)
        self.picture =
            picture ?? ImageFitting.Rectangle(x: 0, y: 0, width: first.width, height: first.height)
    }

    /// Frames.
    public var count: Int { frames.count }
    /// A frame; it is there.
    public func frame(_ index: Int) -> RGBImage { frames[index] }
    /// Nothing is prepared, so nothing stops.
    public func cancel() {}
}
