import Compute
import FlashU
import Foundation
public import ShowO2
import Tensors
import Tokenizers

extension ModelFolder {
    /// Finds what keeps a request from being drawn, as far as the folder tells without its weights.
    ///
    /// - Returns: the token grid that will be drawn.
    /// - Throws: what ``TextToImage/generate(_:)`` would throw once the weights are loaded.
    @discardableResult
    public func check(_ request: TextToImage.Request) throws -> TokenGrid {
        try check(request.profile, for: .generation)
        let grid = try geometry.grid(
            width: request.width ?? request.height ?? geometry.imageWidth,
            height: request.height ?? request.width ?? geometry.imageHeight)
        guard !request.prompts.isEmpty else { throw ModelError.request("no prompt given") }
        var seen: Set<String> = []
        for (what, prompt) in request.prompts.map({ ("prompt", $0) })
            + [request.negativePrompt].compactMap(\.self).map({ ("negative prompt", $0) })
        {
            // A thousand images of one prompt need one look.
            if case .text(let text) = prompt, !seen.insert(text).inserted { continue }
            let ids =
                switch prompt {
                case .text(let text): try tokenizer().encode(text, special: .asText)
                case .ids(let ids): ids
                }
            try check(ids)
            guard ids.count <= geometry.maxPromptTokens else {
                throw ModelError.request(
                    "the \(what) has \(ids.count) tokens; the model has room for \(geometry.maxPromptTokens)")
            }
        }
        _ = try specialTokens()
        if let noise = request.noise {
            let shape = [request.prompts.count] + geometry.latentShape(grid)
            guard noise.shape == shape else {
                throw ModelError.request("the initial noise has shape \(noise.shape); \(shape) is needed")
            }
            guard noise.isFinite else {
                throw ModelError.request("the initial noise holds values that are not finite numbers")
            }
        }
        if request.decode { _ = try vaeFile() }
        return grid
    }

    /// Finds what keeps questions from being answered, as far as the folder tells without its weights.
    ///
    /// - Throws: what ``ImageQuestion/ask(_:)`` would throw once the weights are loaded.
    public func check(_ request: ImageQuestion.Request) throws {
        try check(request.profile, for: .understanding)
        let special = try specialTokens()
        let needsText = request.questions.contains { if case .text = $0 { true } else { false } }
        let template = ChatTemplate(
            special: special, tokenizer: needsText || request.prefix == nil ? try tokenizer() : nil)
        let prefix = try request.prefix ?? template.prefix()
        try check(prefix)
        var longest = 0
        for question in request.questions {
            let ids =
                switch question {
                case .text(let text): try template.question(text)
                case .ids(let ids): ids
                }
            try check(ids)
            longest = max(longest, ids.count)
        }
        var length = prefix.count + longest
        for source in request.sources {
            switch source {
            case .letterboxed(let image, _):
                try Letterbox.check(image, geometry)
                fallthrough
            case .image:
                _ = try vaeFile()
                length += geometry.readingGrid.tokens + 3
            case .latents(let latents):
                // Its shape is judged where it is read.
                length += latents.shape.suffix(2).reduce(1) { $0 &* ($1 / max(1, geometry.patch)) } + 3
            }
        }
        let limit = TokenSequence.longest
        if length > limit || request.maxTokens > limit - length {
            let (all, overflow) = length.addingReportingOverflow(request.maxTokens)
            throw ModelError.request(
                "a sequence of \(overflow ? "too many" : "\(all)") tokens is longer than the \(limit) that the language model reads"
            )
        }
    }

    /// Finds what samples to be measured would lack: a tokenizer, structural tokens, and for questions a VAE.
    /// - Throws: `ModelError`, `TokenizerError`.
    public func check(samples questions: [ModelCalibration.Question]) throws {
        _ = try tokenizer()
        _ = try specialTokens()
        if !questions.isEmpty { _ = try vaeFile() }
    }

    private func check(_ ids: [Int]) throws(ModelError) {
        if let bad = ids.first(where: { !(0..<geometry.vocabulary).contains($0) }) {
            throw .request("token id \(bad) is outside the vocabulary of \(geometry.vocabulary)")
        }
    }
}
