import Compute
import FlashU
import Foundation
import Images
import ShowO2
import Tensors
import Tokenizers

/// The job of ``ImageQuestion``: images are encoded and read once; each question goes on from a fork of what was read, and is answered token by
/// token.
public final class Answering: Job {
    private let model: UnifiedModel
    private let request: ImageQuestion.Request
    private let special: SpecialTokens
    private let tokenizer: Tokenizer?
    /// The tokens of each question; of what continues the context, none.
    private let questions: [[Int]]
    /// Tokens that end an answer.
    private let ends: Set<Int>
    private let planner: ReadingPlanner
    private let emit: (ImageQuestion.Event) -> Void
    /// Answers that are read instead of chosen, one a question; nil = the model chooses.
    private let forced: [[Int]]?
    /// Told a question's place and the logits after which each of its tokens was taken.
    private let observe: ((Int, [Float]) -> Void)?
    private let workspace = Workspace()
    /// What stands before the questions, on its way into the context.
    private let pieces: PieceEncoding
    /// What was read before the questions.
    private var context: TokenSequence?
    /// A sequence that goes on, if the context is none of its own.
    private let start: Continuation?
    /// The tokens of the answer that is on its way, or was last. All but the last of them have been read.
    private(set) var written: [Int] = []
    /// Where the context is kept for further requests, or is found.
    private let place: ContextCache.Place?
    private var encoding = Spent()
    private var reading = Spent()

    /// Checks a request, without computing anything.
    ///
    /// - Parameters:
    ///   - request: the questions, and what they are about.
    ///   - model: the loaded model.
    ///   - emit: told of the text as it is decoded.
    /// - Throws: `ModelError`, `ProfileError`, `ImageError`, and errors of files that are opened late (tokenizer, VAE).
    public convenience init(
        _ request: ImageQuestion.Request, on model: UnifiedModel, emit: @escaping (ImageQuestion.Event) -> Void
    ) throws {
        try self.init(request, on: model, forced: nil, observe: nil, emit: emit)
    }

    /// The same, on a context that may have been read already.
    ///
    /// - Parameter place: where it is found, or kept; its key stands for the request's prefix, sources and profile.
    package convenience init(
        _ request: ImageQuestion.Request, on model: UnifiedModel, place: ContextCache.Place?,
        emit: @escaping (ImageQuestion.Event) -> Void
    ) throws {
        try self.init(request, on: model, forced: nil, observe: nil, place: place, emit: emit)
    }

    /// The same, with a view of the logits.
    ///
    /// - Parameters:
    ///   - forced: answers that are read instead of chosen (teacher forcing), one a question; nil = the model chooses.
    ///   - observe: told a question's place and the logits `[vocabulary]` from which each of its tokens is, or would be, chosen.
    ///   - start: what the sources are read after, into its sequence; nil = nothing.
    init(
        _ request: ImageQuestion.Request, on model: UnifiedModel, forced: [[Int]]? = nil,
        observe: ((Int, [Float]) -> Void)? = nil, continuing start: Continuation? = nil,
        place: ContextCache.Place? = nil,
        emit: @escaping (ImageQuestion.Event) -> Void
    ) throws {
        let geometry = model.geometry
        try model.check(request.profile, for: .understanding)
        special = try model.specialTokens()
        guard request.maxTokens > 0 else { throw ModelError.request("max tokens must be above 0") }
        let needsText = request.questions.contains { if case .text = $0 { true } else { false } }
        let tokenizer = needsText || request.prefix == nil ? try model.tokenizer() : try? model.tokenizer()
        let template = ChatTemplate(kind: request.template, special: special, tokenizer: tokenizer)
        let prefix = try request.prefix ?? template.prefix()
        let goesOn = request.questions.contains { if case .continuation = $0 { true } else { false } }
        questions = try request.questions.map { question in
            switch question {
            case .text(let text): try template.question(text)
            case .ids(let ids): ids
            case .continuation: []
            }
        }
        guard goesOn ? questions.count == 1 : !questions.isEmpty && !questions.contains(where: \.isEmpty) else {
            throw ModelError.request(goesOn ? "what continues a sequence is its only question" : "no question given")
        }
        guard forced?.count ?? questions.count == questions.count, forced?.contains(where: \.isEmpty) != true else {
            throw ModelError.request("every question needs an answer of a token or more to follow")
        }
        try geometry.check(((forced ?? []) + questions).joined())
        // prefix ([boi] T img*N [eoi])* question
        pieces = try PieceEncoding(
            [.ids(prefix)] + request.sources, on: model, videoMask: request.videoMask,
            posteriorSeed: request.posteriorSeed, imageLimit: goesOn ? nil : geometry.readingGrid.tokens,
            frameCache: request.profile.frameCache, reading: request.profile.reading)
        let layout = try PieceLayout(start?.unread ?? [], geometry) + pieces.layout
        guard layout.length > 0 else { throw ModelError.request("nothing to read") }
        let longest = questions.map(\.count).max() ?? 0
        try layout.check(extra: start?.sequence.count ?? 0, longest, request.maxTokens)
        planner = ReadingPlanner(
            request.profile, layers: geometry.llm.layers,
            neurons: model.neuronOrder?.ranges(.understanding, ratio: request.profile.ffn.understandingRatio),
            scores: model.calibration?.scores[.understanding])
        ends = request.endsAtImage ? [special.endOfSequence, special.beginOfImage] : [special.endOfSequence]
        (self.model, self.request, self.tokenizer, self.emit) = (model, request, tokenizer, emit)
        (self.forced, self.observe, self.start) = (forced, observe, start)
        self.place = goesOn || start != nil ? nil : place
        // Keys and values of what a continued sequence has read are there already.
        var estimate = MemoryEstimate.reading(
            geometry, imageTokens: layout.imageTokens, videos: layout.videos, textTokens: layout.textTokens + longest,
            answerTokens: request.maxTokens, cut: planner.cut,
            reuses: request.profile.frameCache.threshold > 0, precision: model.network.compute.precision)
        try pieces.addVAE(to: &estimate)
        super.init(.understanding, on: model.network, estimate: estimate, waitingFor: pieces.frameSources)
        stages.add { [unowned self] in
            if let place = self.place, let known = place.cache.find(place.key) {
                context = known.sequence
                emit(.imageRead(keptTokens: known.keptTokens))
                finish(.read)
                stages.add { [unowned self] in try ask(0) }
                return
            }
            let before = spent
            pieces.add(to: stages) { [unowned self] done in
                encoding = spent - before
                emit(.encoded(done: done, total: pieces.pixelCount))
            }
            stages.add { [unowned self] in try readContext() }
        }
    }

    /// Reads what precedes the questions.
    private func readContext() throws {
        let before = spent
        let sequence = try start?.sequence ?? TokenSequence(model: network, special: special)
        let goesOn = questions[0].isEmpty
        let pass = try ReadingPass(
            [(sequence, (start?.unread ?? []) + pieces.pieces)], goesOn ? planner.questionPlan : planner.imagePlan,
            cut: planner.cut,
            whole: goesOn, workspace: workspace)
        stages.add(pass.stages)
        stages.add { [unowned self] in
            context = sequence
            reading = spent - before
            let keptTokens = pass.keptTokens
            if let place {
                place.cache.keep(place.key, sequence, keptTokens: keptTokens, bytes: estimate.keysAndValues)
            }
            emit(.imageRead(keptTokens: keptTokens))
            finish(.read)
            stages.add { [unowned self] in
                if goesOn { try begin(answer(0, in: sequence), after: pass, from: spent) } else { try ask(0) }
            }
        }
    }

    /// Reads a question into a fork of the context.
    private func ask(_ index: Int) throws {
        guard let context else { return }
        let before = spent
        let answer = answer(index, in: context.fork())
        let pass = try ReadingPass(
            [(answer.sequence, [.text(questions[index])])], planner.questionPlan, workspace: workspace)
        stages.add(pass.stages)
        stages.add { [unowned self] in try begin(answer, after: pass, from: before) }
    }

    private func answer(_ index: Int, in sequence: TokenSequence) -> AnswerInProgress {
        AnswerInProgress(
            index: index, sequence: sequence, planner: planner, request, tokenizer, forced: forced?[index],
            observe: observe)
    }

    /// Chooses the first token.
    private func begin(_ answer: AnswerInProgress, after pass: ReadingPass, from start: Spent) throws {
        answer.planner.chooseLayers(pass.layerImportance)
        let token = try answer.choose(pass.logits())
        answer.start = start
        answer.questionSeconds = (spent - start).seconds
        try proceed(answer, token)
    }

    /// Tells of a token and asks for the next one, or ends the answer.
    private func proceed(_ answer: AnswerInProgress, _ token: Int) throws {
        written = answer.tokens
        let isLast = forced.map { answer.tokens.count == $0[answer.index].count } ?? ends.contains(token)
        if !isLast, let piece = answer.append(token) { emit(.text(index: answer.index, piece)) }
        guard !isLast, forced != nil || answer.tokens.count < request.maxTokens else {
            end(answer, finished: isLast)
            return
        }
        waiting = WaitingToken(sequence: answer.sequence, id: token, plan: answer.planner.decodingPlan) {
            [unowned self] logits in try proceed(answer, answer.choose(logits))
        }
        finish(.tokens(1))
    }

    private func end(_ answer: AnswerInProgress, finished: Bool) {
        if let rest = answer.finishText() { emit(.text(index: answer.index, rest)) }
        let took = spent - answer.start
        let decoding = took.seconds - answer.questionSeconds
        let timings = ImageQuestion.Timings(
            encoding: encoding.seconds, reading: reading.seconds, question: answer.questionSeconds, decoding: decoding,
            tokensPerSecond: decoding > 0 ? Double(answer.tokens.count - 1) / decoding : 0,
            imageFlops: (encoding.operations + reading.operations).total, flops: took.operations.total)
        emit(
            .answer(
                .init(
                    index: answer.index, text: answer.text.trimmingCharacters(in: .whitespacesAndNewlines),
                    tokens: answer.tokens, finished: finished, timings: timings)))
        finish(.answer)
        let next = answer.index + 1
        if next < questions.count { stages.add { [unowned self] in try ask(next) } }
    }
}

/// An answer on its way.
private final class AnswerInProgress {
    let index: Int
    let sequence: TokenSequence
    var planner: ReadingPlanner
    var start = Job.Spent()
    var questionSeconds = 0.0
    private(set) var tokens: [Int] = []
    private(set) var text = ""
    private var sampler: TokenSampler
    private var detokenizer: StreamingDetokenizer?
    private let forced: [Int]?
    private let observe: ((Int, [Float]) -> Void)?

    init(
        index: Int, sequence: TokenSequence, planner: ReadingPlanner, _ request: ImageQuestion.Request,
        _ tokenizer: Tokenizer?, forced: [Int]?, observe: ((Int, [Float]) -> Void)?
    ) {
        (self.index, self.sequence, self.planner) = (index, sequence, planner)
        (self.forced, self.observe) = (forced, observe)
        sampler = TokenSampler(request.sampling)
        detokenizer = tokenizer.map { StreamingDetokenizer($0) }
    }

    /// The next token after `logits` `[1, vocabulary]`.
    func choose(_ logits: Tensor) throws -> Int {
        guard logits.isFinite else { throw ModelError.notFinite("the logits") }
        let values = logits.floats()
        observe?(index, values)
        let token = forced?[tokens.count] ?? sampler.next(values)
        tokens.append(token)
        return token
    }

    /// The text that a token adds, if any.
    func append(_ token: Int) -> String? { tell(detokenizer?.append(token)) }

    /// The text that was still held back.
    func finishText() -> String? { tell(detokenizer?.finish()) }

    private func tell(_ piece: String?) -> String? {
        guard var piece else { return nil }
        // The model's own leading blank is no part of the answer.
        if text.isEmpty { piece = String(piece.drop(while: \.isWhitespace)) }
        text += piece
        return piece.isEmpty ? nil : piece
    }
}
