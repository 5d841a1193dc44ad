import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Sequences: forks, marks, cuts, several images, batches of different lengths, and images drawn in mid-conversation.
@Suite struct TokenSequenceTests {
    let model: ShowO2Model
    let special: SpecialTokens
    let latents: [Tensor]

    init() throws {
        model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
        let golden = try Golden("mmu_image_nano")
        special = try #require(golden.manifest.special)
        var random = SeededRandom(seed: 8)
        latents = [try golden["image_latents"].toFloat32(), random.tensor([1, 16, 12, 12]), random.tensor([1, 16, 4, 8])]
    }

    func image(_ i: Int) -> Piece { .image(ImagePiece(latents: latents[i])) }

    func sequence(_ pieces: [Piece], drawing: Bool = false, cut: TokenCut? = nil) throws -> TokenSequence {
        let sequence = try TokenSequence(model: model, special: special, drawing: drawing)
        try SequenceReader(sequence).read(pieces, cut: cut)
        return sequence
    }

    func logits(_ sequence: TokenSequence, _ ids: [Int]) throws -> [Float] {
        try SequenceReader(sequence).logits(after: ids).floats()
    }

    @Test func forksGoTheirOwnWay() throws {
        let base = try sequence([.text([501, 4]), image(0)])
        let (one, two) = (base.fork(), base.fork())
        let first = try logits(one, [5, 6, 7])
        let second = try logits(two, [9])
        #expect(first != second)
        // Neither the other fork nor the base has noticed.
        #expect(try logits(base.fork(), [5, 6, 7]) == first)
        #expect(try logits(two.fork(), [11]) == logits(two, [11]))
        #expect(base.count == 2 + 39 && one.count == base.count + 3 && two.count == base.count + 2)
    }

    /// An image read once serves many questions without a copy of its keys and values.
    @Test func forksShareMemory() throws {
        let base = try sequence([.text(Array(repeating: 4, count: 700))])
        let forks = (0..<8).map { _ in base.fork() }
        for fork in forks { _ = try logits(fork, [5]) }
        let alone = base.byteCount
        // Of three pages each fork has its own last one.
        #expect(TokenSequence.byteCount(of: [base] + forks) == alone + 8 * alone / 3)
    }

    @Test func marksAreComeBackTo() throws {
        let base = try sequence([.text([501]), image(0)], cut: TokenCut(layer: 1) { Array($0.indices.prefix(10)) })
        let mark = base.mark
        let first = try logits(base, [3, 4])
        try SequenceReader(base).read([image(1), .text([7])])
        base.rewind(to: mark)
        #expect(try logits(base, [3, 4]) == first)
    }

    /// Text and images follow an image whose tokens were cut: as if the kept tokens alone had been read in the later layers.
    @Test func imagesFollowACut() throws {
        let keepsAll = TokenCut(layer: 1) { Array($0.indices) }
        let whole = try sequence([.text([501]), image(0), .text([8, 9]), image(1), .text([10])])
        // Cutting nothing, in two readings: exactly the same.
        let same = try sequence([.text([501]), image(0)], cut: keepsAll)
        try SequenceReader(same).read([.text([8, 9]), image(1)], cut: keepsAll)
        try SequenceReader(same).read([.text([10])])
        let expected = try logits(whole, [11])
        #expect(relativeError(try logits(same, [11]), expected) < 1e-5)
        // Cutting for good gives numbers, other ones, and positions go on as if nothing was cut.
        let cut = try sequence([.text([501]), image(0)], cut: TokenCut(layer: 1) { Array($0.indices.prefix(9)) })
        try SequenceReader(cut).read([.text([8, 9]), image(1), .text([10])], cut: TokenCut(layer: 2) { [$0.count - 1] })
        #expect(cut.count + 1 == whole.count)  // which has read one more
        let values = try logits(cut, [11])
        #expect(values.allSatisfy(\.isFinite) && relativeError(values, expected) > 1e-3)
    }

    /// Pieces read in one pass or one by one are the same.
    @Test func piecesTogetherEqualPiecesApart() throws {
        let pieces: [Piece] = [.text([501, 2]), image(0), .text([5]), image(2), image(1), .text([6, 7])]
        let together = try sequence(pieces)
        let apart = try TokenSequence(model: model, special: special)
        for piece in pieces { try SequenceReader(apart).read([piece]) }
        #expect(try logits(together, [8]) == logits(apart, [8]))
    }

    /// A sequence's logits do not depend on who is read beside it.
    @Test(arguments: [Precision.f32, .bf16, .int8])
    func batchesGiveTheVeryLogits(precision: Precision) throws {
        let model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: precision, threads: 2))
        var random = SeededRandom(seed: 3)
        func sequences() throws -> [TokenSequence] {
            try (0..<9).map { i in
                let sequence = try TokenSequence(model: model, special: special)
                try SequenceReader(sequence).read([.text(Array(repeating: i + 1, count: 1 + 37 * i)), image(i % 3)])
                return sequence
            }
        }
        let (alone, beside) = (try sequences(), try sequences())
        let (single, batch) = (DecodeBatch(), DecodeBatch())
        for round in 0..<3 {
            let ids = (0..<9).map { _ in Int(random.next() % 500) }
            let members = Array((0..<9).shuffled(using: &random).prefix(9 - round))
            let together = try batch.logits(after: members.map { (beside[$0], ids[$0]) })
            for (row, i) in members.enumerated() {
                let own = try single.logits(after: [(alone[i], ids[i])]).floats()
                #expect(together.rows(row..<row + 1).floats() == own, "sequence \(i), round \(round)")
            }
        }
    }

    /// An image drawn behind text and another image: each evaluation equals computing everything anew, as the official code does.
    @Test func drawsInMidConversation() throws {
        let grid = model.geometry.grid
        let schedule = try FlowSchedule(steps: 5, timeShift: 3)
        let text = [501, 3, 4, 5]
        let history: [Piece] = [.text(text), .image(ImagePiece(latents: latents[1], mask: .generation)), .text([6, 7, special.beginOfImage])]
        let conditional = try sequence(history, drawing: true)
        let unconditional = try sequence([.text([501, special.beginOfImage])], drawing: true)
        let denoising = try Denoising(
            after: [conditional], guidedFrom: [unconditional], schedule: schedule, grid: grid)
        try denoising.preparation.finish()
        var random = SeededRandom(seed: 4)
        let x = random.tensor(denoising.latentShape)
        for step in 0..<schedule.evaluations {
            let branches = try denoising.branches(x, step: step)
            let expected = try anew(text, latents[1], [6, 7, special.beginOfImage], x, time: schedule.time(step))
            #expect(relativeError(branches.rows(0..<1).floats(), expected.floats()) < 1e-5, "step \(step)")
        }
        #expect(conditional.count == text.count + 39 + 3)
    }

    /// The velocity of `x` behind text, an image (at t = 1) and text, in one pass over the whole sequence.
    func anew(_ before: [Int], _ history: Tensor, _ between: [Int], _ x: Tensor, time: Float) throws -> Tensor {
        let (geometry, workspace) = (model.geometry, Workspace())
        let ids = before + [special.beginOfImage]
        let first = SequenceLayout(prefix: ids.count, imageTokens: 36)
        let after = [special.endOfImage] + between
        let second = SequenceLayout(prefix: first.span.upperBound + after.count, imageTokens: 36)
        let length = second.span.upperBound
        let (clean, now) = (try model.conditioning([1]), try model.conditioning([time]))
        let hidden = Tensor(zeros: [length, geometry.llm.hidden])
        model.embed(ids, into: hidden, from: 0)
        hidden.rows(first.time..<first.time + 1).copy(from: clean.tokens)
        hidden.rows(first.image).copy(from: try model.fusion.embeddings(history, model.compute))
        model.embed(after, into: hidden, from: first.span.upperBound)
        hidden.rows(second.time..<second.time + 1).copy(from: now.tokens)
        hidden.rows(second.image).copy(from: try model.fusion.embeddings(x, model.compute))
        var rows = RowLayout()
        let limits = (0..<length).map { slot in
            first.span.contains(slot) ? first.span.upperBound : second.span.contains(slot) ? length : slot + 1
        }
        rows.append(sequence: 0, slots: Array(0..<length), positions: Array(0..<length), limits: limits)
        try model.decoder.run(hidden, rows, sequences: 1, workspace)
        let normed = Tensor(zeros: hidden.shape)
        model.compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        // Two images of two times: adaLN is by image, so that the head runs its layers in two parts.
        let state = try model.head.projected(normed, width: geometry.head.hidden, workspace)
        let stages = Stages()
        let caches = try model.head.makeCaches()
        let (past, present) = (0..<second.prefix, second.span)
        try model.head.add(
            to: stages, state.rows(past), rows.rows(past), caches: { [caches[$0]] }, clean.modulations[0],
            modulated: RowMask(past.map { first.span.contains($0) }), workspace)
        try stages.finish()
        let own = state.rows(present)
        try model.head.add(
            to: stages, own, rows.rows(present), caches: { [caches[$0]] }, now.modulations[0], workspace)
        try stages.finish()
        let output = try model.head.velocities(own, now.modulations[0], workspace)
        let velocity = Tensor(zeros: x.shape)
        Patches.join(output.rows(1..<37), channels: geometry.latentChannels, into: velocity)
        return velocity
    }

    @Test func refusals() throws {
        let sequence = try TokenSequence(model: model, special: special)
        func expectRefusal(_ word: String, _ pieces: [Piece]) throws {
            let error = try #require(throws: ModelError.self) { try SequenceReader(sequence).read(pieces) }
            #expect("\(error)".contains(word) && !"\(error)".contains("\n"))
        }
        try expectRefusal("nothing", [])
        try expectRefusal("nothing", [.text([])])
        try expectRefusal("-1", [.text([-1])])
        try expectRefusal("512", [.text([512])])
        try expectRefusal("32768", [.text(Array(repeating: 1, count: 32_769))])
        try expectRefusal("[1, 16, h, w]", [.image(ImagePiece(latents: Tensor(zeros: [1, 16, 3, 4])))])
        try expectRefusal("[1, 16, h, w]", [.image(ImagePiece(latents: Tensor(zeros: [1, 8, 4, 4])))])
        #expect(sequence.count == 0)
    }
}
