import Foundation
public import Images

/// Frames of a video, decoded in the background while those before are used: ``VideoReader`` makes them.
///
/// A child process decodes, and is ended when the frames are cancelled or released.
public final class VideoFrames: FrameSource {
    /// Frames that are given.
    public let count: Int
    /// Pixels of a frame.
    public let width: Int
    /// Pixels of a frame.
    public let height: Int
    /// Where the picture lies in each frame.
    public let picture: ImageFitting.Rectangle
    /// What the file's header says.
    public let info: VideoInfo
    /// Frames that the file really has.
    public let available: Int
    /// The frames' places in the video, rising. Places repeat where fewer frames are there than were asked for.
    public let numbers: [Int]
    private let queue: FrameQueue
    private let reading: Task<Void, Never>
    private let position = NSLock()
    nonisolated(unsafe) private var next = 0  // these two behind `position`
    nonisolated(unsafe) private var current: RGBImage?

    init(
        info: VideoInfo, available: Int, numbers: [Int], fitting: ImageFitting, queue: FrameQueue,
        reading: Task<Void, Never>
    ) {
        (count, width, height, picture) = (numbers.count, fitting.width, fitting.height, fitting.picture)
        (self.info, self.available, self.numbers) = (info, available, numbers)
        (self.queue, self.reading) = (queue, reading)
    }

    deinit { cancel() }

    /// Frames, among those taken so far, that could not be decoded: a neighbour stands for each.
    public var replaced: Int { queue.replacedFrames }

    /// The next frame, when it is there.
    ///
    /// - Parameter index: 0, 1, ... in this order.
    /// - Throws: ``VideoError``; `CancellationError` after ``cancel()`` and when the task is cancelled.
    public func image(_ index: Int) async throws -> RGBImage {
        if index == 0 || (0..<count ~= index && numbers[index] != numbers[index - 1]) { _ = try await queue.wait() }
        return try frame(index)
    }

    /// The next frame. Blocks the thread until it is there, which must not be one of Swift's shared pool: those read the video. Async code calls
    /// ``image(_:)``.
    ///
    /// - Parameter index: 0, 1, ... in this order.
    /// - Throws: ``VideoError``; `CancellationError` after ``cancel()``.
    public func frame(_ index: Int) throws -> RGBImage {
        try position.withLock {
            guard index == next, index < count else { throw VideoError.outOfOrder(asked: index, next: next) }
            if index == 0 || numbers[index] != numbers[index - 1] {
                guard let image = try queue.next() else {
                    throw VideoError.programFailed("ffmpeg", reason: "it gave fewer frames than asked for")
                }
                current = image
            }
            guard let current else { throw VideoError.outOfOrder(asked: index, next: next) }
            next += 1
            return current
        }
    }

    /// Whether the next frame is decoded, or none will come.
    public func isReady(_ index: Int) -> Bool { isRepeated(index) || queue.isReady }

    /// Waits for the next frame, blocking no thread; what went wrong is told by ``frame(_:)``.
    public func wait(for index: Int) async {
        if !isRepeated(index) { _ = try? await queue.wait() }
    }

    /// Whether a frame is the one before it once more.
    private func isRepeated(_ index: Int) -> Bool {
        index > 0 && index < count && numbers[index] == numbers[index - 1]
    }

    /// Ends the decoding, and wakes who waits.
    public func cancel() {
        reading.cancel()
        queue.close()
    }
}
