import Foundation
import Images

/// Hands frames from the task that reads them to whoever takes them, a few at a time: the reader waits while the queue is full, who takes waits while it
/// is empty.
final class FrameQueue: @unchecked Sendable {  // all state is behind `condition`
    private let condition = NSCondition()
    private let depth: Int
    private var frames: [FrameStream.Frame] = []
    private var fitting: ImageFitting?
    private var end: Result<Void, any Error>?
    private var isClosed = false
    private var replaced = 0
    private var putting: CheckedContinuation<Void, Never>?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter depth: frames that are kept.
    init(depth: Int) { self.depth = depth }

    /// Frames that could not be decoded, so that a neighbour was given.
    var replacedFrames: Int { condition.withLock { replaced } }

    // MARK: The reader's side

    /// Gives a frame, and waits while there are enough.
    /// - Throws: `CancellationError` when nobody wants more.
    func put(_ frame: FrameStream.Frame, isReplacement: Bool) async throws {
        condition.withLock {
            frames.append(frame)
            fitting = fitting ?? frame.fitting
            if isReplacement { replaced += 1 }
            wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = condition.withLock {
                    guard !isClosed, frames.count >= depth else { return true }
                    putting = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        if condition.withLock({ isClosed }) { throw CancellationError() }
        try Task.checkCancellation()
    }

    /// Tells that no more will come.
    func finish(_ result: Result<Void, any Error>) {
        condition.withLock {
            end = end ?? result
            wake()
        }
    }

    // MARK: The taker's side

    /// Whether ``next()`` would return at once.
    var isReady: Bool { condition.withLock { !frames.isEmpty || end != nil || isClosed } }

    /// Waits for the next frame, without blocking a thread, and leaves it where it is.
    /// - Returns: how frames are fitted; nil when none came at all.
    /// - Throws: what ended the reading; `CancellationError` after ``close()``.
    func wait() async throws -> ImageFitting? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = condition.withLock {
                    guard frames.isEmpty, end == nil, !isClosed else { return true }
                    waiting.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        try Task.checkCancellation()
        return try condition.withLock {
            if isClosed { throw CancellationError() }
            if frames.isEmpty { try end?.get() }
            return fitting
        }
    }

    /// Waits for the next frame, blocking the thread.
    /// - Returns: nil when there are no more.
    /// - Throws: what ended the reading; `CancellationError` after ``close()``.
    func next() throws -> RGBImage? {
        let (image, reader) = try condition.withLock { () throws -> (RGBImage?, CheckedContinuation<Void, Never>?) in
            while frames.isEmpty, end == nil, !isClosed { condition.wait() }
            if isClosed { throw CancellationError() }
            guard !frames.isEmpty else {
                try end?.get()
                return (nil, nil)
            }
            let image = frames.removeFirst().image
            let reader = frames.count < depth ? putting : nil
            if reader != nil { putting = nil }
            return (image, reader)
        }
        reader?.resume()
        return image
    }

    /// Ends all waiting, on both sides.
    func close() {
        condition.withLock {
            isClosed = true
            frames = []
            putting?.resume()
            putting = nil
            wake()
        }
    }

    /// Under the lock.
    private func wake() {
        for continuation in waiting { continuation.resume() }
        waiting = []
        condition.broadcast()
    }
}
