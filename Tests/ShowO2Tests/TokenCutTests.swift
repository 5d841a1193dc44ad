import Compute
import Foundation
import FlashUTesting
import ShowO2
import Tensors
import Testing

/// Cuts in the language model and before it: what selections are shown, what runs for whom, and what becomes of the dropped tokens, each against a plain
/// computation.
@Suite struct TokenCutTests {
    let model: ShowO2Model
    let weights: any TensorSource
    let special: SpecialTokens
    let latents: [Tensor]

    init() throws {
        let folder = Golden.model("nano")
        model = try ShowO2Model.load(folder, CPUCompute(precision: .f32, threads: 2))
        weights = try openWeights(in: folder)
        let golden = try Golden("mmu_image_nano")
        special = try #require(golden.manifest.special)
        var random = SeededRandom(seed: 8)
        latents = [
            try golden["image_latents"].toFloat32(), random.tensor([1, 16, 12, 12]), random.tensor([1, 16, 4, 8]),
        ]
    }

    func image(_ i: Int, padding: Set<Int> = []) -> Piece { .image(ImagePiece(latents: latents[i], padding: padding)) }

    /// Copies of the intermediates of reading `pieces`, and the logits after a question.
    func read(_ pieces: [Piece], _ cut: TokenCut?) throws -> (seen: [String: [Tensor]], logits: [Float], kept: [[Int]])
    {
        let sequence = try TokenSequence(model: model, special: special)
        var seen: [String: [Tensor]] = [:]
        let pass = try ReadingPass(
            [(sequence, pieces)], cut: cut, observe: { seen[$0, default: []].append($1.toFloat32()) })
        try pass.finish()
        let logits = try SequenceReader(sequence).logits(after: [3, 4, 5]).floats()
        return (seen, logits, pass.keptTokens)
    }

    static let everySight = Set(TokenCut.Sight.allCases)
    static let places: [TokenCut.Place] = [
        .llm(layer: 0), .llm(layer: 2), .encoder(tail: 0), .encoder(tail: 1), .encoder(tail: 99),
    ]

    @Test("A cut that keeps all is exact, whatever it looks at and wherever it is", arguments: places)
    func keepsAll(place: TokenCut.Place) throws {
        let pieces = [.text([501, 4]), image(0), .text([7]), image(2)]
        let dense = try read(pieces, nil)
        for scope in [TokenCut.Scope.image, .span] {
            for merges in [false, true] {
                let cut = TokenCut(place, sees: Self.everySight, scope: scope, merges: merges) { Array(0..<$0.count) }
                let run = try read(pieces, cut)
                #expect(run.logits == dense.logits)
                #expect(run.kept == [Array(0..<36), Array(0..<8)])
            }
        }
    }

    @Test("What a selection is shown of the language model is what the layer has")
    func sightsOfTheLanguageModel() throws {
        let dense = try read([.text([501, 4]), image(0)], nil).seen
        var shown: ImageTokens?
        let cut = TokenCut(.llm(layer: 1), sees: Self.everySight) {
            shown = $0
            return [0]
        }
        _ = try read([.text([501, 4]), image(0)], cut)
        let tokens = try #require(shown)
        let rows = 4..<40
        let heads = model.geometry.llm.attention
        try expect(
            tokens, fused: #require(dense["llm.layer1.qkv"]?.first).rows(rows),
            before: #require(dense["llm.layer0"]?.first).rows(rows),
            after: #require(dense["llm.layer1"]?.first).rows(rows), heads)
    }

    /// Holds what was shown to what the tensors of the layer say.
    func expect(_ tokens: ImageTokens, fused: Tensor?, before: Tensor, after: Tensor, _ heads: AttentionGeometry) throws
    {
        func length(_ values: some Sequence<Float>) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let count = after.shape[0]
        #expect(tokens.count == count)
        for i in 0..<count {
            let (a, b) = (before.rows(i..<i + 1).floats(), after.rows(i..<i + 1).floats())
            #expect(abs(try #require(tokens.changes?[i]) - length(zip(a, b).map { $1 - $0 })) < 1e-4)
            if let row = fused?.rows(i..<i + 1).floats() {
                let width = heads.keyValueHeads * heads.headDim
                let (keys, values) = (
                    row[heads.queryWidth..<heads.queryWidth + width], row[(heads.queryWidth + width)...]
                )
                #expect(abs(try #require(tokens.keyNorms?[i]) - length(keys)) < 1e-4)
                #expect(abs(try #require(tokens.valueNorms?[i]) - length(values)) < 1e-4)
            }
        }
        let cosines = try #require(tokens.features).cosines(of: 3..<4)
        let third = after.rows(3..<4).floats()
        for i in 0..<count {
            let row = after.rows(i..<i + 1).floats()
            let expected = zip(third, row).reduce(0) { $0 + $1.0 * $1.1 } / (length(third) * length(row))
            #expect(abs(cosines[i] - expected) < 1e-5)
        }
    }

    /// A row of the encoder's layer by row of another, in plain Swift: what a cut before it must give.
    func encoderLayer(_ i: Int, _ rows: [[Float]]) throws -> (out: [[Float]], fused: [[Float]]) {
        let vision = model.geometry.vision
        func values(_ name: String) throws -> [Float] { try weights.tensor("und_trans.layers.\(i).\(name)").floats() }
        func linear(_ rows: [[Float]], _ name: String) throws -> [[Float]] {
            let (weight, bias) = (try values(name + ".weight"), try values(name + ".bias"))
            return rows.map { x in
                bias.indices.map { o in
                    (0..<x.count).reduce(bias[o]) { $0 + weight[o * x.count + $1] * x[$1] }
                }
            }
        }
        func norm(_ rows: [[Float]], _ name: String) throws -> [[Float]] {
            let (weight, bias) = (try values(name + ".weight"), try values(name + ".bias"))
            return rows.map { x in
                let mean = x.reduce(0, +) / Float(x.count)
                let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(x.count)
                let scale = 1 / (variance + model.geometry.visionEpsilon).squareRoot()
                return x.indices.map { (x[$0] - mean) * scale * weight[$0] + bias[$0] }
            }
        }
        let x = try norm(rows, "layer_norm1")
        let (q, k, v) = (
            try linear(x, "self_attn.q_proj"), try linear(x, "self_attn.k_proj"), try linear(x, "self_attn.v_proj")
        )
        let (heads, dim) = (vision.attention.heads, vision.attention.headDim)
        let mixed: [[Float]] = rows.indices.map { row in
            (0..<heads).flatMap { head -> [Float] in
                let columns = head * dim..<(head + 1) * dim
                let scores = rows.indices.map { other in
                    columns.reduce(Float(0)) { $0 + q[row][$1] * k[other][$1] } / Float(dim).squareRoot()
                }
                let most = scores.max() ?? 0
                let powers = scores.map { exp($0 - most) }
                let total = powers.reduce(0, +)
                return columns.map { column in zip(powers, v).reduce(Float(0)) { $0 + $1.0 * $1.1[column] } / total }
            }
        }
        func sum(_ a: [[Float]], _ b: [[Float]]) -> [[Float]] { zip(a, b).map { zip($0, $1).map(+) } }
        let attended = sum(rows, try linear(mixed, "self_attn.out_proj"))
        let inner = try linear(norm(attended, "layer_norm2"), "mlp.fc1").map { row in
            row.map { $0 / 2 * (1 + tanh((2 / Float.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
        }
        return (sum(attended, try linear(inner, "mlp.fc2")), rows.indices.map { q[$0] + k[$0] + v[$0] })
    }

    func matrix(_ tensor: Tensor) -> [[Float]] { (0..<tensor.shape[0]).map { tensor.rows($0..<$0 + 1).floats() } }
    func tensor(_ rows: [[Float]]) -> Tensor { Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count]) }

    @Test(
        "In the encoder the last layers run for the kept tokens alone, which see each other alone",
        arguments: [false, true])
    func encoderCut(merges: Bool) throws {
        let dense = try read([.text([501, 4]), image(0)], nil).seen
        let layers = model.geometry.vision.layers
        let kept = [0, 3, 4, 17, 20, 35]
        var shown: ImageTokens?
        let cut = TokenCut(.encoder(tail: 1), sees: Self.everySight, merges: merges) {
            shown = $0
            return kept
        }
        let run = try read([.text([501, 4]), image(0)], cut)
        #expect(run.kept == [kept])
        let before = try #require(
            layers > 2 ? dense["und_trans.layer\(layers - 3)"]?.first : nil, "the golden model has three layers or more"
        )
        let after = try #require(dense["und_trans.layer\(layers - 2)"]?.first)
        let plain = try encoderLayer(layers - 2, matrix(before))
        #expect(relativeError(plain.out.flatMap(\.self), after.floats()) < 1e-5, "the plain layer is the encoder's")
        try expect(
            #require(shown), fused: tensor(plain.fused), before: before, after: after, model.geometry.vision.attention)

        var rows = kept.map { matrix(after)[$0] }
        if merges {
            let clusters = try TokenMerging.clusters(
                TokenFeatures([after], model.compute), kept: kept, padding: [])
            rows = clusters.map { cluster in
                (0..<after.shape[1]).map { column in
                    cluster.reduce(0) { $0 + matrix(after)[$1][column] } / Float(cluster.count)
                }
            }
        }
        let expected = try encoderLayer(layers - 1, rows).out.flatMap(\.self)
        let features = try #require(run.seen["und_trans"]?.first)
        #expect(features.shape == [6, after.shape[1]])
        #expect(relativeError(features.floats(), expected) < 1e-5)
        // The language model reads prefix, boi, time, six tokens and eoi.
        #expect(run.seen["llm.input"]?.first?.shape[0] == 2 + 2 + 6 + 1)
    }

    /// What follows a cut before the language model equals that model run by hand on the kept rows, at their own positions.
    @Test func languageModelSeesTheKeptAtTheirPositions() throws {
        let kept = [1, 2, 8, 21, 34]
        let run = try read([.text([501, 4]), image(0)], TokenCut(.encoder(tail: 0), sees: []) { _ in kept })
        let dense = try #require(try read([.text([501, 4]), image(0)], nil).seen["llm.input"]?.first)
        let staying = [0, 1, 2, 3] + kept.map { 4 + $0 } + [40]
        let hidden = dense.gatheringRows(staying)
        #expect(relativeError(try #require(run.seen["llm.input"]?.first).floats(), hidden.floats()) < 1e-6)
        var rows = RowLayout()
        // Text and time are causal, the tokens and eoi see each other.
        rows.append(
            sequence: 0, slots: Array(staying.indices), positions: staying,
            limits: staying.indices.map { $0 < 4 ? $0 + 1 : staying.count })
        try model.decoder.run(hidden, rows, sequences: 1, Workspace())
        let last = try #require(run.seen["llm.layer\(model.geometry.llm.layers - 1)"]?.first)
        #expect(relativeError(last.floats(), hidden.floats()) < 1e-5)
    }

    @Test("In the language model each dropped token goes into its nearest after the layer")
    func mergingInTheLanguageModel() throws {
        let dense = try #require(try read([.text([501, 4]), image(0)], nil).seen["llm.layer1"]?.first)
        let kept = [5, 6, 30]
        let run = try read(
            [.text([501, 4]), image(0)], TokenCut(.llm(layer: 1), sees: [], merges: true) { _ in kept })
        let tokens = dense.rows(4..<40)
        let clusters = try TokenMerging.clusters(TokenFeatures([tokens], model.compute), kept: kept, padding: [])
        TokenMerging.merge(clusters) { tokens.rows($0..<$0 + 1) }
        let expected = dense.gatheringRows([0, 1, 2, 3] + kept.map { 4 + $0 } + [40])
        #expect(relativeError(try #require(run.seen["tokens.chosen"]?.first).floats(), expected.floats()) < 1e-6)
    }

    @Test(
        "Over the whole span the images' tokens are chosen among each other, and an image may lose all",
        arguments: places)
    func span(place: TokenCut.Place) throws {
        var counts: [Int] = []
        let cut = TokenCut(place, sees: Self.everySight, scope: .span, merges: true) {
            counts.append($0.count)
            #expect($0.padding == [1, 38])
            #expect($0.valueNorms?.count == 80 && $0.changes?.count == 80 && $0.features?.count == 80)
            return [3, 35, 50]
        }
        let pieces = [.text([501]), image(0, padding: [1]), .text([7]), image(1, padding: [2]), image(2), .text([9])]
        let run = try read(pieces, cut)
        #expect(counts == [80] && run.kept == [[3, 35], [14], []])
        #expect(run.logits.allSatisfy { $0.isFinite })
        let dense = try read(pieces, nil)
        #expect(relativeError(run.logits, dense.logits) > 1e-3)
        // Each image on its own is asked about on its own.
        counts = []
        _ = try read(
            pieces,
            TokenCut(place, sees: []) {
                counts.append($0.count); return [0]
            })
        #expect(counts == [36, 36, 8])
    }

    /// The rows of each sequence are chosen among by themselves, and a sequence's logits don't depend on who is read beside it.
    @Test(arguments: places) func severalSequences(place: TokenCut.Place) throws {
        let cut = TokenCut(place, sees: [.values], scope: .span) { tokens in
            let norms = tokens.valueNorms ?? []
            let middle = norms.sorted()[norms.count / 2]
            return norms.indices.filter { norms[$0] < middle }
        }
        let readings: [[Piece]] = [[.text([501]), image(0)], [.text([3, 4, 5]), image(1), image(2)]]
        let sequences = try readings.map { _ in try TokenSequence(model: model, special: special) }
        let pass = try ReadingPass(Array(zip(sequences, readings)), cut: cut)
        try pass.finish()
        for (sequence, pieces) in zip(sequences, readings) {
            let together = try SequenceReader(sequence).logits(after: [3, 4, 5]).floats()
            #expect(try together == read(pieces, cut).logits)
        }
    }

    @Test("Fewer operations the earlier tokens are dropped")
    func operations() throws {
        func work(_ place: TokenCut.Place?) throws -> Int {
            let before = model.compute.meter.reading
            _ = try read(
                [.text([501]), image(0)], place.map { TokenCut($0, sees: []) { Array(0..<$0.count / 4) } })
            return (model.compute.meter.reading - before).total
        }
        let all = try [nil, .llm(layer: 1), .llm(layer: 0), .encoder(tail: 0), .encoder(tail: 1)].map(work)
        #expect(all == all.sorted(by: >) && Set(all).count == all.count)
    }

    @Test("The estimate grows by what choosing takes")
    func memory() {
        func bytes(_ cut: TokenCut?) -> Int {
            MemoryEstimate.reading(
                model.geometry, imageTokens: [36, 36], textTokens: 9, answerTokens: 4, cut: cut, precision: .f32
            ).total
        }
        let plain = bytes(TokenCut(.llm(layer: 1), sees: [.values]) { _ in [0] })
        #expect(plain == bytes(nil))
        #expect(bytes(TokenCut(.llm(layer: 1), sees: [.change]) { _ in [0] }) > plain)
        let image = bytes(TokenCut(.encoder(tail: 1), sees: [.hidden]) { _ in [0] })
        #expect(
            image > plain
                && bytes(TokenCut(.encoder(tail: 1), sees: [], scope: .span, merges: true) { _ in [0] }) > image)
    }
}
