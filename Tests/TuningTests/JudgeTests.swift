import Compute
import Evaluation
import FlashU
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Tensors
import Testing
import Tuning

@Suite("Judges without labels") struct JudgeTests {
    @Test("A caption asks for what the set's own description of it says")
    func captions() throws {
        for prompt in try ShapesSet(folder: ShapesModel.folder.appendingPathComponent("eval")).prompts() {
            let read = try #require(ShapesCaption.demands(prompt.prompt), "\(prompt.prompt)")
            #expect(read.include == prompt.include && read.background == prompt.background, "\(prompt.prompt)")
            #expect((ShapesPrompt.questions(on: prompt.prompt)?.count ?? 0) > 1)
        }
        for other in ["a cat on a sofa", "", "a photo of a red", "two circle", "a red circle on a mauve background"] {
            #expect(ShapesPrompt.questions(on: other) == nil, "\(other)")
        }
        let questions = try #require(ShapesPrompt.questions(on: "an orange circle right of a pink heart"))
        #expect(questions.contains { $0 == ("is the circle right of the heart?", "yes") })
        #expect(questions.contains { $0 == ("what color is the heart?", "pink") })
    }

    @Test("The model finds in its images what it was asked to draw, and nothing else")
    func alignment() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let judge = DrawingJudge(model)
        let drawn = try await judge.draw("a photo of two red circles", seed: 3, .off)
        let right = try await judge.view(drawn.latents, of: "a photo of two red circles").alignment
        let wrong = try await judge.view(drawn.latents, of: "a photo of three red circles").alignment
        let other = try await judge.view(drawn.latents, of: "a photo of a blue star").alignment
        #expect(try #require(right) > 0.9 && #require(wrong) < 0.1 && #require(other) < 0.1)
        // Through pixels as well.
        let image = try await TextToImage(model).decoded(drawn.latents)
        #expect(try await #require(judge.view(image, of: "a photo of two red circles").alignment) > 0.8)
    }

    @Test("Without an alignment that says something, what differs counts")
    func blindness() throws {
        #expect(DrawingLoss.isBlind([0, 0.03, 0]) && !DrawingLoss.isBlind([0, 0.3, 0]) && !DrawingLoss.isBlind([]))
        let told = """
            {"latentError": 0.4, "semanticDistance": 0.01, "patchDistance": 0.04, "exactAlignment": 0, "alignment": 0,
            "exactInconsistency": 0.5, "inconsistency": 0.4}
            """
        var loss = try JSONDecoder().decode(DrawingLoss.self, from: Data(told.utf8))
        #expect(loss.points == 0 && loss.blindPoints == 16)
        loss.inconsistency = 0.6
        #expect(try abs(#require(loss.blindPoints) - 20) < 1e-9)
        // Of the fifth gained a tenth costs nothing where the alignment says something; half of what an image shows its prompt better pays for another that
        // shows it worse, not for what is unfinished.
        func isAbout(_ value: Double?, _ expected: Double) -> Bool { value.map { abs($0 - expected) < 1e-9 } ?? false }
        #expect(isAbout(loss.points, 2) && isAbout(loss.unfinishedPoints, 2))
        var (better, worse) = (loss, loss)
        (worse.exactAlignment, worse.alignment) = (0.9, 0.5)
        (better.exactAlignment, better.alignment) = (0.2, 0.8)
        #expect(isAbout(worse.points, 42) && isAbout(better.points, -28))
        #expect(isAbout(DrawingLoss.points(of: [better, worse]), 7))
        #expect(isAbout(DrawingLoss.points(of: [better, better, worse]), 2))
        let samples = [better, worse, better].map {
            Measured(loss: $0.points ?? .nan, leastLoss: $0.unfinishedPoints ?? .nan, seconds: 1, flops: 1, drawing: $0)
        }
        func trial(_ count: Int) -> Trial { Trial(candidate: .exact(.f32), samples: Array(samples.prefix(count))) }
        #expect(isAbout(trial(2).meanLoss, 7) && isAbout(trial(3).meanLoss, 2))
        #expect(isAbout(trial(3).loss.mean, 2) && trial(3).loss.low >= 0 && trial(3).loss.high > 2)
        loss.inconsistency = nil
        #expect(loss.blindPoints == nil)
    }

    @Test("The exact engine loses nothing against itself, a damaged image much")
    func drawings() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let report = try await Judge(model).drawings(["a photo of a red circle", "a green star"], .off)
        #expect(report.latentError.mean == 0 && report.patchDistance.mean < 1e-6 && report.alignmentLoss?.mean == 0)
        let few = try AccelerationProfile.off.setting("schedule.stepsFactor", to: "0.1")
        let worse = try await Judge(model).drawings(["a photo of a red circle", "a green star"], few)
        #expect(worse.latentError.mean > 0.1 && worse.patchDistance.mean > 1e-3)
        #expect(report.inconsistencyGained?.mean == 0 && worse.inconsistencyGained?.mean ?? 0 > 0.2)
    }

    @Test("An answer counts as changed exactly when the greedy answer is another one", arguments: ["off", "paper"])
    func answers(name: String) async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let (set, profile) = (
            ShapesSet(folder: ShapesModel.folder.appendingPathComponent("eval")), try AccelerationProfile.named(name)
        )
        let asked = try set.questions().prefix(60).map {
            ModelCalibration.Question(image: $0.image, question: $0.question)
        }
        let report = try await Judge(model).answers(asked, folder: set.folder, profile)
        var (changed, expected) = (0, 0)
        for sample in report.samples {
            let image = try RGBImage(contentsOf: set.folder.appendingPathComponent(sample.image))
            let own = try await ImageQuestion(model).answers(
                .init(image: image, questions: [sample.question], profile: profile))
            #expect((own[0].text != sample.answer) == sample.loss.isChanged, "\(sample.question)")
            changed += sample.loss.isChanged ? 1 : 0
            expected += 1
        }
        #expect(expected == 60 && (name == "off" ? changed == 0 : changed > 5))
        #expect(abs(report.same.mean - (1 - Double(changed) / 60)) < 1e-9)
        if name == "off" { #expect(report.divergence.mean < 1e-6 && report.regret.mean == 0) }
    }

    @Test("Scored offline, the reference's own schedule ends where the reference did")
    func offline() async throws {
        let model = try await UnifiedModel.load(ShapesModel.folder, threads: 2)
        let trajectory = try await TextToImage(model).trajectory(.init(prompt: "a photo of a red circle", seed: 5))
        #expect(trajectory.states.count == model.geometry.sampling.steps - 1)
        let judge = DrawingJudge(model)
        let reference = Reference(
            view: try await judge.view(trajectory.drawn.latents, of: nil), seconds: 1, flops: 1,
            states: trajectory.states)
        // And after a way through a file.
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        try reference.write(to: file)
        let read = try #require(Reference(file: file))
        let (points, shift) = (model.geometry.sampling.steps, model.geometry.sampling.timeShift)
        let offline = try #require(OfflineSchedule(read, timeShift: shift, layers: 8, magnitude: nil))
        let own = try offline.score(.off, points: points)
        #expect(own.error < 1e-5 && own.computed == points - 1)
        let fewer = try offline.score(.off, points: 8)
        #expect(fewer.error > 0.01 && fewer.error < 0.5 && fewer.computed == 7)
        // It ranks as whole runs do: more points are nearer.
        #expect(try offline.score(.off, points: 16).error < fewer.error)
        var cached = AccelerationProfile.off
        (cached.headCache.interval, cached.headCache.warmup) = (3, 2)
        let reused = try offline.score(cached, points: points)
        #expect(reused.computed < points / 2 && reused.error > own.error)
    }
}
