import ArgumentParser
import Foundation
import Pipelines

/// The command line.
@main
struct FlashUCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flashu",
        abstract: "Run unified multimodal models (Show-o2) on this machine: draw images, ask about images.",
        discussion: """
            EXAMPLES
              flashu generate "a photo of a red circle" -o circle.png
              flashu ask circle.png "what color is the circle?" "how many objects are there?"
              flashu inspect ~/models/show-o2-1.5B
              flashu eval generation --accelerate paper --limit 60

            A model is a folder with config.json, the weights (safetensors or the official pytorch_model*.bin), the VAE \
            (Wan2.1_VAE.pth) and tokenizer.json. Without --model the embedded shapes model runs. \
            Shell completions: flashu --generate-completion-script bash|zsh|fish (scripts/install puts them in place).
            """,
        version: FlashUVersion.current,
        subcommands: [
            GenerateCommand.self, AskCommand.self, ChatCommand.self, DrawSetCommand.self, AskSetCommand.self,
            InspectCommand.self,
            CalibrateCommand.self, AnalyzeCommand.self,
            CompareCommand.self, EvalCommand.self, JudgeCommand.self, TuneCommand.self, ConvertCommand.self,
            BenchCommand.self, ServeCommand.self,
        ])

    static func main() async {
        // A reader that goes away (`| head`) makes writing fail, which is handled; it does not kill us in mid-file.
        signal(SIGPIPE, SIG_IGN)
        // Nor does a limit on the size of files, which is then an error like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if let asynchronous = command as? any AsyncParsableCommand {
                // The command is used by this one task only.
                nonisolated(unsafe) var asynchronous = asynchronous
                try await Interruption.run { try await asynchronous.run() }
            } else {
                try command.run()
            }
        } catch let error as Interruption {
            Terminal.clearProgress()
            Terminal.error("interrupted; nothing half-written was left behind")
            Interruption.leave(error.status)
        } catch let error where Self.exitCode(for: error) == .failure && !(error is ExitCode) {
            Terminal.clearProgress()
            Terminal.error("\(error)")
            Interruption.leave(1)
        } catch {
            Terminal.clearProgress()
            exit(withError: error)
        }
    }
}
