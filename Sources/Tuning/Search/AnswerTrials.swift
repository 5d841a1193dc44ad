package import Compute
package import FlashU
package import Foundation
import Images
import Pipelines
import ShowO2
package import Tensors

/// Candidates on questions; a sample is an image with all of its questions.
package actor AnswerTrials: Trials {
    package nonisolated let task = Calibration.Task.understanding
    package nonisolated let judge = "regret"
    private let models: TuneModels
    private let exactPrecision: Precision
    private let images: [SampleSet: [Sample]]
    private let maxTokens: Int
    private var references: [SampleSet: [Reference]] = [:]
    package private(set) var constantSeconds = 0.0
    /// The least that the VAE took for an image, by size; of images that are given as latents it takes nothing.
    private var vaeSeconds: [ReadingSize: Double] = [:]

    /// An image and its questions.
    package struct Sample: Sendable {
        package let image: Source
        package let questions: [String]

        package init(image: Source, questions: [String]) { (self.image, self.questions) = (image, questions) }
    }

    /// Where an image comes from.
    package enum Source: Sendable {
        case file(URL)
        /// `[1, channels, height, width]`.
        case latents(Tensor)
    }

    private struct Reference {
        /// By the size at which the image is read.
        var latents: [ReadingSize: Tensor]
        let answers: [AnswerReference]
        let seconds: Double
        let flops: Int
    }

    package init(_ models: TuneModels, exact precision: Precision, images: [SampleSet: [Sample]], maxTokens: Int) {
        (self.models, exactPrecision, self.images, self.maxTokens) = (models, precision, images, maxTokens)
    }

    package nonisolated func count(_ set: SampleSet) -> Int { images[set]?.count ?? 0 }

    package nonisolated func check(_ profile: AccelerationProfile) throws {
        try models.folder.check(profile, for: task)
    }

    package func prepare(_ set: SampleSet, count: Int) async throws {
        let samples = (images[set] ?? []).prefix(count)
        for index in (references[set]?.count ?? 0)..<max(samples.count, references[set]?.count ?? 0) {
            let (sample, model) = (samples[index], try await models.model(exactPrecision))
            let latents = try await latents(of: sample, scale: 1)
            let judge = AnswerJudge(model, maxTokens: maxTokens)
            let answers = try await judge.references(latents, sample.questions)
            // Led along its own answers, so that seconds compare.
            let own = try await judge.losses(latents, sample.questions, answers, .off)
            references[set, default: []].append(
                Reference(
                    latents: [size(1): latents], answers: answers, seconds: Self.mean(own.map(\.seconds)),
                    flops: Int(Self.mean(own.map { Double($0.flops) }))))
            let constant = (vaeSeconds[size(1)] ?? 0) / Double(max(1, sample.questions.count))
            if constantSeconds == 0 || constant < constantSeconds { constantSeconds = constant }
        }
    }

    private func size(_ scale: Double) -> ReadingSize { models.folder.geometry.reading(at: scale) }

    /// What the VAE makes of a sample's image at a size.
    private func latents(of sample: Sample, scale: Double) async throws -> Tensor {
        let model = try await models.model(exactPrecision)
        let image: RGBImage
        switch sample.image {
        case .file(let file): image = try RGBImage(contentsOf: file)
        case .latents(let given):
            guard size(scale) != size(1) else { return given }
            image = try await TextToImage(model).decoded(given.reshaped(Array(given.shape.dropFirst())))
        }
        let start = ContinuousClock.now
        let latents = try await ImageQuestion(model).latents(of: image, scale: scale)
        if case .file = sample.image {
            vaeSeconds[size(scale)] = min(vaeSeconds[size(scale)] ?? .infinity, (ContinuousClock.now - start).inSeconds)
        }
        return latents
    }

    /// The same, kept.
    private func latents(_ set: SampleSet, _ index: Int, _ profile: AccelerationProfile) async throws -> Tensor? {
        guard let reference = references[set]?[index], let sample = images[set]?[index] else { return nil }
        let size = size(profile.reading.scale)
        if let known = reference.latents[size] { return known }
        let latents = try await latents(of: sample, scale: profile.reading.scale)
        references[set]?[index].latents[size] = latents
        return latents
    }

    package func exact(_ set: SampleSet, _ index: Int) async throws -> Measured {
        guard let reference = references[set], reference.indices.contains(index) else { throw CancellationError() }
        return Measured(loss: 0, seconds: reference[index].seconds, flops: reference[index].flops)
    }

    package func run(_ candidate: Candidate, _ set: SampleSet, _ indices: [Int]) async throws -> [Measured] {
        let profile = try candidate.profile()
        let reader = try await models.model(candidate.precision)
        let judge = AnswerJudge(reader, maxTokens: maxTokens)
        var measured: [Measured] = []
        for index in indices {
            guard let reference = references[set]?[index], let sample = images[set]?[index],
                let latents = try await latents(set, index, profile)
            else { continue }
            let answered = try await judge.losses(latents, sample.questions, reference.answers, profile)
            let saved = (vaeSeconds[size(1)] ?? 0) - (vaeSeconds[size(profile.reading.scale)] ?? 0)
            func mean(_ value: (AnswerLoss) -> Double) -> Double { Self.mean(answered.map { value($0.loss) }) }
            let loss = AnswerLoss(
                divergence: mean(\.divergence), variation: mean(\.variation), changedTokens: mean(\.changedTokens),
                isChanged: answered.contains { $0.loss.isChanged }, regret: mean(\.regret))
            measured.append(
                Measured(
                    loss: 100 * loss.regret,
                    seconds: Self.mean(answered.map(\.seconds)) - saved / Double(max(1, sample.questions.count)),
                    flops: Int(Self.mean(answered.map { Double($0.flops) })), answer: loss,
                    items: answered.count))
        }
        return measured
    }

    /// The questions whose answers a candidate changes, for the page.
    func changed(_ candidate: Candidate, _ set: SampleSet, count: Int) async throws -> [ChangedAnswer] {
        let profile = try candidate.profile()
        let reader = try await models.model(candidate.precision)
        var changed: [ChangedAnswer] = []
        for (index, (sample, reference)) in zip(images[set] ?? [], references[set] ?? []).enumerated() {
            guard let latents = try await latents(set, index, profile) else { continue }
            let answers = try await ImageQuestion(reader).answers(
                .init(
                    sources: [.latents(latents)], questions: sample.questions.map { .text($0) },
                    maxTokens: maxTokens, profile: profile))
            for (place, answer) in answers.enumerated() where answer.text != reference.answers[place].text {
                var name = "a drawing"
                if case .file(let file) = sample.image { name = file.lastPathComponent }
                changed.append(
                    ChangedAnswer(
                        image: name, question: sample.questions[place], exact: reference.answers[place].text,
                        answer: answer.text))
            }
            if changed.count >= count { break }
        }
        return Array(changed.prefix(count))
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
