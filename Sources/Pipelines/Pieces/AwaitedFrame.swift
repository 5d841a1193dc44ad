import Compute
import Images

/// A frame that a job needs next: while it is being decoded, other jobs go on.
struct AwaitedFrame: Awaited {
    let frames: any FrameSource
    let index: Int

    var isReady: Bool { frames.isReady(index) }
    func wait() async { await frames.wait(for: index) }
}
