import Compute
import FlashU
import Foundation
import Hummingbird
import Images
import Logging
import NIOCore
import Pipelines
import ShowO2
import Tokenizers

extension APIService {
    /// Drawing.
    var imagesRoutes: [Route] {
        [
            Route(method: .post, path: "/v1/images/generations") { [self] in try await generateImages($0, $1) },
            Route(method: .post, path: "/v1/images/edits") { _, _ in
                throw APIError.invalid(
                    nil, "this model draws from text alone; it can't edit images", code: "unsupported"
                ).leavingBody
            },
        ]
    }

    private func generateImages(_ request: Request, _ exchange: Exchange) async throws -> Response {
        let asked = try ImagesRequest(await fields(of: request))
        try check(model: asked.model)
        let model = try resident.model()
        let (width, height) = try SizePolicy(model.geometry, settings).size(asked.size)
        let drawing = TextToImage.Request(
            prompt: asked.prompt, count: asked.count, steps: asked.steps, guidance: asked.guidance, seed: asked.seed,
            width: width, height: height, negativePrompt: asked.negativePrompt,
            profile: try profile(named: asked.accelerate))
        let grid = try resident.folder.check(drawing)
        let usage = ImagesAnswer.Usage(
            text: try model.tokenizer().encode(asked.prompt, special: .asText).count + 2,
            images: asked.count * (grid.tokens + 1))
        let form = ImagesAnswer.Form(
            background: "opaque", output_format: asked.file.format.rawValue, quality: asked.quality,
            size: "\(width)x\(height)")
        if settings.logsPrompts { exchange.logger.info("draw", metadata: ["prompt": "\(asked.prompt)"]) }
        let place = try queue.enter()
        let recorder = asked.traces ? TraceRecorder(drawing.profile, model.geometry) : nil

        guard asked.isStream else {
            let drawn = try await exchange.connection.whileThere { [self] in
                try await draw(drawing, on: model, place, exchange, previews: nil, step: { recorder?.add($0) }) {
                    recorder?.finish($0)
                }
            }
            metrics.drawn(images: drawn.count, tokens: usage.output_tokens)
            let data = try drawn.map { image in
                let encoded =
                    try image.pixels.map { try asked.file.base64($0, text: parameters(of: image, asked)) } ?? ""
                return ImagesAnswer.Datum(
                    b64_json: asked.answersURL ? nil : encoded,
                    url: asked.answersURL ? asked.file.dataURLPrefix + encoded : nil, seed: image.seed,
                    trace: recorder?.trace(of: image))
            }
            return try JSONAnswer.response(ImagesAnswer(created: Exchange.now, data: data, form: form, usage: usage))
        }
        return EventStream.response(exchange) { [self] sender in
            let previews = PreviewRequest(count: asked.previews) { image, number, pixels in
                guard let encoded = try? asked.file.base64(pixels) else { return }
                try? sender.send(
                    ImagesEvent.partial(
                        encoded, form, number: number, image: asked.count > 1 ? image : nil),
                    event: ImagesEvent.partialName)
            }
            let told: @Sendable (TextToImage.Step) throws -> Void = { step in
                guard let recorder else { return }
                recorder.add(step)
                try sender.send(EvaluationEvent(step), event: EvaluationEvent.name)
            }
            _ = try await draw(
                drawing, on: model, place, exchange, previews: asked.previews > 0 ? previews : nil, step: told
            ) { image in
                guard let pixels = image.pixels else { return }
                recorder?.finish(image)
                try sender.send(
                    ImagesEvent.completed(
                        asked.file.base64(pixels, text: parameters(of: image, asked)), form, usage,
                        seed: image.seed, image: asked.count > 1 ? image.index : nil,
                        trace: recorder?.trace(of: image)),
                    event: ImagesEvent.completedName)
            }
            metrics.drawn(images: asked.count, tokens: usage.output_tokens)
        } failure: { [self] in
            told($0, exchange)
        } ended: { [self] in
            streamEnded($0, exchange, "/v1/images/generations")
        }
    }

    /// The text that tells how an image can be drawn again.
    private func parameters(of image: TextToImage.Drawn, _ asked: ImagesRequest) -> [(key: String, value: String)] {
        guard asked.file.format == .png else { return [] }
        return [(GenerationParameters.pngKey, parameters(of: image, asked.prompt, asked.negativePrompt).text)]
    }
}

extension APIService {
    /// How an image was drawn.
    func parameters(
        of image: TextToImage.Drawn, _ prompt: String, _ negativePrompt: String?
    ) -> GenerationParameters {
        let settings = image.settings
        return GenerationParameters(
            prompt: prompt, negativePrompt: negativePrompt, steps: settings.steps, sampler: settings.sampler.rawValue,
            cfgScale: Double(settings.guidance), seed: image.seed, width: settings.width, height: settings.height,
            model: resident.folder.geometry.name, timeShift: Double(settings.timeShift),
            version: "FlashU \(FlashUVersion.current)")
    }

    /// Draws within the time that a request has.
    ///
    /// - Parameters:
    ///   - place: kept until it ends.
    ///   - step: told of each evaluation.
    ///   - finished: given each image when it is finished.
    func draw(
        _ request: TextToImage.Request, on model: UnifiedModel, _ place: RequestQueue.Place, _ exchange: Exchange,
        previews: PreviewRequest?, step: @escaping @Sendable (TextToImage.Step) throws -> Void = { _ in },
        finished: @escaping @Sendable (TextToImage.Drawn) throws -> Void = { _ in }
    ) async throws -> [TextToImage.Drawn] {
        defer { withExtendedLifetime(place) {} }
        return try await RequestDeadline.run(seconds: settings.requestSeconds) {
            let events = model.scheduler.stream(client: exchange.client) {
                (emit: @escaping (TextToImage.Event) -> Void) in
                try Drawing(
                    request, on: model,
                    previews: previews.map { DrawingPreviews(count: $0.count, take: $0.take) }, emit: emit)
            }
            var images: [TextToImage.Drawn] = []
            for try await event in events {
                switch event {
                case .step(let done): try step(done)
                case .image(let image):
                    images.append(image)
                    try finished(image)
                }
            }
            try Task.checkCancellation()
            return images
        }
    }

    /// Tells the log how a stream ended.
    func streamEnded(_ error: (any Error)?, _ exchange: Exchange, _ path: String) {
        let seconds = (ContinuousClock.now - exchange.arrival).inSeconds
        let outcome = error.map { $0 is CancellationError ? "the client left" : APIError.line($0) } ?? "complete"
        metrics.stream(path, isComplete: error == nil, seconds: seconds)
        exchange.logger.info(
            "stream", metadata: ["outcome": "\(outcome)", "seconds": "\((seconds * 1000).rounded() / 1000)"])
    }
}

/// Who wants to see images while they are drawn.
struct PreviewRequest: Sendable {
    let count: Int
    let take: @Sendable (_ image: Int, _ number: Int, RGBImage) -> Void
}
