import Pipelines
import Tensors

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Sendable {
    /// Who says something.
    enum Role: String, Sendable {
        case system, developer, user, assistant
    }

    /// A part of a message.
    enum Part: Sendable {
        case text(String)
        /// A picture's address, and the field that holds it.
        case picture(url: String, param: String)
        /// A video's.
        case video(url: String, param: String)

        /// Whether it is a picture or a video.
        var isSeen: Bool { if case .text = self { false } else { true } }
    }

    struct Message: Sendable {
        let role: Role
        let parts: [Part]
    }

    let messages: [Message]
    let model: String?
    /// Tokens of the answer at most; nil = the server's choice.
    let maxTokens: Int?
    let sampling: SamplingOptions
    let stops: [String]
    let isStream: Bool
    let includesUsage: Bool
    /// Whether an image is the answer.
    let draws: Bool
    /// What a drawing is asked with; nil when text is the answer.
    let drawing: ChatDrawing?
    /// Frames of each video, at most.
    let frames: Int?
    let accelerate: String?
    /// Whether what stayed of the pictures, and what it took, is told.
    let traces: Bool

    /// - Throws: ``APIError``.
    init(_ fields: Fields, maxPictures: Int) throws(APIError) {
        guard let list = try fields.array("messages"), !list.isEmpty else {
            throw .invalid("messages", "messages must hold a message or more")
        }
        guard list.count <= 1000 else { throw .invalid("messages", "messages must be 1000 at most") }
        var messages: [Message] = []
        for (index, value) in list.enumerated() {
            guard case .object(let object) = value else {
                throw .invalid("messages[\(index)]", "messages[\(index)] must be an object")
            }
            messages.append(try Self.message(Fields(object, path: "messages[\(index)]")))
        }
        guard messages.last?.role == .user else {
            throw .invalid("messages", "the last message must be the user's; it is what is answered")
        }
        let pictures = messages.flatMap(\.parts).filter(\.isSeen).count
        guard pictures <= maxPictures else {
            throw .invalid("messages", "\(pictures) pictures and videos; this server takes \(maxPictures)")
        }
        self.messages = messages
        model = try fields.string("model")
        let most = try fields.integer("max_completion_tokens", in: 1...Int.max)
        let once = try fields.integer("max_tokens", in: 1...Int.max)
        maxTokens = most ?? once
        if let n = try fields.integer("n", in: 1...128), n != 1 { throw .invalid("n", "n must be 1") }

        let temperature = try fields.number("temperature", in: 0...2) ?? 0
        let topP = try fields.number("top_p", in: 0...1)
        let topK = try fields.integer("top_k", in: -1...1_000_000)
        let seed = try fields.seed()
        sampling = SamplingOptions(
            temperature: topP == 0 ? 0 : temperature, topK: topK.flatMap { $0 > 0 ? $0 : nil },
            topP: topP.flatMap { $0 > 0 && $0 < 1 ? $0 : nil }, seed: seed ?? UInt64.random(in: 0...UInt64.max))
        stops = try Self.stops(fields)
        isStream = try fields.bool("stream") ?? false
        includesUsage = try fields.object("stream_options")?.bool("include_usage") ?? false
        if let form = try fields.object("response_format")?.string("type"), form != "text" {
            throw .invalid("response_format", "response_format must be text; this model can't be held to a form")
        }
        draws = try Self.draws(fields)
        drawing = draws ? try ChatDrawing(fields, messages[messages.count - 1], seed: seed) : nil
        frames = try fields.object("media_io_kwargs")?.object("video")?.integer("num_frames", in: 1...4096)
        accelerate = try fields.string("accelerate")
        traces = try fields.bool("trace") ?? false
    }

    private static func message(_ fields: Fields) throws(APIError) -> Message {
        guard let name = try fields.string("role") else {
            throw .invalid(fields.path("role"), "\(fields.path("role")) must say who speaks")
        }
        guard let role = Role(rawValue: name) else {
            throw .invalid(
                fields.path("role"),
                "\(fields.path("role")) must be system, developer, user or assistant; this model calls no tools")
        }
        switch fields["content"] {
        case nil:
            guard role == .assistant else {
                throw .invalid(fields.path("content"), "\(fields.path("content")) must be text or a list of parts")
            }
            return Message(role: role, parts: [])
        case .string(let text): return Message(role: role, parts: [.text(text)])
        case .array(let values):
            var parts: [Part] = []
            for (index, value) in values.enumerated() {
                let path = "\(fields.path("content"))[\(index)]"
                switch value {
                case .string(let text): parts.append(.text(text))
                case .object(let object):
                    if let part = try part(Fields(object, path: path)) { parts.append(part) }
                default: throw .invalid(path, "\(path) must be an object")
                }
            }
            for case .picture(_, let param) in parts where role != .user && role != .assistant {
                throw .invalid(param, "pictures stand in the messages of the user")
            }
            return Message(role: role, parts: parts)
        default: throw .invalid(fields.path("content"), "\(fields.path("content")) must be text or a list of parts")
        }
    }

    private static func part(_ fields: Fields) throws(APIError) -> Part? {
        let type = try fields.string("type")
        switch type {
        case "text", "input_text", "output_text":
            guard let text = try fields.string("text") else {
                throw .invalid(fields.path("text"), "\(fields.path("text")) must be a string")
            }
            return .text(text)
        case "refusal": return nil
        case "image_url", "video_url":
            let name = type ?? ""
            let url: String?
            var param = fields.path(name)
            if case .string(let text) = fields[name] {
                url = text
            } else {
                url = try fields.object(name)?.string("url")
                param += ".url"
            }
            guard let url, !url.isEmpty else { throw .invalid(param, "\(param) must be an address") }
            return type == "image_url" ? .picture(url: url, param: param) : .video(url: url, param: param)
        default:
            throw .invalid(
                fields.path("type"), "\(fields.path("type")) must be text, image_url or video_url",
                code: "unsupported_part")
        }
    }

    private static func stops(_ fields: Fields) throws(APIError) -> [String] {
        let wrong = APIError.invalid("stop", "stop must be a text or a list of up to 16, none of them empty")
        var stops: [String] = []
        switch fields["stop"] {
        case nil: return []
        case .string(let text): stops = [text]
        case .array(let values):
            for value in values {
                guard case .string(let text) = value else { throw wrong }
                stops.append(text)
            }
        default: throw wrong
        }
        guard stops.count <= 16, stops.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 1000 }) else { throw wrong }
        return stops
    }

    private static func draws(_ fields: Fields) throws(APIError) -> Bool {
        var draws = false
        for (index, value) in (try fields.array("modalities") ?? []).enumerated() {
            switch value {
            case .string("text"): break
            case .string("image"): draws = true
            default: throw .invalid("modalities[\(index)]", "modalities must be text or image")
            }
        }
        return draws
    }
}

/// What a chat's drawing is asked with.
struct ChatDrawing: Sendable {
    let prompt: String
    let negativePrompt: String?
    let size: String?
    let steps: Int?
    let guidance: Float?
    let seed: UInt64

    /// - Throws: ``APIError``.
    init(_ fields: Fields, _ message: ChatRequest.Message, seed: UInt64?) throws(APIError) {
        var texts: [String] = []
        for part in message.parts {
            switch part {
            case .text(let text): texts.append(text)
            case .picture(_, let param), .video(_, let param):
                throw .invalid(param, "this model draws from text alone; leave the picture out, or ask for text")
            }
        }
        prompt = texts.joined(separator: "\n")
        guard !prompt.isEmpty else { throw .invalid("messages", "the last message must say what to draw") }
        negativePrompt = try fields.filled("negative_prompt")
        size = try fields.string("size")
        steps = try fields.integer("num_inference_steps", in: 2...1000)
        guidance = try fields.number("guidance_scale", in: 0...1000).map { Float($0) }
        self.seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    }
}
