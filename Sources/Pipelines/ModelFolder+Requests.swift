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
        let size = geometry.imageSize(request.width, request.height)
        let grid = try geometry.grid(width: size.width, height: size.height)
        guard !request.prompts.isEmpty else { throw ModelError.request("no prompt given") }
        try request.checkCount()
        var seen: Set<String> = []
        for (what, prompt) in request.prompts.map({ ("prompt", $0) })
            + [request.negativePrompt].compactMap(\.self).map({ ("negative prompt", $0) })
        {
            // A thousand images of one prompt need one look.
            if case .text(let text) = prompt, !seen.insert(text).inserted { continue }
            let ids: [Int]
            switch prompt {
            case .text(let text): ids = try tokenizer().encode(text, special: .asText)
            case .ids(let given): ids = given
            case .pieces(let pieces):
                guard what == "prompt" else {
                    throw ModelError.request("a negative prompt is text, not a sequence of pieces")
                }
                try PieceLayout(pieces, geometry, tokenizer: tokenizer).check(
                    extra: grid.tokens * (request.film?.latentFrames ?? 1), 2)
                try checkVAE(pieces)
                continue
            }
            try geometry.check(ids)
            guard ids.count <= geometry.maxPromptTokens else {
                throw ModelError.request(
                    "the \(what) has \(ids.count) tokens; the model has room for \(geometry.maxPromptTokens)")
            }
            try TokenSequence.check(frames: request.film?.latentFrames ?? 1, of: grid, behind: ids.count + 2)
        }
        _ = try specialTokens()
        try request.checkNoise(geometry.latentShape(grid))
        try request.checkFirstFrame(.init(request, geometry))
        if request.decode || request.film?.firstFrame != nil { _ = try vaeFile() }
        return grid
    }

    /// Finds what keeps a video from being drawn, as far as the folder tells without its weights.
    ///
    /// - Returns: the token grid of each frame.
    /// - Throws: what ``TextToVideo/generate(_:)`` would throw once the weights are loaded.
    @discardableResult
    public func check(_ request: TextToVideo.Request) throws -> TokenGrid {
        let film = try request.film()
        let grid = try check(film)
        if film.decode {
            try WanVAE(
                weights: openWeights(file: vaeFile()), mean: geometry.latentMean, std: geometry.latentStd,
                compute: ReferenceCompute()
            ).checkFilms()
        }
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
            kind: request.template, special: special,
            tokenizer: needsText || request.prefix == nil ? try tokenizer() : nil)
        let prefix = try request.prefix ?? template.prefix()
        var longest = 0
        var goesOn = false
        for question in request.questions {
            let ids =
                switch question {
                case .text(let text): try template.question(text)
                case .ids(let ids): ids
                case .continuation: [Int]()
                }
            if case .continuation = question { goesOn = true }
            try geometry.check(ids)
            longest = max(longest, ids.count)
        }
        let layout = try PieceLayout(
            [.ids(prefix)] + request.sources, geometry, limit: goesOn ? nil : geometry.readingGrid.tokens,
            reading: geometry.reading(at: request.profile.reading.scale), tokenizer: tokenizer)
        try checkVAE(request.sources)
        try layout.check(extra: longest, request.maxTokens)
    }

    /// Whether there is a VAE for pieces that need one.
    func checkVAE(_ pieces: [PromptPiece]) throws(ModelError) {
        for piece in pieces {
            switch piece {
            case .image, .letterboxed, .video: _ = try vaeFile()
            case .text, .ids, .latents: break
            }
        }
    }

    /// Finds what samples to be measured would lack: a tokenizer, structural tokens, and for questions a VAE.
    /// - Throws: `ModelError`, `TokenizerError`.
    public func check(samples questions: [ModelCalibration.Question]) throws {
        _ = try tokenizer()
        _ = try specialTokens()
        if !questions.isEmpty { _ = try vaeFile() }
    }
}
