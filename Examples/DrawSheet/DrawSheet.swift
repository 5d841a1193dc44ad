import Foundation
import Images
import Pipelines

/// Draws several prompts and lays them side by side: how to use `TextToImage` from a program.
///
///     swift run -c release example-draw-sheet Models/shapes sheet.png "a photo of a red circle" "a photo of two blue stars"
@main
struct DrawSheet {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count >= 3, let folder = arguments.first else {
            print("usage: example-draw-sheet MODEL OUTPUT.png PROMPT...")
            return
        }
        let output = URL(fileURLWithPath: arguments[arguments.startIndex + 1])
        let model = try await UnifiedModel.load(URL(fileURLWithPath: folder))

        let request = TextToImage.Request(prompts: arguments.dropFirst(2).map { .text($0) }, seed: 0)
        var images: [RGBImage] = []
        for try await event in TextToImage(model).generate(request) {
            switch event {
            case .step(let step): print("\r\(step.done)/\(step.total)", terminator: "")
            case .image(let drawn): images += [drawn.pixels].compactMap(\.self)
            }
        }
        try ImageGrid.compose(images, columns: 6).write(to: output)
        print("\rwrote \(output.path)")
    }
}
