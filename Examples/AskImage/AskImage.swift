import Foundation
import Images
import Pipelines

/// Asks about an image and prints the answers as they are decoded: how to use `ImageQuestion` from a program.
///
///     swift run -c release example-ask-image Models/shapes image.png "what color is the circle?"
@main
struct AskImage {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else {
            print("usage: example-ask-image MODEL IMAGE QUESTION...")
            return
        }
        let model = try await UnifiedModel.load(URL(fileURLWithPath: arguments[0]))
        let image = try RGBImage(contentsOf: URL(fileURLWithPath: arguments[1]))
        let questions = Array(arguments.dropFirst(2))

        for try await event in ImageQuestion(model).ask(.init(image: image, questions: questions)) {
            switch event {
            case .encoded, .imageRead: break
            case .text(_, let piece): print(piece, terminator: "")
            case .answer(let answer): print("  (\(answer.tokens.count) tokens)")
            }
        }
    }
}
