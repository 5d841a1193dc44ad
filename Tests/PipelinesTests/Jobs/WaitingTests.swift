import Compute
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Synchronization
import Tensors
import Testing

/// A job that waits for a frame leaves the engine to others.
@Suite struct WaitingTests {
    /// Frames that come when they are let.
    private final class SlowFrames: FrameSource {
        let count = 3
        let (width, height): (Int, Int)
        let picture: ImageFitting.Rectangle
        private let state = Mutex<(there: Int, isCancelled: Bool, waiting: [CheckedContinuation<Void, Never>])>(
            (0, false, []))
        /// Times that a frame was asked for before it was there.
        let tooEarly = Mutex(0)

        init(_ width: Int, _ height: Int) {
            (self.width, self.height) = (width, height)
            picture = .init(x: 0, y: 0, width: width, height: height)
        }

        func frame(_ index: Int) throws -> RGBImage {
            if !isReady(index) { tooEarly.withLock { $0 += 1 } }
            if state.withLock({ $0.isCancelled }) { throw CancellationError() }
            return try RGBImage(width: width, height: height, filledWith: (200, UInt8(index), 0))
        }

        func isReady(_ index: Int) -> Bool { state.withLock { $0.isCancelled || index < $0.there } }

        func wait(for index: Int) async {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock {
                    guard !$0.isCancelled, index >= $0.there else { return true }
                    $0.waiting.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        }

        func release(_ more: Int) {
            let waiting = state.withLock { state in
                state.there += more
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }

        func cancel() {
            let waiting = state.withLock { state in
                state.isCancelled = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }
    }

    private func question(_ frames: SlowFrames) -> ImageQuestion.Request {
        .init(sources: [.video(frames)], questions: [.text("what color is it?")], maxTokens: 3)
    }

    private func frames(_ model: UnifiedModel) -> SlowFrames {
        let (width, height) = model.geometry.readingSize
        return SlowFrames(width, height)
    }

    @Test func drawingsGoOn() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let frames = frames(model)
        let asking = Task { try await ImageQuestion(model).answers(question(frames)) }
        while await model.scheduler.jobs == 0 { try await Task.sleep(for: .milliseconds(5)) }
        // With no frame there, a whole image is drawn, and so between the frames.
        let drawing = TextToImage.Request(prompt: "a red circle", steps: 6, width: 64)
        for _ in 0..<3 {
            #expect(try await TextToImage(model).images(drawing).count == 1)
            #expect(await model.scheduler.jobs == 1)
            frames.release(1)
        }
        #expect(try await asking.value.count == 1)
        #expect(frames.tooEarly.withLock { $0 } == 0)
    }

    @Test func cancelledWhileWaiting() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let frames = frames(model)
        let asking = Task { try await ImageQuestion(model).answers(question(frames)) }
        while await model.scheduler.jobs == 0 { try await Task.sleep(for: .milliseconds(5)) }
        asking.cancel()
        _ = try? await asking.value
        for _ in 0..<100 where await model.scheduler.jobs > 0 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(await model.scheduler.jobs == 0)
        let drawing = TextToImage.Request(prompt: "a red circle", steps: 4, width: 64)
        #expect(try await TextToImage(model).images(drawing).count == 1)
    }

    /// Stages tell what they wait for, nested ones too, and who does not ask is not held up.
    @Test func stages() throws {
        struct Never: Awaited {
            var isReady: Bool { false }
            func wait() async {}
        }
        struct Always: Awaited {
            var isReady: Bool { true }
            func wait() async {}
        }
        let (outer, inner) = (Stages(), Stages())
        var done: [Int] = []
        inner.add { done.append(1) }
        inner.add(waitingFor: Never())
        inner.add { done.append(2) }
        outer.add(waitingFor: Always())
        outer.add(inner)
        outer.add { done.append(3) }
        #expect(outer.awaited == nil)
        try outer.runNext()
        try outer.runNext()
        #expect(done == [1] && outer.awaited != nil)
        try outer.finish()
        #expect(done == [1, 2, 3] && outer.isEmpty && outer.awaited == nil)
    }
}
