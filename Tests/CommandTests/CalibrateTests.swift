import FlashU
import FlashUTesting
import Foundation
import Tensors
import Testing

@Suite("flashu calibrate") struct CalibrateTests {
    /// A copy of the shapes model without its calibration.
    func model(_ place: Workplace) throws -> URL {
        let folder = place.results.appendingPathComponent("model")
        try FileManager.default.copyItem(at: Golden.shapes, to: folder)
        try FileManager.default.removeItem(at: folder.appendingPathComponent(Calibration.fileName))
        return folder
    }

    @Test("Measures both tasks, and again only one of them; profiles that need it work afterwards")
    func calibrates() throws {
        let place = try Workplace()
        let folder = try model(place)
        let draw = ["generate", "a star", "-m", folder.path, "--steps", "5", "-o", "a.png", "--accelerate", "paper"]
        let before = try CommandRun.flashu(draw, in: place.results)
        #expect(before.status == 1 && before.errors.contains("flashu calibrate"))

        let arguments = ["calibrate", "-m", folder.path, "--samples", "2", "--precision", "f32"]
        #expect(try CommandRun.flashu(arguments, in: place.results).status == 0)
        let both = try #require(try Calibration(folder: folder, layers: 8, neurons: 640))
        #expect(Set(both.scores.keys) == [.generation, .understanding])
        for scores in both.scores.values {
            #expect(scores.wanda.allSatisfy { $0.allSatisfy { $0.isFinite && $0 > 0 } })
            // The same activations, another norm of the weight's column: sum of magnitudes is never below the root of squares.
            #expect(zip(scores.wanda, scores.reconstruction).allSatisfy { zip($0, $1).allSatisfy { $0 >= $1 } })
            #expect(scores.layers.count == 8 && scores.layers.allSatisfy { $0 > 0 && $0 < 2 })
        }
        #expect(both.scores[.generation]?.normAttention == nil)
        let correlations = try #require(both.scores[.understanding]?.normAttention)
        #expect(correlations.count == 8 && correlations.allSatisfy { $0 != 0 && abs($0) < 1 })
        #expect(try CommandRun.flashu(draw, in: place.results).status == 0)

        #expect(
            try CommandRun.flashu(arguments + ["--task", "understanding", "--samples", "1"], in: place.results).status
                == 0)
        let again = try #require(try Calibration(folder: folder, layers: 8, neurons: 640))
        #expect(again.scores[.generation]?.wanda == both.scores[.generation]?.wanda)
        #expect(again.scores[.understanding]?.wanda != both.scores[.understanding]?.wanda)
    }

    @Test("A calibration without attention does not choose tokens; it does everything else")
    func calibrationOfOld() throws {
        let place = try Workplace()
        let folder = try model(place)
        var old = try #require(try Calibration(folder: Golden.shapes, layers: 8, neurons: 640))
        old.scores[.understanding]?.normAttention = nil
        try old.write(to: folder)
        let image = Golden.shapes.appendingPathComponent("eval/images/000.png").path
        let ask = ["ask", image, "how many squares are there?", "-m", folder.path, "--accelerate"]
        let balanced = try CommandRun.flashu(
            ask + ["tokens.dropRatio=0.5; tokens.selection=calibrated"], in: place.results)
        #expect(balanced.status == 1 && balanced.errors.contains("flashu calibrate"), "\(balanced)")
        #expect(try CommandRun.flashu(ask + ["paper"], in: place.results).status == 0)
    }

    @Test("Bad lists end in one line and leave the calibration alone")
    func refusals() throws {
        let place = try Workplace()
        let folder = try model(place)
        let list = place.results.appendingPathComponent("list.jsonl")
        try Data("{\"image\": 3}\n".utf8).write(to: list)
        for arguments in [["--prompts", "nosuch.txt"], ["--images", list.path], ["--images", "nosuch.jsonl"]] {
            let run = try CommandRun.flashu(["calibrate", "-m", folder.path] + arguments, in: place.results)
            #expect(run.status == 1 && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent(Calibration.fileName).path))
    }
}
