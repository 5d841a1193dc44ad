import Foundation
import Images
import Pipelines

/// Holds a conversation of several turns in which a model writes and draws: `example-conversation MODEL TEXT...`. A text that begins with `draw:` is drawn.
@main
struct HoldConversation {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else {
            print("usage: example-conversation MODEL TEXT...")
            return
        }
        let model = try await UnifiedModel.load(URL(fileURLWithPath: arguments[0]))
        let conversation = try Conversation(model)
        var settings = Conversation.Settings()
        settings.seed = 7

        for said in arguments.dropFirst() {
            // What was said before is in memory: a turn reads what is new.
            let events =
                said.hasPrefix("draw:")
                ? await conversation.draw([.text(String(said.dropFirst(5)))], settings)
                : await conversation.say([.text(said)], settings)
            for try await event in events {
                switch event {
                case .text(let piece): print(piece, terminator: "")
                case .drawing(let image): print("[drawing \(image.width) x \(image.height)]")
                case .image(let drawn):
                    try drawn.pixels?.write(to: URL(fileURLWithPath: "conversation-\(drawn.seed).png"))
                case .turn(let turn):
                    print("  (\(turn.ending), \(turn.reading.writing + turn.reading.drawing) tokens read)")
                case .encoded, .step: break
                }
            }
        }
        print("\(await conversation.turns.count) turns, \(await conversation.length) tokens")
    }
}
