import Compute
import FlashU
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Attention received, against the attention matrix that the oracle (`ReferenceCompute`) computes of the same projections.
@Suite struct ReceivedAttentionTests {
    struct Case {
        let golden: Golden
        let model: ShowO2Model
        let special: SpecialTokens
        let prefix: [Int]
        let question: [Int]
        let layout: SequenceLayout

        init() throws {
            golden = try Golden("mmu_image_nano")
            model = try ShowO2Model.load(Golden.model("nano"), CPUCompute(precision: .f32, threads: 2))
            special = try #require(golden.manifest.special)
            prefix = try golden["text_tokens_a"].integers()
            question = try golden["text_tokens_b"].integers().dropFirst(2).map { $0 }
            layout = SequenceLayout(prefix: prefix.count + 1, imageTokens: model.geometry.imageTokens)
        }

        /// Reads image and question; returns the last logits.
        func read(
            _ plan: ReadingPlan = ReadingPlan(probes: [.attention]), probe: ProbeSink? = nil, observe: Observer? = nil
        ) throws -> [Float] {
            let reading = try SequenceReader(model: model, special: special)
            try reading.read(
                [.text(prefix), .image(ImagePiece(latents: golden["image_latents"]))], plan, probe: probe,
                observe: observe)
            return try reading.logits(after: question, plan, probe: probe, observe: observe).floats()
        }
    }

    /// The whole attention matrix `[rows][heads][slots]` of a sequence whose projections `fused` are given: with one-hot values, what attention
    /// mixes are its probabilities.
    func probabilities(_ fused: [Float], _ test: Case, _ rows: RowLayout) throws -> [[[Float]]] {
        let geometry = test.model.geometry.llm.attention
        let (d, width) = (geometry.headDim, geometry.fusedWidth)
        let rotary = RotaryTable(
            inverseFrequencies: (0..<d / 2).map { 1 / pow(test.model.geometry.ropeTheta, Double(2 * $0) / Double(d)) },
            positions: rows.count)
        let oracle = ReferenceCompute()
        var out = Array(
            repeating: Array(repeating: [Float](repeating: 0, count: rows.count), count: geometry.heads),
            count: rows.count)
        for first in stride(from: 0, to: rows.count, by: d) {
            var marked = fused
            for row in 0..<rows.count {
                for head in 0..<geometry.keyValueHeads {
                    let value = row * width + (geometry.heads + geometry.keyValueHeads + head) * d
                    for i in 0..<d { marked[value + i] = first + i == row ? 1 : 0 }
                }
            }
            let queries = Tensor(zeros: [rows.count, geometry.queryWidth])
            let mixed = Tensor(zeros: [rows.count, geometry.queryWidth])
            let caches = [oracle.makeCache(geometry)]
            oracle.heads(Tensor(marked, shape: [rows.count, width]), geometry, nil, rotary, rows, caches, into: queries)
            oracle.attention(queries, geometry, rows, caches, into: mixed)
            let values = mixed.floats()
            for row in 0..<rows.count {
                for head in 0..<geometry.heads {
                    for slot in first..<min(first + d, rows.count) {
                        out[row][head][slot] = values[row * geometry.queryWidth + head * d + slot - first]
                    }
                }
            }
        }
        return out
    }

    @Test func equalsTheWholeMatrix() throws {
        let test = try Case()
        let geometry = test.model.geometry.llm
        var fused = Array(repeating: [Float](), count: geometry.layers)
        var received = ReceivedAttention(slots: test.layout.image, layers: geometry.layers, compute: test.model.compute)
        _ = try test.read { reading in
            guard case .attention(let layer, let inputs) = reading else { return }
            #expect(throws: Never.self) { try received.add(layer: layer, inputs) }
        } observe: { name, tensor in
            for layer in 0..<geometry.layers where name == "llm.layer\(layer).qkv" { fused[layer] += tensor.floats() }
        }

        let count = test.layout.understandingSpan.upperBound + test.question.count
        var rows = RowLayout()
        rows.append(sequence: 0, start: 0, count: count, span: test.layout.understandingSpan)
        // All that see the image: the image's own rows, eoi, and the question's.
        let seeing = test.layout.image.lowerBound..<count
        for (layer, measured) in received.layers.enumerated() {
            let matrix = try probabilities(fused[layer], test, rows)
            for row in matrix { for head in row { #expect(abs(head.reduce(0, +) - 1) < 1e-5) } }
            let expected = test.layout.image.map { slot in
                seeing.reduce(Float(0)) { sum, row in sum + matrix[row].reduce(Float(0)) { $0 + $1[slot] } }
                    / Float(seeing.count * geometry.attention.heads)
            }
            #expect(relativeError(measured.attention.map { Float($0) }, expected) < 1e-5, "layer \(layer)")
            let width = geometry.attention.fusedWidth
            let valueStart = width - geometry.attention.keyValueHeads * geometry.attention.headDim
            let norms = test.layout.image.map { slot in
                fused[layer][slot * width + valueStart..<(slot + 1) * width].reduce(0) { $0 + $1 * $1 }.squareRoot()
            }
            #expect(relativeError(measured.norms.map { Float($0) }, norms) < 1e-5, "layer \(layer)")
        }
    }

    @Test func lookingOnChangesNothing() throws {
        let test = try Case()
        var layers: [Int] = []
        let watched = try test.read { if case .attention(let layer, _) = $0 { layers.append(layer) } }
        #expect(layers == Array(0..<4) + Array(0..<4))
        #expect(try watched == test.read(.dense))
    }

    /// The norms that an analysis shows are those that pruning decides by.
    @Test func normsAreThoseOfTheCut() throws {
        let test = try Case()
        var received = ReceivedAttention(slots: test.layout.image, layers: 4, compute: test.model.compute)
        var seen: [Float] = []
        let reading = try SequenceReader(model: test.model, special: test.special)
        let cut = TokenCut(layer: 1) { norms in
            seen = norms
            return Array(norms.indices)
        }
        try reading.read(
            [.text(test.prefix), .image(ImagePiece(latents: test.golden["image_latents"]))],
            ReadingPlan(probes: [.attention]), cut: cut
        ) { reading in
            guard case .attention(let layer, let inputs) = reading else { return }
            #expect(throws: Never.self) { try received.add(layer: layer, inputs) }
        }
        #expect(relativeError(received.layers[1].norms.map { Float($0) }, seen) < 1e-6)
    }
}
