import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// The exact savings of understanding (facts file, 3 and 5), each against the computation that it saves; float32.
@Suite struct ExactReadingTests {
    struct Case {
        let golden: Golden
        let model: ShowO2Model
        let special: SpecialTokens
        let prefix: [Int]
        let question: [Int]

        init(_ name: String) throws {
            golden = try Golden("mmu_image_\(name)")
            model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
            special = try #require(golden.manifest.special)
            prefix = try golden["text_tokens_a"].integers()
            question = try golden["text_tokens_b"].integers().dropFirst(2).map { $0 }
        }

        /// A sequence with the image read.
        func reading(whole: Bool = false) throws -> SequenceReader {
            let reading = try SequenceReader(model: model, special: special)
            try reading.read(
                [.text(prefix), .image(ImagePiece(latents: golden["image_latents"]))], whole: whole)
            return reading
        }
    }

    /// 3: the logits of the last row alone are the last of the logits that the official code computes for all rows.
    @Test(arguments: ["nano", "nano-eq"])
    func lastRowOfTheOfficialLogits(name: String) throws {
        let test = try Case(name)
        let logits = try test.reading().logits(after: test.question).floats()
        let all = try test.golden["logits_first_step_all_positions"].floats()
        #expect(logits.count == test.model.geometry.vocabulary)
        #expect(relativeError(logits, all.suffix(logits.count).map { $0 }) < 1e-5)
    }

    /// 3: and the output projection of one row is that row of the projection of all rows.
    @Test func lastRowEqualsAllRows() throws {
        let test = try Case("nano")
        var random = SeededRandom(seed: 3)
        let hidden = random.tensor([7, test.model.geometry.llm.hidden])
        let all = try test.model.decoder.logits(hidden, Workspace())
        let last = try test.model.decoder.logits(hidden.rows(6..<7), Workspace())
        #expect(relativeError(last.floats(), all.rows(6..<7).floats()) < 1e-6)
    }

    /// 3: nobody reads the last layer's output at the image; its attention and FFN are left out there, and no bit of an answer changes.
    @Test(arguments: ["nano", "nano-eq"])
    func lastLayerStopsAtItsKeysAndValues(name: String) throws {
        let test = try Case(name)
        let meter = try #require(test.model.compute as? CPUCompute).meter
        func run(whole: Bool) throws -> (logits: [Float], work: Int) {
            let before = meter.reading
            let reading = try test.reading(whole: whole)
            let work = (meter.reading - before).total
            return (try reading.logits(after: test.question).floats(), work)
        }
        let (whole, short) = (try run(whole: true), try run(whole: false))
        #expect(whole.logits == short.logits)
        let llm = test.model.geometry.llm
        let rows = test.prefix.count + test.model.geometry.imageTokens + 3
        let left = 2 * rows * llm.hidden * (llm.attention.queryWidth + 3 * llm.intermediate)
        #expect(whole.work - short.work >= left && whole.work - short.work < 2 * left)
    }

    /// 5: decoding token by token from kept K/V equals reading the whole sequence anew for every token.
    @Test(arguments: ["nano", "nano-eq"])
    func keptKeysAndValuesEqualRecomputing(name: String) throws {
        let test = try Case(name)
        let tokens = try #require(test.golden.manifest.output_ids)
        let kept = try test.reading()
        var logits = try kept.logits(after: test.question).floats()
        for count in 0..<12 {
            let anew = try test.reading().logits(after: test.question + tokens.prefix(count)).floats()
            #expect(relativeError(logits, anew) < 1e-5, "token \(count)")
            logits = try kept.logits(after: [tokens[count]]).floats()
        }
    }

    /// 5: a second question on the image equals asking it alone, whatever was asked and answered before.
    @Test(arguments: ["nano", "nano-eq"])
    func secondQuestionEqualsAskingAlone(name: String) throws {
        let test = try Case(name)
        let other = [5, 9, 200, 31, 77, 12, 450]
        let alone = try test.reading().logits(after: other).floats()
        let reading = try test.reading()
        let mark = reading.sequence.mark
        let first = try reading.logits(after: test.question).floats()
        for token in [4, 8, 15, 16, 23, 42] { _ = try reading.logits(after: [token]) }
        reading.sequence.rewind(to: mark)
        #expect(try reading.logits(after: other).floats() == alone)
        #expect(first != alone)
    }
}
