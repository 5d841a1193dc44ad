import Benchmarking
import Compute
import FlashUTesting
import Foundation
import ShowO2
import Testing

/// `flashu bench` as a process.
@Suite("bench") struct BenchTests {
    static func rows(_ arguments: String...) throws -> [BenchRow] {
        let place = try Workplace()
        let run = try CommandRun.flashu(["bench", "-o", "json"] + arguments, in: place.results)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        #expect(place.leftovers == [])
        return try JSONDecoder().decode([BenchRow].self, from: Data(run.output.utf8))
    }

    @Test("JSON: every part with its seconds, operations and share; parts add up to the whole")
    func json() throws {
        let rows = try Self.rows("--geometry", "shapes", "-r", "2", "--steps", "4", "-t", "2")
        for row in rows {
            #expect(row.model == "shapes" && row.precision == "bf16" && row.threads == 2, "\(row)")
            #expect(row.seconds > 0 && row.least <= row.seconds && row.seconds <= row.most, "\(row)")
            #expect(abs(row.rate - Double(row.flops) / row.seconds) <= 1e-6 * row.rate, "\(row)")
            #expect(row.limitRate > 0 || row.flops == 0, "\(row)")
            #expect(abs(row.share - (row.flops == 0 ? 0 : row.rate / row.limitRate)) <= 1e-6 * row.share, "\(row)")
            #expect(row.peakBytes > 10_000_000, "\(row)")
        }
        let generation = rows.filter { $0.task == "generation" }
        let names = generation.map(\.name)
        let parts = [
            "semantic encoder", "fusion", "LLM attention", "LLM FFN", "diffusion head", "final layer",
            "guidance and rest",
        ]
        #expect(names == ["evaluation (dense)", "prompt"] + parts + ["VAE decode", "image"])
        let flops = { (wanted: [String]) in generation.filter { wanted.contains($0.name) }.reduce(0) { $0 + $1.flops } }
        #expect(generation.first?.count == 3)
        #expect(flops(parts) == 3 * flops(["evaluation (dense)"]))
        #expect(flops(["image"]) == flops(parts + ["prompt", "VAE decode"]))

        let understanding = rows.filter { $0.task == "understanding" }
        #expect(
            understanding.map(\.name).filter { $0 != "guidance and rest" } == [
                "VAE encode", "semantic encoder", "fusion", "LLM attention", "LLM FFN", "image read", "question",
                "first token", "token", "answer of 16 tokens",
            ])
        #expect(understanding.map(\.limit.rawValue).count { $0 == "memory" } == 1)
        #expect(rows.filter { $0.task == "vae" }.map(\.name) == ["VAE decode 128 x 128", "VAE encode 128 x 128"])
    }

    @Test("Understanding under a profile: fewer operations, and the choice of tokens is a part")
    func understandingProfile() throws {
        let place = try Workplace()
        func rows(_ more: [String]) throws -> [BenchRow] {
            let arguments =
                ["--task", "understanding", "-r", "1", "--text-tokens", "40", "--answer-tokens", "5"] + more
            let run = try CommandRun.flashu(["bench", "-o", "json"] + arguments, in: place.results)
            #expect(run.status == 0 && run.errors == "", "\(run)")
            return try JSONDecoder().decode([BenchRow].self, from: Data(run.output.utf8))
        }
        let fields = ["tokens.place=encoder", "tokens.selection=divPrune", "layers.understandingChoice=calibration"]
        let profiles = [
            [], ["--accelerate", "paper"], ["--accelerate", "paper"] + fields.flatMap { ["--set", $0] },
        ]
        let runs = try profiles.map(rows)
        for (run, next) in zip(runs, runs.dropFirst()) {
            for name in ["image read", "question", "answer of 5 tokens"] {
                let flops = [run, next].map { rows in rows.first { $0.name == name }?.flops ?? 0 }
                #expect(flops[0] > flops[1] && flops[1] > 0, "\(name)")
            }
        }
        #expect(runs.map { $0.contains { $0.name == "choice of tokens" } } == [false, true, true])
        for wrong in [["--text-tokens", "0"], ["--answer-tokens", "5000"]] {
            let run = try CommandRun.flashu(["bench"] + wrong, in: place.results)
            #expect(run.status != 0 && run.errors.contains("must be between 1 and 4096"))
        }
        #expect(place.leftovers == [])
    }

    @Test("A profile: each kind of evaluation is measured and counted; --full runs them all")
    func profile() throws {
        let arguments = ["--task", "generation", "--accelerate", "paper", "--steps", "31", "-r", "1"]
        let place = try Workplace()
        let kinds = try CommandRun.flashu(["bench", "-o", "json"] + arguments, in: place.results)
        let rows = try JSONDecoder().decode([BenchRow].self, from: Data(kinds.output.utf8))
        let evaluations = rows.filter { $0.name.hasPrefix("evaluation") }
        #expect(evaluations.reduce(0) { $0 + $1.count } == 30)
        #expect(evaluations.contains { $0.name.contains("cached head") })
        #expect(evaluations.contains { $0.name.contains("skips 1 layers, pruned FFN") })
        let full = try CommandRun.flashu(["bench", "-o", "json", "--full"] + arguments, in: place.results)
        let all = try JSONDecoder().decode([BenchRow].self, from: Data(full.output.utf8))
        let flops = { (rows: [BenchRow], name: String) in rows.first { $0.name == name }?.flops ?? 0 }
        #expect(!all.contains { $0.name.hasPrefix("evaluation") })
        for name in ["LLM FFN", "diffusion head", "final layer", "image"] {
            #expect(flops(all, name) > 0 && flops(all, name) == flops(rows, name), "\(name)")
        }
    }

    @Test("Markdown: a table for each task; a folder's model, with its tokenizer")
    func markdown() throws {
        let place = try Workplace()
        let run = try place.run(
            "bench", "-m", Golden.shapes.path, "-r", "1", "--steps", "2", "--precision", "f32", "-t", "1")
        #expect(run.status == 0 && run.errors == "", "\(run)")
        for words in [
            "| generation | seconds", "| understanding |", "| vae |", "tokenizer", "f32, 1 threads", "products in f32",
        ] {
            #expect(run.output.contains(words), "\(words)")
        }
        #expect(
            run.output.split(separator: "\n").allSatisfy { !$0.hasPrefix("|") || $0.filter { $0 == "|" }.count == 6 })
    }

    @Test(
        "Bad options",
        arguments: [
            (["--geometry", "show-o3"], "show-o2-7b"), (["--geometry", "shapes", "-m", "x"], "not both"),
            (["-r", "0"], "--repeats"), (["-t", "0"], "--threads"), (["--steps", "1"], "--steps"),
            (["--task", "vae", "--size", "100"], "--size"), (["--size", "128"], "--task vae"),
            (["--task", "vae", "--full"], "generation"), (["-o", "xml"], "json"), (["--task", "all-of-it"], "vae"),
            (["--precision", "f64"], "bf16"), (["--set", "x"], "--set"),
        ])
    func badOptions(arguments: [String], word: String) throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(["bench"] + arguments, in: place.results)
        expectRefusal(run, place, word, usage: true)
    }

    @Test("A folder that is none, a profile that is none: one line")
    func missing() throws {
        let place = try Workplace()
        expectRefusal(try place.run("bench", "-m", "nowhere"), place, "nowhere")
        expectRefusal(try place.run("bench", "--accelerate", "warp"), place, "warp")
        expectRefusal(
            try place.run("bench", "--geometry", "shapes", "--set", "tokens.layer=99", "--set", "tokens.dropRatio=0.5"),
            place, "tokens.layer")
    }

    @Test("Weights that do not fit are refused before they are made")
    func memory() throws {
        let large = try #require(BenchSubject.geometries["show-o2-7b"])
        try BenchSubject.check(memory: 22_000_000_000, for: large, .bf16)
        #expect(throws: BenchFailure.self) { try BenchSubject.check(memory: 22_000_000_000, for: large, .f32) }
        do {
            try BenchSubject.check(memory: 22_000_000_000, for: large, .f32)
        } catch {
            #expect("\(error)".hasPrefix("show-o2-7b at f32 needs about 3"))
            #expect("\(error)".hasSuffix("22.0 GB are free; try --precision bf16"))
        }
        #expect(throws: BenchFailure.self) { try BenchSubject.check(memory: 8_000_000_000, for: large, .bf16) }
    }
}
