import FlashU
import Foundation
import Hummingbird
import Pipelines
import ShowO2
import Tokenizers

/// A conversation, ready to be answered.
struct ChatQuestion: Sendable {
    /// What the pipeline is asked.
    let request: ImageQuestion.Request
    /// Tokens that are read before the answer.
    let tokens: Int
    /// Where what precedes the question is kept; nil where that is text alone.
    let place: ContextCache.Place?
    /// Files that must stay meanwhile.
    private let videos: [TemporaryVideo]

    /// Reads the pictures of a conversation and puts it into the model's template.
    /// - Throws: ``APIError`` and what checking the request throws.
    init(_ asked: ChatRequest, on model: UnifiedModel, _ service: APIService) async throws {
        let pictures = SentPictures(geometry: model.geometry, settings: service.settings)
        let instructions = asked.messages.filter { $0.role == .system || $0.role == .developer }
        let system = instructions.isEmpty ? nil : instructions.map(Self.text).joined(separator: "\n")
        let profile = try service.profile(named: asked.accelerate)
        var prompt = try ChatPrompt(
            system: system, tokenizer: try model.tokenizer(), special: try model.specialTokens(),
            geometry: model.geometry, reading: model.geometry.reading(at: profile.reading.scale))
        var videos: [TemporaryVideo] = []
        var isAnswer = false
        var isFirst = true
        for message in asked.messages where message.role == .user || message.role == .assistant {
            if message.role == .assistant {
                if !isAnswer { try prompt.beginAnswer() }
                isAnswer = true
            } else {
                if isAnswer { try prompt.endAnswer() } else if !isFirst { prompt.add(text: "\n") }
                isAnswer = false
            }
            isFirst = false
            var followsText = false
            for part in message.parts {
                try Task.checkCancellation()
                switch part {
                case .text(let text):
                    prompt.add(text: followsText ? "\n" + text : text)
                    followsText = true
                case .picture(let url, let param):
                    let picture = try await pictures.picture(url, param: param)
                    prompt.add(picture: picture.piece, name: picture.name)
                    followsText = false
                case .video(let url, let param):
                    let video = try await pictures.video(url, frames: asked.frames, param: param)
                    videos.append(video.file)
                    prompt.add(video: video.piece, name: video.name, frames: video.frames)
                    followsText = false
                }
            }
        }
        try prompt.beginAnswer()
        let room = TokenSequence.longest - prompt.length
        guard room > 0 else {
            throw APIError.invalid(
                "messages",
                "the conversation has \(prompt.length) tokens; the model reads \(TokenSequence.longest), answer included",
                code: "context_length_exceeded")
        }
        request = ImageQuestion.Request(
            sources: prompt.sources, questions: [.ids(prompt.question)], prefix: prompt.prefix,
            maxTokens: min(asked.maxTokens ?? APIService.usualTokens, room), sampling: asked.sampling,
            profile: profile)
        (tokens, self.videos) = (prompt.length, videos)
        place =
            prompt.sources.isEmpty || service.settings.imageCacheBytes == 0
            ? nil
            : ContextCache.Place(
                service.contexts,
                key: ContentName.of(Data("\(profile.changes)\n\(prompt.prefix)\n\(prompt.names)".utf8)))
        try service.resident.folder.check(request)
    }

    private static func text(_ message: ChatRequest.Message) -> String {
        message.parts.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined(separator: "\n")
    }
}
