import FlashU
import FlashUTesting
import Foundation
import Testing

@Suite("flashu analyze") struct AnalyzeTests {
    static let few = ["analyze", "-m", Golden.shapes.path, "--samples", "2", "--precision", "f32"]

    func analysis(_ json: Data) throws -> ModelAnalysis {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ModelAnalysis.self, from: json)
    }

    @Test("Writes the page and the numbers; what it prints are sentences of them")
    func writes() throws {
        let place = try Workplace()
        let run = try CommandRun.flashu(
            Self.few + ["-o", "r.html", "--json", "r.json", "--layer", "3"], in: place.results)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        #expect(place.leftovers == ["r.html", "r.json"])
        #expect(run.output.split(separator: "\n").count == 5 && run.output.contains("r.html"))
        let html = try String(contentsOf: place.results.appendingPathComponent("r.html"), encoding: .utf8)
        #expect(html.hasPrefix("<!doctype html>") && html.utf8.count < 500_000 && !html.contains("<script"))

        let data = try Data(contentsOf: place.results.appendingPathComponent("r.json"))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(Set(object.keys) == ["settings", "neurons", "layers", "tokens"])
        let analysis = try analysis(data)
        #expect(analysis.settings.prompts == 2 && analysis.settings.images == 2 && analysis.settings.precision == "f32")
        #expect(analysis.neurons.map(\.score) == [.wanda, .reconstruction])
        for overlap in analysis.neurons {
            #expect(overlap.width == 640 && overlap.critical == 128 && overlap.layers.count == 8)
            for layer in overlap.layers {
                #expect(abs(layer.both + layer.generationOnly + layer.understandingOnly + layer.neither - 1) < 1e-9)
                #expect(abs(layer.both + layer.generationOnly - 0.2) < 1e-9)
                #expect(layer.edges.count == layer.generation.count + 1)
            }
        }
        // 30 points of the model's own grid are 29 evaluations.
        #expect(analysis.layers.times.count == 29 && analysis.layers.generation.count == 29)
        #expect(analysis.layers.generation.allSatisfy { $0.count == 8 && $0.allSatisfy { $0 > -1 && $0 <= 1 } })
        #expect(analysis.layers.understanding.count == 8)
        #expect(analysis.tokens.layer == 3 && analysis.tokens.layers.count == 8 && analysis.tokens.points.count == 128)
        #expect(analysis.tokens.layers.allSatisfy { ($0.spearman ?? 0) != 0 && abs($0.spearman ?? 2) <= 1 })
    }

    @Test("--json - prints the object alone; the seed makes the noise, threads make no difference")
    func standardOutput() throws {
        let place = try Workplace()
        func numbers(_ more: String...) throws -> ModelAnalysis {
            let run = try CommandRun.flashu(Self.few + ["--samples", "1", "--json", "-"] + more, in: place.results)
            #expect(run.status == 0, "\(run.errors)")
            return try analysis(Data(run.output.utf8))
        }
        let one = try numbers("-t", "1")
        #expect(place.leftovers == ["analysis.html"])
        #expect(try numbers("-t", "3") == one)
        let other = try numbers("--seed", "9", "--critical", "0.5")
        #expect(other.layers.generation != one.layers.generation)
        #expect(other.layers.understanding == one.layers.understanding)
        #expect(other.neurons[0].critical == 320)
    }

    @Test("--calibration names the scores")
    func otherCalibration() throws {
        let place = try Workplace()
        let folder = try place.model(Golden.shapes, without: [Calibration.fileName])
        let arguments = ["analyze", "-m", folder.path, "--samples", "1"]
        expectRefusal(try CommandRun.flashu(arguments, in: place.results), place, "flashu calibrate")
        let file = Golden.shapes.appendingPathComponent(Calibration.fileName).path
        let run = try CommandRun.flashu(arguments + ["--calibration", file], in: place.results)
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("What can't be analyzed ends in one line, and nothing is written")
    func refusals() throws {
        let place = try Workplace()
        func refused(_ more: String...) throws -> CommandRun {
            try CommandRun.flashu(Self.few + more, in: place.results)
        }
        expectRefusal(try refused("--critical", "1"), place, "--critical", usage: true)
        expectRefusal(try refused("--critical", "nan"), place, "--critical", usage: true)
        expectRefusal(try refused("--layer", "-1"), place, "--layer", usage: true)
        expectRefusal(try refused("--samples", "0"), place, "--samples", usage: true)
        expectRefusal(try refused("--layer", "8"), place, "layers 0 to 7")
        expectRefusal(try refused("-o", "no/such/r.html"), place, "does not exist")
        expectRefusal(try refused("--json", "no/such/r.json"), place, "does not exist")
        expectRefusal(try refused("-o", "r", "--json", "r"), place, "both name")
        expectRefusal(try refused("--prompts", "nosuch.txt"), place, "--prompts")
        expectRefusal(try refused("--images", "nosuch.jsonl"), place, "--images")
        expectRefusal(try refused("--calibration", "nosuch.safetensors"), place, "does not exist")
        // The VAE's file is no calibration.
        let file = Golden.shapes.appendingPathComponent("vae.safetensors").path
        expectRefusal(try refused("--calibration", file), place, "calibrat")
    }

    @Test("Ctrl-C leaves nothing behind")
    func interrupted() throws {
        let place = try Workplace()
        let prompts = place.folder.appendingPathComponent("prompts.txt")
        try Data(String(repeating: "a photo of a red circle\n", count: 2000).utf8).write(to: prompts)
        let run = try place.run(
            "analyze", "-m", Golden.shapes.path, "--samples", "2000", "--prompts", prompts.path
        ) { pid in
            usleep(2_500_000)
            kill(pid, SIGINT)
        }
        #expect(run.status == 130 && run.errorLines.count == 1, "\(run)")
        #expect(place.leftovers == [])
    }
}
