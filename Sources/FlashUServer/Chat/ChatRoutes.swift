import FlashU
import Foundation
import Hummingbird
import Images
import Logging
import Pipelines
import ShowO2
import Tokenizers

extension APIService {
    /// Asking, and drawing by asking.
    var chatRoutes: [Route] {
        [Route(method: .post, path: "/v1/chat/completions") { [self] in try await chat($0, $1) }]
    }

    /// Tokens of an answer when the request does not say.
    static let usualTokens = 1024

    private func chat(_ request: Request, _ exchange: Exchange) async throws -> Response {
        let asked = try ChatRequest(await fields(of: request, pictures: true), maxPictures: settings.maxPictures)
        try check(model: asked.model)
        let model = try resident.model()
        let place = try queue.enter()
        let head = ChatAnswer.Head(
            id: "chatcmpl-\(exchange.id)", created: Exchange.now, model: asked.model ?? modelNames[0])
        if let drawing = asked.drawing {
            return try await draw(drawing, asked, on: model, place, head, exchange)
        }
        // Pictures are decoded on the client's time: it may leave meanwhile.
        let question = try await exchange.connection.whileThere { [self] in
            try await ChatQuestion(asked, on: model, self)
        }
        if settings.logsPrompts, case .text(let text)? = asked.messages.last?.parts.last {
            exchange.logger.info("ask", metadata: ["question": "\(text)"])
        }
        guard asked.isStream else {
            let answer = try await exchange.connection.whileThere { [self] in
                try await complete(question, asked, on: model, place, exchange) { _ in }
            }
            return try JSONAnswer.response(
                ChatAnswer.whole(
                    head, .text(answer.text), finishReason: answer.finishReason, answer.usage,
                    trace: answer.trace))
        }
        return EventStream.response(exchange) { [self] sender in
            try sender.send(ChatAnswer.piece(head, .init(role: "assistant", content: .text(""))))
            let answer = try await complete(question, asked, on: model, place, exchange) {
                try sender.send(ChatAnswer.piece(head, .init(content: .text($0))))
            }
            try sender.send(ChatAnswer.piece(head, .init(), finishReason: answer.finishReason, trace: answer.trace))
            if asked.includesUsage { try sender.send(ChatAnswer.usage(head, answer.usage)) }
            sender.send(text: "[DONE]")
        } failure: { [self] in
            told($0, exchange)
        } ended: { [self] in
            streamEnded($0, exchange, "/v1/chat/completions")
        }
    }

    /// A finished answer.
    private struct Answered: Sendable {
        let text: String
        let finishReason: String
        let usage: ChatAnswer.Usage
        let trace: AnswerTrace?
    }

    /// Answers within the time that a request has.
    private func complete(
        _ question: ChatQuestion, _ asked: ChatRequest, on model: UnifiedModel, _ place: RequestQueue.Place,
        _ exchange: Exchange, send: @escaping @Sendable (String) throws -> Void
    ) async throws -> Answered {
        defer { withExtendedLifetime((place, question)) {} }
        let answered = try await RequestDeadline.run(seconds: settings.requestSeconds) {
            let events = model.scheduler.stream(client: exchange.client) {
                (emit: @escaping (ImageQuestion.Event) -> Void) in
                try Answering(question.request, on: model, place: question.place, emit: emit)
            }
            var text = AnswerText(stops: asked.stops)
            var kept: [[Int]] = []
            func trace(_ timings: ImageQuestion.Timings?) -> AnswerTrace? {
                asked.traces
                    ? AnswerTrace(question.request.profile, model.geometry, kept: kept, timings: timings) : nil
            }
            for try await event in events {
                switch event {
                case .text(_, let piece):
                    let new = text.append(piece)
                    if !new.isEmpty { try send(new) }
                    guard text.isStopped else { continue }
                    // Leaving the loop ends the job.
                    let count = try model.tokenizer().encode(text.text, special: .asText).count
                    return Answered(
                        text: text.text, finishReason: "stop", usage: .init(prompt: question.tokens, completion: count),
                        trace: trace(nil))
                case .answer(let answer):
                    let rest = text.finish()
                    if !rest.isEmpty { try send(rest) }
                    return Answered(
                        text: text.text, finishReason: answer.finished ? "stop" : "length",
                        usage: .init(
                            prompt: question.tokens, completion: answer.tokens.count - (answer.finished ? 1 : 0)),
                        trace: trace(answer.timings))
                case .imageRead(let tokens): kept = tokens
                case .encoded: continue
                }
            }
            throw CancellationError()
        }
        metrics.answered(promptTokens: answered.usage.prompt_tokens, tokens: answered.usage.completion_tokens)
        return answered
    }

    /// Answers with an image.
    private func draw(
        _ drawing: ChatDrawing, _ asked: ChatRequest, on model: UnifiedModel, _ place: RequestQueue.Place,
        _ head: ChatAnswer.Head, _ exchange: Exchange
    ) async throws -> Response {
        let (width, height) = try SizePolicy(model.geometry, settings).size(drawing.size)
        let request = TextToImage.Request(
            prompt: drawing.prompt, steps: drawing.steps, guidance: drawing.guidance, seed: drawing.seed,
            width: width, height: height, negativePrompt: drawing.negativePrompt,
            profile: try profile(named: asked.accelerate))
        let grid = try resident.folder.check(request)
        let usage = ChatAnswer.Usage(
            prompt: try model.tokenizer().encode(drawing.prompt, special: .asText).count + 2,
            completion: grid.tokens + 1)
        if settings.logsPrompts { exchange.logger.info("draw", metadata: ["prompt": "\(drawing.prompt)"]) }
        let content: @Sendable () async throws -> ChatAnswer.Content = { [self] in
            let images = try await draw(request, on: model, place, exchange, previews: nil)
            metrics.drawn(images: images.count, tokens: usage.completion_tokens)
            guard let image = images.first, let pixels = image.pixels else { throw CancellationError() }
            let text = [
                (GenerationParameters.pngKey, parameters(of: image, drawing.prompt, drawing.negativePrompt).text)
            ]
            let file = DrawnFile()
            return .image(url: file.dataURLPrefix + (try file.base64(pixels, text: text)))
        }
        guard asked.isStream else {
            let content = try await exchange.connection.whileThere(content)
            return try JSONAnswer.response(ChatAnswer.whole(head, content, finishReason: "stop", usage))
        }
        return EventStream.response(exchange) { sender in
            try sender.send(ChatAnswer.piece(head, .init(role: "assistant")))
            try sender.send(ChatAnswer.piece(head, .init(content: try await content())))
            try sender.send(ChatAnswer.piece(head, .init(), finishReason: "stop"))
            if asked.includesUsage { try sender.send(ChatAnswer.usage(head, usage)) }
            sender.send(text: "[DONE]")
        } failure: { [self] in
            told($0, exchange)
        } ended: { [self] in
            streamEnded($0, exchange, "/v1/chat/completions")
        }
    }
}
