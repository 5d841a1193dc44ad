import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Videos of which only what changes is embedded.
@Suite struct VideoChangesTests {
    let model: ShowO2Model
    let special: SpecialTokens
    /// Four frames `[4, 16, 12, 12]`, 36 tokens and 9 cells each: the second is the first.
    let latents: Tensor

    init() throws {
        model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        special = try #require(Golden("mmu_video4_nano").manifest.special)
        var random = SeededRandom(seed: 8)
        latents = random.tensor([4, 16, 12, 12])
        latents.rows(1..<2).copy(from: latents.rows(0..<1))
    }

    static let all = Array(0..<9)

    func read(_ latents: Tensor, _ changes: VideoPiece.Changes?, cut: TokenCut? = nil) throws -> (
        logits: [Float], kept: [[Int]]
    ) {
        let sequence = try TokenSequence(model: model, special: special)
        let video = VideoPiece(latents: latents, mask: .full, changes: changes)
        let pass = try ReadingPass([(sequence, [.text([501, 4]), .video(video), .text([7])])], cut: cut)
        try pass.finish()
        return (try SequenceReader(sequence).logits(after: [3, 4, 5]).floats(), pass.keptTokens)
    }

    /// A copy in which frames `later` are like frame `frame`.
    func repeating(_ frame: Int, at later: [Int]) -> Tensor {
        let copy = Tensor(latents.floats(), shape: latents.shape)
        for other in later { copy.rows(other..<other + 1).copy(from: latents.rows(frame..<frame + 1)) }
        return copy
    }

    @Test("Where every cell of every frame changed, all is as without", arguments: VideoPiece.Changes.Others.allCases)
    func everything(others: VideoPiece.Changes.Others) throws {
        let changes = VideoPiece.Changes(cells: Array(repeating: Self.all, count: 4), others: others)
        #expect(try read(latents, changes).logits == read(latents, nil).logits)
    }

    @Test("A frame that is the one before it costs nothing and changes nothing")
    func same() throws {
        let exact = try read(latents, nil)
        let reused = try read(latents, .init(cells: [Self.all, [], Self.all, Self.all]))
        #expect(reused.logits == exact.logits)
        #expect(reused.kept.isEmpty)
    }

    /// What is read again of a frame sees the old keys and values of the rest: where nothing has changed, that is the frame itself, bit by bit.
    @Test(
        "Reading some cells again changes nothing where they are what they were", arguments: [[4], [0, 5], [2, 3, 8]])
    func again(cells: [Int]) throws {
        let exact = try read(latents, nil)
        #expect(try read(latents, .init(cells: [Self.all, cells, Self.all, Self.all])).logits == exact.logits)
        for place in [TokenCut.Place.llm(layer: 1), .encoder(tail: 1), .encoder(tail: 0)] {
            let cut = TokenCut(place, sees: []) { Array(0..<$0.count) }
            let run = try read(latents, .init(cells: [Self.all, cells, Self.all, Self.all]), cut: cut)
            // Behind a cut in the encoder the kept cells of a frame see each other alone.
            if place == .llm(layer: 1) { #expect(run.logits == exact.logits) }
            #expect(run.kept == Array(repeating: Self.all, count: 4))
        }
    }

    @Test("What no changed cell looks at is not looked at")
    func unseen() throws {
        let changes = VideoPiece.Changes(cells: [Self.all, [], [], [0]])
        let still = try read(repeating(0, at: [1, 2, 3]), changes)
        #expect(try read(repeating(0, at: [1, 3]), changes).logits == still.logits)
        #expect(try read(latents, .init(cells: [Self.all, [], [], []])).logits == still.logits)
        #expect(try read(latents, changes).logits != still.logits)
    }

    @Test("Cells that vanish are what a cut before the whole encoder leaves out")
    func vanishing() throws {
        let cut = TokenCut(.encoder(tail: 99), sees: [], scope: .span) { Array(0..<$0.count).filter { $0 / 9 != 1 } }
        let expected = try read(latents, nil, cut: cut)
        let run = try read(latents, .init(cells: [Self.all, [], Self.all, Self.all], others: .vanish))
        #expect(run.logits == expected.logits)
        #expect(run.kept == expected.kept)
        #expect(run.kept == [Self.all, [], Self.all, Self.all])
        let some = try read(latents, .init(cells: [Self.all, [1, 7], [], [3]], others: .vanish))
        #expect(some.kept == [Self.all, [1, 7], [], [3]])
        #expect(some.logits != run.logits)
    }

    @Test("What a cut keeps of cells that stay as they were")
    func cuts() throws {
        var counts: [Int] = []
        func cut(_ place: TokenCut.Place, _ scope: TokenCut.Scope = .image) -> TokenCut {
            counts = []
            return TokenCut(place, sees: Set(TokenCut.Sight.allCases), scope: scope) {
                counts.append($0.count)
                #expect($0.valueNorms?.count == $0.count && $0.keyNorms?.count == $0.count)
                #expect($0.changes?.count == $0.count && $0.features?.count == $0.count)
                return (0..<$0.count).filter { $0 % 2 == 0 }
            }
        }
        let even = [0, 2, 4, 6, 8]
        let cells = [Self.all, [], [1, 4, 5], [2]]
        // In the encoder a cell that is not read again stays if it stayed when it was.
        var run = try read(latents, .init(cells: cells), cut: cut(.encoder(tail: 1)))
        #expect(counts == [9, 3, 1])
        #expect(run.kept == [even, even, [0, 1, 2, 5, 6, 8], [0, 1, 2, 5, 6, 8]])
        run = try read(latents, .init(cells: cells, others: .vanish), cut: cut(.encoder(tail: 1)))
        #expect(counts == [9, 3, 1])
        #expect(run.kept == [even, [], [1, 5], [2]])
        // In the language model it is chosen among what is there.
        run = try read(latents, .init(cells: cells), cut: cut(.llm(layer: 1)))
        #expect(counts == [9, 9, 9, 9])
        #expect(run.kept == [even, even, even, even])
        run = try read(latents, .init(cells: cells, others: .vanish), cut: cut(.llm(layer: 1)))
        #expect(counts == [9, 3, 1])
        #expect(run.kept == [even, [], [1, 5], [2]])
        run = try read(latents, .init(cells: cells, others: .vanish), cut: cut(.llm(layer: 1), .span))
        #expect(counts == [13])
        #expect(run.kept == [even, [], [4], [2]])
    }

    @Test("Every backend reads the same")
    func reference() throws {
        let other = try ShowO2Model.load(Golden.model("nano"), ReferenceCompute())
        let video = VideoPiece(latents: latents, changes: .init(cells: [Self.all, [0], [1, 4, 5], [8]]))
        let logits = try [model, other].map { model in
            let reader = try SequenceReader(model: model, special: special)
            try reader.read([.text([501, 4]), .video(video)])
            return try reader.logits(after: [3, 4, 5]).floats()
        }
        #expect(relativeError(logits[0], logits[1]) < 1e-4)
    }

    @Test(
        "Changes that are none are refused",
        arguments: [
            [all, all, all], [all, [], [], [9]], [all, [], [-1], []], [all, [3, 2], [], []], [all, [2, 2], [], []],
            [[0], all, all, all], [],
        ])
    func refused(cells: [[Int]]) {
        for others in VideoPiece.Changes.Others.allCases {
            #expect(throws: ModelError.self) { try read(latents, .init(cells: cells, others: others)) }
        }
    }

    @Test("The estimate knows of the keys and values that are kept")
    func memory() {
        func bytes(_ reuses: Bool) -> Int {
            MemoryEstimate.reading(
                model.geometry, imageTokens: [], videos: [.init(frames: 4, tokens: 36, cells: 9)], textTokens: 3,
                answerTokens: 3, reuses: reuses, precision: .f32
            ).total
        }
        let vision = model.geometry.vision
        #expect(bytes(true) - bytes(false) >= vision.layers * 36 * 2 * vision.hidden * 4)
    }
}
