import Compute
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Held to the official `inference_mmu_vid.py` (golden files `mmu_video*`): float32, greedy.
@Suite struct VideoParityTests {
    @Test(arguments: ["mmu_video4_nano", "mmu_video4_nano-eq", "mmu_video6_nano"])
    func video(file: String) throws {
        let golden = try Golden(file)
        let special = try #require(golden.manifest.special)
        let name = try #require(file.split(separator: "_").last).description
        let model = try ShowO2Model.load(Golden.model(name), CPUCompute(precision: .f32, threads: 2))
        let prefix = try golden["text_tokens_a"].floats().map { Int($0) }
        let suffix = try golden["text_tokens_b"].floats().map { Int($0) }
        let reading = try SequenceReader(model: model, special: special)
        try reading.read([.text(prefix), .video(VideoPiece(latents: golden["image_latents"]))])
        let expected = try #require(golden.manifest.output_ids)
        let logits = try golden["logits_last_position"]
        var next = Array(suffix.dropFirst(2))
        for (i, token) in expected.enumerated() {
            let values = try reading.logits(after: next).floats()
            #expect(relativeError(values, logits.rows(i..<i + 1).floats()) < 1e-4, "logits of token \(i)")
            #expect(values.indices.max { values[$0] < values[$1] } == token)
            next = [token]
        }
    }
}
