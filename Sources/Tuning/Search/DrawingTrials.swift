package import Compute
package import FlashU
package import Foundation
import Images
import Pipelines
import ShowO2
import Tensors

/// Candidates on prompts.
package actor DrawingTrials: Trials {
    package nonisolated let task = Calibration.Task.generation
    private let models: TuneModels
    private let exactPrecision: Precision
    private let prompts: [SampleSet: [Sample]]
    private let folder: URL
    private var references: [SampleSet: [Reference]] = [:]
    /// Bytes of states that may still be kept.
    private var room: Int
    package private(set) var constantSeconds = 0.0
    /// What candidates drew of the verdict's first prompts, for the sheet.
    private var drawn: [String: [Int: Tensor]] = [:]
    /// Rows of the sheet at most.
    private static let sheetRows = 4

    /// A prompt and its noise.
    package struct Sample: Sendable {
        package let prompt: String
        package let seed: UInt64
    }

    /// - Parameters:
    ///   - folder: keeps references.
    ///   - room: bytes of states to keep at most.
    package init(
        _ models: TuneModels, exact precision: Precision, prompts: [SampleSet: [Sample]], folder: URL, room: Int
    ) {
        (self.models, exactPrecision, self.prompts, self.folder, self.room) = (models, precision, prompts, folder, room)
    }

    package nonisolated func count(_ set: SampleSet) -> Int { prompts[set]?.count ?? 0 }

    package nonisolated func check(_ profile: AccelerationProfile) throws {
        try models.folder.check(profile, for: task)
    }

    package func prepare(_ set: SampleSet, count: Int) async throws {
        let samples = (prompts[set] ?? []).prefix(count)
        for index in (references[set]?.count ?? 0)..<max(samples.count, references[set]?.count ?? 0) {
            let file = folder.appendingPathComponent("\(set.rawValue)-\(index).safetensors")
            if let known = Reference(file: file) {
                references[set, default: []].append(known)
                continue
            }
            let model = try await models.model(exactPrecision)
            let trajectory = try await TextToImage(model).trajectory(
                .init(prompt: samples[index].prompt, seed: samples[index].seed))
            let drawn = trajectory.drawn
            let view = try await DrawingJudge(model).view(drawn.latents, of: samples[index].prompt)
            guard view.alignment != nil else {
                throw TuneError.unsuitable(
                    "the model can't be asked about the prompt \"\(samples[index].prompt)\"; geometry.json's alignment says how"
                )
            }
            // Schedules are scored on the search's references; the others need the image only.
            let bytes = trajectory.states.reduce(0) { $0 + 8 * $1.latents.count }
            let keeps = set == .search && bytes <= room
            if keeps { room -= bytes }
            let reference = Reference(
                view: view, seconds: drawn.timings.prefill + drawn.timings.denoising, flops: drawn.timings.flops,
                states: keeps ? trajectory.states : [])
            try reference.write(to: file)
            references[set, default: []].append(reference)
        }
        if constantSeconds == 0, let latents = references[set]?.first?.view.latents {
            let model = try await models.model(exactPrecision)
            let start = ContinuousClock.now
            _ = try await TextToImage(model).decoded(
                Tensor(latents, shape: model.geometry.latentShape(model.geometry.grid)))
            constantSeconds = (ContinuousClock.now - start).inSeconds
        }
    }

    /// Whether the model finds nothing of its prompts in its own exact images: what it finds in others says nothing then.
    private var isBlind: Bool {
        DrawingLoss.isBlind((references[.search] ?? []).compactMap(\.view.alignment))
    }

    package var judge: String { isBlind ? "patch distance and inconsistency" : "alignment and inconsistency" }

    package var note: String? {
        isBlind
            ? "asked, the model finds its prompts in none of its own exact images: drawings are judged by how much they differ, and little is "
                + "chosen; \(DrawingLoss.blindnessAdvice)"
            : nil
    }

    package func exact(_ set: SampleSet, _ index: Int) async throws -> Measured {
        guard let reference = references[set], reference.indices.contains(index) else { throw CancellationError() }
        return Measured(loss: 0, seconds: reference[index].seconds, flops: reference[index].flops)
    }

    package func exactSecondsNow(_ set: SampleSet, _ index: Int) async throws -> Double {
        guard let sample = prompts[set]?[index] else { throw CancellationError() }
        let judge = DrawingJudge(try await models.model(exactPrecision))
        return try await judge.draw(sample.prompt, seed: sample.seed, .off).seconds
    }

    package func run(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) async throws -> [Measured] {
        let profile = try candidate.profile()
        // All are drawn before any is looked at: one change of models.
        var drawn: [DrawingJudge.Drawing] = []
        let artist = try await models.model(candidate.precision)
        for index in indices {
            guard let sample = prompts[set]?[index] else { continue }
            drawn.append(try await DrawingJudge(artist).draw(sample.prompt, seed: sample.seed, profile))
        }
        let judge = DrawingJudge(try await models.model(exactPrecision))
        var measured: [Measured] = []
        for (image, index) in zip(drawn, indices) {
            guard let reference = references[set]?[index], let sample = prompts[set]?[index] else { continue }
            if set == .verdict, index < Self.sheetRows {
                self.drawn[candidate.title, default: [:]][index] = image.latents
            }
            let loss = try await judge.view(image.latents, of: sample.prompt).loss(against: reference.view)
            measured.append(
                Measured(
                    loss: (isBlind ? loss.blindPoints : loss.points) ?? .nan,
                    leastLoss: isBlind ? 0 : loss.unfinishedPoints ?? 0, seconds: image.seconds,
                    flops: image.flops, drawing: loss)
            )
        }
        return measured
    }

    /// References that have states.
    func trajectories() -> [Reference] { (references[.search] ?? []).filter { !$0.states.isEmpty } }
}

extension DrawingTrials {
    /// Some images side by side as a PNG: a row a prompt, the exact engine's first. What was drawn before is not drawn again.
    func sheet(_ candidates: [Candidate]) async throws -> Data? {
        let exact = (references[.verdict] ?? []).prefix(Self.sheetRows)
        let samples = (prompts[.verdict] ?? []).prefix(exact.count)
        guard !samples.isEmpty else { return nil }
        let shape = models.folder.geometry.latentShape(models.folder.geometry.grid)
        var columns = [exact.map { Tensor($0.view.latents, shape: shape) }]
        for candidate in candidates where candidate != .exact(exactPrecision) {
            var column: [Tensor] = []
            for (index, sample) in samples.enumerated() {
                if let known = drawn[candidate.title]?[index] {
                    column.append(known)
                    continue
                }
                let model = try await models.model(candidate.precision)
                column.append(
                    try await DrawingJudge(model).draw(sample.prompt, seed: sample.seed, candidate.profile()).latents)
            }
            columns.append(column)
        }
        let model = try await models.model(exactPrecision)
        var images: [RGBImage] = []
        for row in samples.indices {
            for column in columns { images.append(try await TextToImage(model).decoded(column[row])) }
        }
        return try ImageGrid.compose(images, columns: columns.count).pngData()
    }
}
