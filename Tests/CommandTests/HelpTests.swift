import FlashUTesting
import Foundation
import Testing

/// Help that teaches, completions, versions.
@Suite("Help") struct HelpTests {
    @Test(
        "--help of every command names its options and defaults",
        arguments: [
            ("", ["generate", "ask", "inspect", "eval", "EXAMPLES", "--version"]),
            (
                "generate",
                [
                    "--model", "--output", "--count", "--steps", "T - 1 evaluations", "--cfg-scale", "--seed",
                    "--width",
                    "--height", "--time-shift", "--precision", "f32, bf16", "--threads", "--json", "--prompt-ids",
                    "--init-noise", "--save-latents", "--no-decode", "--accelerate", "--set", "--sampler", "--trace",
                    "--negative-prompt", "--prompts", "--like", "--quality", "random",
                    "default: bf16", "default: out.png", "EXAMPLES",
                ]
            ),
            (
                "ask",
                [
                    "--max-tokens", "--temperature", "--top-k", "--top-p", "--seed", "--json", "--image-latents",
                    "--prefix-ids", "--question-ids", "--sample-posterior", "--overlay", "default: 300", "EXAMPLES",
                    "--question", "--alpha", "flatten", "--fit", "crop", "pad", "stretch", "--max-megapixels",
                ]
            ),
            ("compare", ["--profile", "--output", "--seed", "--json", "--alpha", "--fit", "EXAMPLES"]),
            ("inspect", ["<folder>", "--json"]),
            (
                "serve",
                [
                    "--host", "--port", "--api-key-file", "--max-queue", "--memory", "--accelerate", "--precision",
                    "--image-cache", "--request-timeout", "--alias", "--strict-size", "--allow-host", "--image-host",
                    "EXAMPLES",
                ]
            ),
            (
                "bench",
                [
                    "--model", "--geometry", "show-o2-7b", "--task", "--precision", "--accelerate", "--repeats",
                    "--threads", "--output", "--steps", "--size", "--full", "default: shapes", "EXAMPLES",
                ]
            ),
            (
                "analyze",
                [
                    "--samples", "--prompts", "--images", "--calibration", "--critical", "--layer", "--seed",
                    "--output",
                    "--json", "default: analysis.html", "default: 0.2", "EXAMPLES",
                ]
            ),
            (
                "eval",
                [
                    "generation", "understanding", "--accelerate", "--set", "--limit", "--output", "--eval-folder",
                    "--json", "EXAMPLES",
                ]
            ),
        ])
    func help(command: String, words: [String]) throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(command.isEmpty ? ["--help"] : [command, "--help"], in: place.results)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        let text = run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for word in words { #expect(text.contains(word), "\(word)") }
        let listed = try CommandRun.flashu(command.isEmpty ? ["help"] : ["help", command], in: place.results)
        #expect(listed.output == run.output)
    }

    @Test(
        "Completion scripts", arguments: [("bash", "complete -"), ("zsh", "#compdef flashu"), ("fish", "complete -c")])
    func completions(shell: String, word: String) throws {
        let place = try Workplace()
        let run = try place.run("--generate-completion-script", shell)
        #expect(run.status == 0 && run.errors == "")
        #expect(run.output.contains(word) && run.output.contains("generate") && run.output.contains("cfg-scale"))
    }

    @Test("--version")
    func version() throws {
        let run = try Workplace().run("--version")
        #expect(run.status == 0 && run.output.split(separator: ".").count == 3)
    }
}
