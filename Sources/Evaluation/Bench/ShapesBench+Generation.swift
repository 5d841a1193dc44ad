import FlashU
import Images
import Pipelines
import ShowO2

extension ShapesBench {
    /// Pixels on a side of the images that the evaluator judges.
    private static let side = 128

    /// Draws the set's prompts, one image each, and judges the images.
    ///
    /// Images are drawn one by one: with several in a batch, dynamic layer skipping would look at all of them at once, and an image's verdict
    /// would depend on its neighbours.
    ///
    /// - Parameter progress: told of each verdict.
    /// - Throws: ``BenchError``, what `TextToImage` throws, and `CancellationError` within a step of being cancelled.
    public func generation(
        _ options: Options = Options(), progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> BenchReport {
        try await generation(first(options.limit, of: set.prompts()), options, progress: progress)
    }

    /// The same for given prompts, all of them; prompt i of the list starts from the noise of `seed + i`.
    public func generation(
        _ prompts: [ShapesPrompt], _ options: Options = Options(),
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> BenchReport {
        guard model.geometry.imageWidth == Self.side, model.geometry.imageHeight == Self.side else {
            throw BenchError.unsuitable(
                "\(model.geometry.name) draws \(model.geometry.imageWidth) x \(model.geometry.imageHeight) px; ShapesBench judges "
                    + "\(Self.side) x \(Self.side)")
        }
        let version = try set.version()
        var run = try Run(
            inputs: prompts.map(\.prompt),
            settings: settings("generation", options, set: set.fingerprint("prompts.jsonl")),
            options, progress: progress)
        for index in run.missing {
            let prompt = prompts[index]
            let request = TextToImage.Request(
                prompt: prompt.prompt, steps: options.steps, guidance: options.guidance,
                seed: options.seed &+ UInt64(index), profile: options.profile)
            for drawn in try await TextToImage(model).images(request) {
                guard let pixels = drawn.pixels else { continue }
                let scene = ShapesScene(reading: pixels, version: version)
                let t = drawn.timings
                try run.add(
                    BenchSample(
                        index: index, task: prompt.task, input: prompt.prompt, output: scene.description,
                        right: prompt.isFulfilled(by: scene), seconds: t.prefill + t.denoising + t.decoding,
                        decodingSeconds: t.decoding, flops: t.flops, imageSeconds: nil, imageFlops: nil))
            }
        }
        try Task.checkCancellation()
        return run.report
    }
}

extension ShapesScene: CustomStringConvertible {
    /// `large red circle, small ? star on white`: what is unclear is a question mark.
    public var description: String {
        let things = objects.map { "\($0.size) \($0.color ?? "?") \($0.shape ?? "?")" }
        return (things.isEmpty ? "nothing" : things.joined(separator: ", ")) + " on \(background)"
    }
}
