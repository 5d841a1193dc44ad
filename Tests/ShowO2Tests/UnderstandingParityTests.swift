import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Held to the official `mmu_generate` and `lm_generate` (golden files `mmu_image_*`, `lm_*`): float32, greedy.
@Suite struct UnderstandingParityTests {
    func greedy(_ reading: SequenceReader, _ ids: [Int], count: Int, against logits: Tensor) throws -> [Int] {
        var next = ids
        var answer: [Int] = []
        for i in 0..<count {
            let values = try reading.logits(after: next).floats()
            #expect(relativeError(values, logits.rows(i..<i + 1).floats()) < 1e-4, "logits of token \(i)")
            let token = try #require(values.indices.max { values[$0] < values[$1] })
            answer.append(token)
            next = [token]
        }
        return answer
    }

    @Test(arguments: ["nano", "nano-eq"])
    func image(name: String) throws {
        let golden = try Golden("mmu_image_\(name)")
        let special = try #require(golden.manifest.special)
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let prefix = try golden["text_tokens_a"].floats().map { Int($0) }
        let suffix = try golden["text_tokens_b"].floats().map { Int($0) }
        #expect(suffix.prefix(2) == [special.beginOfImage, special.endOfImage])
        let reading = try SequenceReader(model: model, special: special)
        var seen: [String: Tensor] = [:]
        try reading.read(
            [.text(prefix), .image(ImagePiece(latents: golden["image_latents"]))],
            observe: { seen[$0] = $1.toFloat32() })
        for (ours, theirs) in [
            ("image_embedder_gen", "image_embeds_gen"), ("fusion_proj", "image_embeds_fused"),
        ] {
            #expect(relativeError(try #require(seen[ours]).floats(), try golden[theirs].floats()) < 1e-4, "\(theirs)")
        }
        let expected = try #require(golden.manifest.output_ids)
        let mark = reading.sequence.mark
        for _ in 0..<2 {  // a second question on the same image starts from the kept keys and values
            reading.sequence.rewind(to: mark)
            let answer = try greedy(
                reading, Array(suffix.dropFirst(2)), count: expected.count, against: golden["logits_last_position"])
            #expect(answer == expected)
        }
    }

    @Test(arguments: ["nano", "nano-eq"])
    func textOnly(name: String) throws {
        let golden = try Golden("lm_\(name)")
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let expected = try #require(golden.manifest.output_ids)
        let reading = try SequenceReader(model: model, special: #require(golden.manifest.special))
        let answer = try greedy(
            reading, golden["input_ids"].floats().map { Int($0) }, count: expected.count,
            against: golden["logits_last_position"])
        #expect(answer == expected)
    }
}
