public import ArgumentParser
import Benchmarking
public import Compute
import FlashU
import Foundation
import ShowO2

/// How soon a question is answered at true size: several profiles on one model, in turn within each round, the exact engine among them. What is told of a
/// profile is its median, and the median of its ratios to the exact engine in the same round: what else the machine does meanwhile falls on all.
@main
struct Answers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answers",
        abstract: "Seconds to the first and the last token of an answer, profile against exact engine.",
        discussion: """
            Weights are random, which takes as long. A profile is BASE+CHANGES: a preset's name, and fields that differ.

            EXAMPLE
              answers --geometry show-o2-1.5b --precision int8 paper 'paper+tokens.place=encoder; tokens.encoderTail=9'
            """)

    @Argument(help: "Profiles beside the exact engine.")
    var profiles = Self.usual

    @Option(help: "Sizes to make random weights of.")
    var geometry = "show-o2-1.5b"

    @Option(help: "Of weights and products.")
    var precision = Precision.bf16

    @Option(name: [.short, .long], help: "Rounds after one that warms up.")
    var rounds = 3

    @Option(help: "Tokens of the question.")
    var questionTokens = 40

    @Option(help: "Tokens of the answer.")
    var answerTokens = 50

    @Option(name: [.short, .long], help: "Threads. (default: all cores)")
    var threads: Int?

    /// The paper's ratios; the same number of tokens dropped before the language model, after the whole encoder, in its last third and in its second
    /// half; and the paper's without what it skips in decoding, so and of an image that is read at as many tokens as the others keep.
    static let usual = [
        "paper", "paper+tokens.place=encoder; tokens.selection=divPrune",
        "paper+tokens.place=encoder; tokens.encoderTail=9; tokens.selection=divPrune",
        "paper+tokens.place=encoder; tokens.encoderTail=13; tokens.selection=divPrune",
        "paper+tokens.place=encoder; tokens.encoderTail=13; tokens.selection=divPrune; tokens.dropped=merge",
        "paper+tokens.place=encoder; tokens.encoderTail=13; tokens.selection=divPrune; layers.understandingChoice=calibration",
        "paper+tokens.dropRatio=0; reading.scale=0.7",
        "paper+tokens.dropRatio=0; reading.scale=0.7; layers.understandingChoice=calibration",
    ]

    func validate() throws {
        guard BenchSubject.geometries[geometry] != nil else {
            throw ValidationError(
                "--geometry must be one of \(BenchSubject.geometries.keys.sorted().joined(separator: ", ")).")
        }
        guard rounds > 0, questionTokens > 0, answerTokens > 0 else {
            throw ValidationError("rounds and tokens must be 1 or more.")
        }
    }

    func run() throws {
        let all = ["off"] + profiles
        let parsed = try all.map(Self.profile)
        let compute = try CPUCompute(precision: precision, threads: threads)
        guard let sizes = BenchSubject.geometries[geometry] else { return }
        let subject = try BenchSubject(sizes, compute: compute, tasks: .understanding) { _ in }
        let trials = try parsed.map {
            try AnswerTrial(subject, $0, questionTokens: questionTokens, answerTokens: answerTokens)
        }
        var times: [[AnswerTrial.Times]] = Array(repeating: [], count: trials.count)
        for round in 0...rounds {
            for (i, trial) in trials.enumerated() {
                let time = try trial.run()
                if round > 0 { times[i].append(time) }
            }
            print("round \(round) of \(rounds), load \(Self.load)")
        }
        print(
            "\n\(geometry), \(precision.rawValue), \(compute.threads) threads, \(CPUCompute.instructionSet); question of \(questionTokens) tokens, answer of "
                + "\(answerTokens); medians of \(rounds) rounds in turn\n")
        print(
            "| profile | tokens kept | operations to the first token | first token | a further token | whole answer | against `off`: first token, answer |"
        )
        print("|---|---|---|---|---|---|---|")
        for (i, name) in all.enumerated() {
            func median(_ value: (AnswerTrial.Times) -> Double) -> Double { times[i].map(value).median }
            func ratios(_ value: (AnswerTrial.Times) -> Double) -> String {
                let all = zip(times[0], times[i]).map { value($0) / value($1) }.sorted()
                return String(format: "%.2fx (%.2f ... %.2f)", all.median, all[0], all[all.count - 1])
            }
            print(
                "| `\(name)` | \(trials[i].keptTokens) | "
                    + String(
                        format: "%.3f TFLOP | %.2f s | %.4f s | %.2f s", Double(times[i][0].operations) / 1e12,
                        median(\.firstToken), median(\.token), median(\.answer))
                    + " | \(ratios(\.firstToken)), **\(ratios(\.answer))** |")
        }
        print("\n| seconds of the first token | " + all.map { "`\($0)`" }.joined(separator: " | ") + " |")
        print("|---|" + all.map { _ in "---" }.joined(separator: "|") + "|")
        let parts = times[0][0].image.map(\.part)
        let more = Set(times.flatMap { $0.flatMap { $0.image.map(\.part) } }).subtracting(parts).sorted()
        for part in ["VAE encode"] + parts + more + ["question"] {
            let cells = times.map { rounds in
                let seconds = rounds.map { time in
                    switch part {
                    case "VAE encode": time.encoding
                    case "question": time.question
                    default: time.image.first { $0.part == part }?.seconds ?? 0
                    }
                }
                return String(format: "%.3f", seconds.median)
            }
            print("| \(part) | " + cells.joined(separator: " | ") + " |")
        }
    }

    /// A profile by BASE+CHANGES.
    static func profile(_ text: String) throws -> AccelerationProfile {
        let parts = text.split(separator: "+", maxSplits: 1).map(String.init)
        var profile = try AccelerationProfile.named(parts[0])
        for change in parts.dropFirst().first?.split(separator: ";") ?? [] {
            let sides = change.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard sides.count == 2 else { throw ValidationError("\"\(change)\" is no FIELD=VALUE.") }
            profile = try profile.setting(sides[0], to: sides[1])
        }
        return profile
    }

    /// Processes that wanted to run in the last minute.
    static var load: String {
        (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)).flatMap {
            $0.split(separator: " ").first.map(String.init)
        }
            ?? "unknown"
    }
}

extension Precision: ExpressibleByArgument {}
