package import Compute
package import FlashU
package import Foundation
import Images
import Pipelines
import ShowO2
package import Tensors
import Videos

/// Candidates on questions; a sample is an image or a video with all of its questions.
package actor AnswerTrials: Trials {
    package nonisolated let task = Calibration.Task.understanding
    package nonisolated let judge = "regret"
    /// The VAE's seconds are among a candidate's own: they depend on the size at which it reads, and on what it reuses.
    package nonisolated let constantSeconds = 0.0
    private let models: TuneModels
    private let exactPrecision: Precision
    private let samples: [SampleSet: [Sample]]
    private let frames: Int
    private let maxTokens: Int
    private var references: [SampleSet: [Reference]] = [:]
    /// The least that the VAE took for an image, by size.
    private var vaeSeconds: [ReadingSize: Double] = [:]
    /// Bytes of videos' frames that may still be kept.
    private var room: Int

    /// An image or a video and its questions.
    package struct Sample: Sendable {
        package let source: Source
        package let questions: [String]

        package init(_ source: Source, questions: [String]) { (self.source, self.questions) = (source, questions) }
    }

    /// Where it comes from.
    package enum Source: Sendable {
        case image(URL)
        /// An image as latents `[1, channels, height, width]`.
        case latents(Tensor)
        case video(URL)

        /// What to call it.
        var name: String {
            switch self {
            case .image(let file), .video(let file): file.lastPathComponent
            case .latents: "a drawing"
            }
        }
    }

    private struct Reference {
        /// Of an image, by the size at which it is read.
        var latents: [ReadingSize: Tensor] = [:]
        /// Of a video, if there was room.
        var frames: StoredFrames?
        var answers: [AnswerReference] = []
        var seconds = 0.0
        var flops = 0
    }

    /// - Parameters:
    ///   - frames: of a video.
    ///   - room: bytes of videos' frames to keep at most; those of others are read again each time.
    package init(
        _ models: TuneModels, exact precision: Precision, samples: [SampleSet: [Sample]], frames: Int = 32,
        maxTokens: Int, room: Int
    ) {
        (self.models, exactPrecision, self.samples, self.frames) = (models, precision, samples, frames)
        (self.maxTokens, self.room) = (maxTokens, room)
    }

    package nonisolated func count(_ set: SampleSet) -> Int { samples[set]?.count ?? 0 }

    package nonisolated func check(_ profile: AccelerationProfile) throws {
        try models.folder.check(profile, for: task)
    }

    package func prepare(_ set: SampleSet, count: Int) async throws {
        let samples = (samples[set] ?? []).prefix(count)
        for sample in samples.dropFirst(references[set]?.count ?? 0) {
            let judge = AnswerJudge(try await models.model(exactPrecision), maxTokens: maxTokens)
            var reference = Reference()
            let read = try await read(sample, .off, &reference)
            reference.answers = try await judge.references(read.piece, sample.questions)
            // Led along its own answers, so that seconds compare.
            let own = try await judge.losses(read.piece, sample.questions, reference.answers, .off)
            (reference.seconds, reference.flops) = Self.cost(own, read.vae)
            references[set, default: []].append(reference)
        }
    }

    package func exact(_ set: SampleSet, _ index: Int) async throws -> Measured {
        guard let reference = references[set], reference.indices.contains(index) else { throw CancellationError() }
        return Measured(loss: 0, seconds: reference[index].seconds, flops: reference[index].flops)
    }

    package func exactSecondsNow(_ set: SampleSet, _ index: Int) async throws -> Double {
        let judge = AnswerJudge(try await models.model(exactPrecision), maxTokens: maxTokens)
        guard let (sample, answers, read) = try await read(set, index, .off) else { throw CancellationError() }
        let own = try await judge.losses(read.piece, sample.questions, answers, .off)
        return Self.cost(own, read.vae).seconds
    }

    package func run(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) async throws -> [Measured] {
        let profile = try candidate.profile()
        let judge = AnswerJudge(try await models.model(candidate.precision), maxTokens: maxTokens)
        var measured: [Measured] = []
        for index in indices {
            guard let (sample, answers, read) = try await read(set, index, profile) else { continue }
            let answered = try await judge.losses(read.piece, sample.questions, answers, profile)
            func mean(_ value: (AnswerLoss) -> Double) -> Double { Self.mean(answered.map { value($0.loss) }) }
            let loss = AnswerLoss(
                divergence: mean(\.divergence), variation: mean(\.variation), changedTokens: mean(\.changedTokens),
                isChanged: answered.contains { $0.loss.isChanged }, regret: mean(\.regret))
            let cost = Self.cost(answered, read.vae)
            measured.append(
                Measured(
                    loss: 100 * loss.regret, seconds: cost.seconds, flops: cost.flops, answer: loss,
                    items: answered.count))
        }
        return measured
    }

    /// The questions whose answers a candidate changes, for the page.
    func changed(_ candidate: Candidate, _ set: SampleSet, count: Int) async throws -> [ChangedAnswer] {
        let profile = try candidate.profile()
        let reader = try await models.model(candidate.precision)
        var changed: [ChangedAnswer] = []
        for index in (references[set] ?? []).indices {
            guard let (sample, references, read) = try await read(set, index, profile) else { continue }
            let answers = try await ImageQuestion(reader).answers(
                .init(
                    sources: [read.piece], questions: sample.questions.map { .text($0) }, maxTokens: maxTokens,
                    profile: profile))
            for (place, answer) in answers.enumerated() where answer.text != references[place].text {
                changed.append(
                    ChangedAnswer(
                        image: sample.source.name, question: sample.questions[place], exact: references[place].text,
                        answer: answer.text))
            }
            if changed.count >= count { break }
        }
        return Array(changed.prefix(count))
    }

    // MARK: What is read

    private func size(_ profile: AccelerationProfile) -> ReadingSize {
        models.folder.geometry.reading(at: profile.reading.scale)
    }

    /// A sample that has its reference, as a profile reads it.
    private func read(_ set: SampleSet, _ index: Int, _ profile: AccelerationProfile) async throws -> (
        sample: Sample, answers: [AnswerReference], read: (piece: PromptPiece, vae: Double)
    )? {
        guard var reference = references[set]?[index], let sample = samples[set]?[index] else { return nil }
        let read = try await read(sample, profile, &reference)
        references[set]?[index] = reference
        return (sample, reference.answers, read)
    }

    /// What of a sample is read, and the VAE's seconds for each question, where they were spent already: images pass it once, videos each time.
    private func read(_ sample: Sample, _ profile: AccelerationProfile, _ reference: inout Reference) async throws -> (
        piece: PromptPiece, vae: Double
    ) {
        if case .video(let file) = sample.source {
            return (.video(try await frames(of: file, &reference)), 0)
        }
        let size = size(profile)
        let latents: Tensor
        if let known = reference.latents[size] {
            latents = known
        } else {
            latents = try await self.latents(of: sample.source, at: profile.reading.scale)
            reference.latents[size] = latents
        }
        // What the model drew itself is no file that would pass the VAE.
        guard case .image = sample.source else { return (.latents(latents), 0) }
        return (.latents(latents), (vaeSeconds[size] ?? 0) / Double(max(1, sample.questions.count)))
    }

    private func latents(of source: Source, at scale: Double) async throws -> Tensor {
        let model = try await models.model(exactPrecision)
        let image: RGBImage
        switch source {
        case .image(let file): image = try RGBImage(contentsOf: file)
        case .latents(let given):
            guard scale != 1 else { return given }
            image = try await TextToImage(model).decoded(given.reshaped(Array(given.shape.dropFirst())))
        case .video: preconditionFailure("a video is read frame by frame")
        }
        let start = ContinuousClock.now
        let latents = try await ImageQuestion(model).latents(of: image, scale: scale)
        if case .image = source {
            let size = model.geometry.reading(at: scale)
            vaeSeconds[size] = min(vaeSeconds[size] ?? .infinity, (ContinuousClock.now - start).inSeconds)
        }
        return latents
    }

    private func frames(of file: URL, _ reference: inout Reference) async throws -> any FrameSource {
        if let known = reference.frames { return known }
        let (width, height) = models.folder.geometry.readingSize
        let video = try await VideoReader().frames(of: file, count: frames, width: width, height: height)
        var all: [RGBImage] = []
        for index in 0..<video.count { all.append(try await video.image(index)) }
        let stored = try StoredFrames(all, picture: video.picture)
        let bytes = 3 * width * height * all.count
        if bytes <= room {
            room -= bytes
            reference.frames = stored
        }
        return stored
    }

    /// Of a question, with the VAE's seconds that were spent before.
    private static func cost(_ answered: [AnswerJudge.Answered], _ vae: Double) -> (seconds: Double, flops: Int) {
        (mean(answered.map(\.seconds)) + vae, Int(mean(answered.map { Double($0.flops) })))
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
}

/// A question that is answered otherwise.
package struct ChangedAnswer: Sendable, Codable {
    package var image: String
    package var question: String
    package var exact: String
    package var answer: String
}
