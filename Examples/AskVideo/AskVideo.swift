import Foundation
import Images
import Pipelines
import ShowO2
import Videos

/// Asks questions about a video, frame by frame into one sequence: `example-ask-video MODEL VIDEO QUESTION...`.
@main
struct AskVideo {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else {
            print("usage: example-ask-video MODEL VIDEO QUESTION...")
            return
        }
        let model = try await UnifiedModel.load(URL(fileURLWithPath: arguments[0]))
        let size = model.geometry.readingSize
        // 32 frames from the first to the last, decoded in the background while the model encodes those before.
        let frames = try await VideoReader().frames(
            of: URL(fileURLWithPath: arguments[1]), count: 32, width: size.width, height: size.height)

        let request = ImageQuestion.Request(
            sources: [.video(frames)], questions: arguments.dropFirst(2).map { .text($0) })
        for try await event in ImageQuestion(model).ask(request) {
            switch event {
            case .encoded(let done, let total): print("\(done) of \(total) frames")
            case .imageRead: break
            case .text(_, let piece): print(piece, terminator: "")
            case .answer(let answer): print("  (\(answer.tokens.count) tokens)")
            }
        }
    }
}
