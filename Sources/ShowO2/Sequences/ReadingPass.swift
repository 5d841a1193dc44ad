public import Compute
public import Tensors

/// Pieces on their way into one or several sequences, in one pass through the network that is driven stage by stage.
///
/// Official file: `models/modeling_showo2_qwen2_5.py`, `mmu_generate`, `mm_generate` and `lm_generate`, which recompute everything for each token.
/// A sequence has read its pieces when the pass is done; one that is given up leaves all sequences as they were.
public final class ReadingPass {
    /// The work; see `Stages`.
    public let stages = Stages()
    /// How much each layer changed the last row, if the plan measures it: 1 - cosine, `[layers]`.
    public private(set) var layerImportance: [Double] = []
    /// For each image of the pass and each frame of a video, the places of the tokens that stayed, rising; empty when nothing was left out.
    public var keptTokens: [[Int]] {
        guard !staying.isEmpty || images.contains(where: { $0.present != nil }) else { return [] }
        return images.enumerated().map { i, image in
            let kept = staying.isEmpty ? Array(0..<image.tokens.count) : staying[i]
            return image.present.map { present in kept.map { present[$0] } } ?? kept
        }
    }
    /// Of each image and frame, which of its rows stayed; empty when nothing was cut.
    private var staying: [[Int]] = []

    private let model: ShowO2Model
    private let sequences: [TokenSequence]
    private let plan: ReadingPlan
    private let workspace: Workspace
    private let observe: Observer?
    /// The rows of each sequence; fewer once tokens were cut.
    private var rows: [SequenceRows]
    /// Tokens that each sequence reads.
    private let lengths: [Int]
    /// Rows of each sequence in each LLM layer.
    private var slots: [[Int]]
    /// Where images and frames of videos lie among all rows.
    private var images: [PlacedImage] = []
    private let hidden: Tensor

    /// Prepares a pass.
    ///
    /// - Parameters:
    ///   - readings: sequences, each once, with what they read; at least one token each.
    ///   - plan: what is computed, and what is reused or left out.
    ///   - cut: drops tokens of every image.
    ///   - whole: whether to compute what nobody may read: the hidden states of the last layer, of which only keys and values stay when no
    ///     ``logits()`` are asked for.
    ///   - workspace: for intermediates; it must serve nothing else until the pass is done.
    ///   - probe: is shown what the plan's probes see.
    ///   - observe: is shown intermediate results.
    /// - Throws: ``ModelError/request(_:)`` when ids are outside the vocabulary, an image doesn't fit, or a sequence would be longer than
    ///   ``TokenSequence/longest``.
    public init(
        _ readings: [(sequence: TokenSequence, pieces: [Piece])], _ plan: ReadingPlan = .dense, cut: TokenCut? = nil,
        whole: Bool = true, workspace: Workspace = Workspace(), probe: ProbeSink? = nil, observe: Observer? = nil
    ) throws {
        guard let first = readings.first?.sequence else { throw ModelError.request("nothing to read") }
        let model = first.model
        precondition(readings.allSatisfy { $0.sequence.model === model && $0.sequence.canDraw == first.canDraw })
        (self.model, self.plan, self.workspace, self.observe) = (model, plan, workspace, observe)
        sequences = readings.map(\.sequence)
        rows = []
        for (number, reading) in readings.enumerated() {
            var own = SequenceRows(start: reading.sequence.count)
            for piece in reading.pieces {
                let before = own.count
                switch piece {
                case .text(let ids):
                    try model.geometry.check(ids)
                    own.append(ids.count)
                case .image(let image):
                    let tokens = try model.geometry.tokens(of: image.latents)
                    own.append(tokens + 3)  // boi, T, eoi
                    let place = before + 2..<before + 2 + tokens
                    own.spans.append(
                        image.mask == .understanding
                            ? place.lowerBound..<place.upperBound + 1 : place.lowerBound - 1..<place.upperBound)
                    images.append(PlacedImage(image, sequence: number, places: place))
                case .video(let video):
                    let pooling = FramePooling(try model.geometry.frameGrid(of: video.latents), model.geometry)
                    let (frames, cells) = (video.latents.shape[0], pooling.pooled.tokens)
                    let place = before + 2..<before + 2 + frames * cells
                    guard place.upperBound <= TokenSequence.longest else {
                        throw ModelError.request(
                            "\(frames) frames of \(cells) tokens are longer than the \(TokenSequence.longest) tokens that the language model reads; "
                                + "\((TokenSequence.longest - 3) / cells) would fit")
                    }
                    try model.geometry.check(video.changes, of: video.latents)
                    own.append(place.count + 3)  // boi, T, eoi
                    let seen = video.mask == .full ? place.count + 1 : model.geometry.readingGrid.tokens + 1
                    own.spans.append(place.lowerBound..<place.lowerBound + seen)
                    let film = video.changes.map { _ in model.fusion.encoder.filmKeys() }
                    for frame in 0..<frames {
                        let first = place.lowerBound + frame * cells
                        images.append(
                            PlacedImage(
                                video, frame: frame, sequence: number, places: first..<first + cells, pooling, film))
                    }
                }
                guard reading.sequence.count + own.count <= TokenSequence.longest else {
                    throw ModelError.request(
                        "a sequence of more than \(TokenSequence.longest) tokens is longer than the language model reads"
                    )
                }
            }
            guard own.count > 0 else { throw ModelError.request("nothing to read") }
            own.clipSpans()
            rows.append(own)
        }
        let layers = model.decoder.layers.count
        lengths = rows.map(\.count)
        for number in rows.indices { rows[number].leaveOutAbsent(of: &images, sequence: number) }
        slots = rows.map { Array(repeating: $0.count, count: layers) }
        hidden = workspace.tensor("hidden", [rows.reduce(0) { $0 + $1.count }, model.geometry.llm.hidden])
        try checkTimes()
        if let cut, case .encoder(let tail) = cut.place, !images.isEmpty {
            embed(readings, cut, tail: tail)
            stages.add { [unowned self] in
                observe?("llm.input", current)
                runLayers(cut: nil, whole: whole, probe: probe)
            }
        } else {
            embed(readings)
            stages.add { [unowned self] in observe?("llm.input", hidden) }
            runLayers(cut: cut, whole: whole, probe: probe)
        }
    }

    /// Runs all stages that are left.
    public func finish() throws { try stages.finish() }

    /// Logits `[sequences, vocabulary]` float32 of the token that follows each sequence, once the pass is done.
    public func logits() throws -> Tensor {
        let last = workspace.tensor("reading.last", [sequences.count, model.geometry.llm.hidden])
        var end = 0
        for (i, rows) in rows.enumerated() {
            end += rows.count
            last.rows(i..<i + 1).copy(from: hidden.rows(end - 1..<end))
        }
        return try model.decoder.logits(last, workspace)
    }

    /// Writes the input embeddings `[rows, hidden]`.
    private func embed(_ readings: [(sequence: TokenSequence, pieces: [Piece])]) {
        embedSurroundings(readings) { [self] row, image in
            if image.changed != nil { return embedChanges(of: image, from: row) }
            // [tokens, hidden]
            let embeddings = model.fusion.add(to: stages, image.latents, model.compute, workspace, observe: observe)
            stages.add { [hidden] in
                let rows = hidden.rows(row..<row + image.tokens.count)
                if let pooling = image.pooling {
                    pooling.pool(embeddings, into: rows)
                } else {
                    rows.copy(from: embeddings)
                }
            }
        }
    }

    /// Writes the input embeddings of text and of what surrounds images and videos.
    ///
    /// - Parameter embedImage: told the first row of the tokens of each image and each frame.
    private func embedSurroundings(
        _ readings: [(sequence: TokenSequence, pieces: [Piece])], embedImage: (Int, PlacedImage) -> Void
    ) {
        var row = 0
        var image = 0
        func surround(_ special: SpecialTokens, time: Float, frames: Int) {
            let first = row
            for _ in 0..<frames {
                embedImage(row + 2, images[image])
                row += images[image].tokens.count
                image += 1
            }
            let last = row + 2
            stages.add { [model, hidden] in
                model.embed([special.beginOfImage], into: hidden, from: first)
                hidden.rows(first + 1..<first + 2).copy(from: model.time([time], model.compute).tokens)
                model.embed([special.endOfImage], into: hidden, from: last)
            }
            row += 3
        }
        for (sequence, pieces) in readings {
            for piece in pieces {
                switch piece {
                case .text(let ids):
                    stages.add { [model, hidden, row] in model.embed(ids, into: hidden, from: row) }
                    row += ids.count
                case .image(let image): surround(sequence.special, time: image.time, frames: 1)
                case .video(let video):
                    surround(sequence.special, time: video.time, frames: video.latents.shape[0])
                }
            }
        }
    }

    /// Writes the input embeddings of the cells of a frame that changed, and of those that are as they were in the frame before: of its tokens only those
    /// that changed cells look at pass the encoder.
    private func embedChanges(of image: PlacedImage, from row: Int) {
        let cells = image.changed?.cells ?? []
        if !cells.isEmpty {
            let encoder = model.fusion.encoder
            let (patches, features) = embedPatches(of: image, "changes")
            encoder.run(
                to: stages, features, attention(image, tokens: features.shape[0]), layers: encoder.layers.indices,
                workspace, observe: observe)
            stages.add { [unowned self] in
                write(join(patches, features, cells, of: image), to: image.rows(of: cells), from: row)
            }
        }
        stages.add { [unowned self] in reuse(image.unchanged, of: image, from: row) }
    }

    /// Copies the embeddings of some cells from the frame before.
    private func reuse(_ cells: [Int], of image: PlacedImage, from row: Int) {
        guard image.reuses else { return }
        for cell in cells {
            let before = row - image.places.count + cell
            hidden.rows(row + cell..<row + cell + 1).copy(from: hidden.rows(before..<before + 1))
        }
    }

    /// Writes embeddings `[tokens, hidden]` to as many rows, counted from `first`.
    private func write(_ embeddings: Tensor, to rows: [Int], from first: Int) {
        for (number, row) in rows.enumerated() {
            hidden.rows(first + row..<first + row + 1).copy(from: embeddings.rows(number..<number + 1))
        }
    }

    /// Adds the stages that embed an image's patches for the semantic encoder, of a frame only those that a changed cell looks at.
    ///
    /// - Parameter name: of their memory in the workspace.
    /// - Returns: the patches `[tokens, patchWidth]` and their hidden states `[tokens, width]`, once the stages have run.
    private func embedPatches(of image: PlacedImage, _ name: String) -> (patches: Tensor, hidden: Tensor) {
        let (fusion, encoder) = (model.fusion, model.fusion.encoder)
        let (patches, grid) = fusion.cut(to: stages, image.latents, workspace, named: "\(name).patches")
        let hidden = workspace.tensor("\(name).hidden", [grid.tokens, encoder.geometry.hidden])  // [tokens, width]
        encoder.embed(to: stages, patches, images: 1, grid: grid, into: hidden, observe: observe)
        guard let sources = image.changed?.sources else { return (patches, hidden) }
        stages.add {
            patches.compactRows(sources)
            hidden.compactRows(sources)
        }
        return (patches.rows(0..<sources.count), hidden.rows(0..<sources.count))
    }

    /// Which tokens see each other in the encoder: all that pass it, and in a frame those that didn't change.
    private func attention(_ image: PlacedImage, tokens: Int) -> SemanticEncoder.Attention {
        let encoder = model.fusion.encoder
        if let film = image.film, let changed = image.changed, let all = image.pooling?.source.tokens {
            return encoder.attention(of: changed.sources, among: all, film)
        }
        return workspace.value("und 1 \(tokens)") { encoder.attention(images: 1, tokens: tokens) }
    }

    /// Joins both paths of an image's tokens, or of those that some cells of a frame look at, and makes the cells of them.
    ///
    /// - Parameters:
    ///   - patches: `[tokens, patchWidth]`
    ///   - features: `[tokens, width]`
    ///   - cells: of a frame, rising.
    /// - Returns: `[tokens, hidden]`, of a frame `[cells, hidden]`, in memory of the workspace.
    private func join(_ patches: Tensor, _ features: Tensor, _ cells: [Int], of image: PlacedImage) -> Tensor {
        let width = model.geometry.llm.hidden
        observe?("und_trans", features)
        let joined = workspace.tensor("fusion.embeddings", [features.shape[0], width])
        model.fusion.join(patches, features, model.compute, workspace, into: joined, observe: observe)
        guard let pooling = image.pooling else { return joined }
        let embeddings = workspace.tensor("cut.cells", [cells.count, width])
        pooling.pool(joined, present: pooling.sources(of: cells), cells: cells, into: embeddings)
        return embeddings
    }

    /// Writes the input embeddings `[rows, hidden]`, of images only the tokens that stay: all of them pass the encoder's first layers, `cut` chooses,
    /// the rest of the encoder and the fusion run for what it chose, and the rows of the others are closed up.
    private func embed(_ readings: [(sequence: TokenSequence, pieces: [Piece])], _ cut: TokenCut, tail: Int) {
        let encoder = model.fusion.encoder
        let last = max(0, encoder.layers.count - 1 - max(0, tail))
        let choice = TokenChoice(cut, images.map(\.unseenInEncoder), model.compute)
        var parts: [(patches: Tensor, hidden: Tensor)?] = []
        var firstRows: [Int] = []
        embedSurroundings(readings) { row, image in
            let i = parts.count
            firstRows.append(row)
            guard image.changed?.cells.isEmpty != true else { return parts.append(nil) }
            let (patches, hidden) = embedPatches(of: image, "cut \(i)")
            let tokens = hidden.shape[0]
            let attention = attention(image, tokens: tokens)
            encoder.run(to: stages, hidden, attention, layers: 0..<last, workspace, observe: observe)
            stages.add { choice.remember(hidden, image: i) }
            encoder.run(
                to: stages, hidden, attention, layers: last..<last + 1, workspace,
                show: { choice.look(at: $0, encoder.geometry.attention, image: i) }, observe: observe)
            if image.pooling == nil {
                choice.seen[i].hidden = hidden
                choice.seen[i].companion = patches
            } else {
                // What merging would add to a frame's cells is not carried back to its tokens: dropped cells vanish.
                stages.add {
                    guard choice.cut.comparesHidden || choice.cut.sees.contains(.change) else { return }
                    choice.seen[i].hidden = choice.pooled(hidden, image: i)
                }
            }
            parts.append((patches, hidden))
        }
        var chosen: [(embedded: [Int], reused: [Int])] = []  // of each image, cells of a frame
        stages.add { [unowned self] in
            staying = []
            for (image, kept) in zip(images, try choice.choose()) {
                let embedded = image.changed.map { changed in kept.map { changed.cells[$0] } } ?? kept
                // A cell that is as it was in the frame before stays if it stayed there.
                let before = image.reuses ? Set(staying.last ?? []) : []
                let reused = image.unchanged.filter(before.contains)
                chosen.append((embedded, reused))
                staying.append(image.rows(of: (embedded + reused).sorted()))
            }
            observe?("tokens.chosen", hidden)
        }
        for (i, part) in parts.enumerated() {
            stages.add { [unowned self] in
                let (image, cells) = (images[i], chosen[i].embedded)
                guard let part, !cells.isEmpty else { return }
                let rows = image.encoderRows(of: cells)
                part.hidden.compactRows(rows)
                part.patches.compactRows(rows)
                let features = part.hidden.rows(0..<rows.count)  // [tokens, width]
                let patches = part.patches.rows(0..<rows.count)  // [tokens, patchWidth]
                let rest = last + 1..<encoder.layers.count
                encoder.run(
                    to: stages, features, encoder.attention(images: 1, tokens: rows.count), layers: rest, workspace,
                    observe: observe)
                stages.add { [unowned self] in
                    write(join(patches, features, cells, of: image), to: image.rows(of: cells), from: firstRows[i])
                }
            }
            stages.add { [unowned self] in
                reuse(chosen[i].reused, of: images[i], from: firstRows[i])
            }
        }
        stages.add { [unowned self] in leaveOut(from: 0) }
    }

    /// Adds the language model's layers, the cut among them, and the head's.
    private func runLayers(cut: TokenCut?, whole: Bool, probe: ProbeSink?) {
        let all = model.decoder.layers.count
        let draws = sequences[0].canDraw
        let forCache = !whole && !plan.measuresLayers && !draws
        var probes = probe.flatMap { plan.probes.layerProbe(model.decoder, model.compute, $0) }.map { [$0] } ?? []
        if let cut, case .llm(let layer) = cut.place, !images.isEmpty, (0..<all - 1).contains(layer) {
            let choice = TokenChoice(cut, images.map(\.unseen), model.compute)
            let heads = model.geometry.llm.attention
            probes.append(
                LayerProbe(layers: layer..<layer + 1) { [unowned self] _, _, reading in
                    guard case .projections(let fused) = reading else { return }
                    for (i, image) in images.enumerated() where !image.tokens.isEmpty {
                        choice.look(at: fused.rows(rows(of: image)), heads, image: i)
                    }
                })
            run(layers: 0..<layer, forCache: false, probes)
            stages.add { [unowned self] in
                for (i, image) in images.enumerated() where !image.tokens.isEmpty {
                    choice.remember(hidden.rows(rows(of: image)), image: i)
                }
            }
            run(layers: layer..<layer + 1, forCache: false, probes)
            stages.add { [unowned self] in
                for (i, image) in images.enumerated() where !image.tokens.isEmpty {
                    choice.seen[i].hidden = hidden.rows(rows(of: image))
                }
                staying = try choice.choose()
                leaveOut(from: layer + 1)
                observe?("tokens.chosen", current)
                run(layers: layer + 1..<all, forCache: forCache, probes)
            }
        } else {
            run(layers: 0..<all, forCache: forCache, probes)
        }
        if draws { stages.add { [unowned self] in try runHead() } }
        stages.add { [unowned self] in
            for (i, sequence) in sequences.enumerated() {
                let ran = slots[i].enumerated().map { skips($0.offset) ? 0 : $0.element }
                sequence.advance(
                    tokens: lengths[i], slots: ran, headSlots: draws ? rows[i].count : 0)
            }
        }
    }

    private func skips(_ layer: Int) -> Bool { !plan.measuresLayers && plan.skippedLayers.contains(layer) }

    /// The rows that are there now, `[rows, hidden]`.
    private var current: Tensor { hidden.rows(0..<rows.reduce(0) { $0 + $1.count }) }

    private func run(layers range: Range<Int>, forCache: Bool, _ probes: [LayerProbe]) {
        var known: [[Int]: RowLayout] = [:]
        let last = current.shape[0] - 1
        model.decoder.add(
            to: stages, current,
            rows: { [sequences, rows] layer in
                let taken = sequences.map { $0.taken[layer] }
                if let layout = known[taken] { return layout }
                var layout = RowLayout()
                for (i, rows) in rows.enumerated() { rows.append(to: &layout, sequence: i, from: taken[i]) }
                known[taken] = layout
                return layout
            }, caches: { [sequences] layer in sequences.map { $0.caches[layer] } }, workspace, layers: range,
            skipping: plan.measuresLayers ? [] : plan.skippedLayers, neurons: plan.neurons, forCache: forCache,
            measure: plan.measuresLayers
                ? { [unowned self] in layerImportance.append(1 - $1.meanCosine(to: $2, rows: last..<last + 1)) } : nil,
            probes: probes, observe: observe)
    }

    // MARK: Cutting tokens

    /// Where an image's tokens lie among all rows, as long as none was left out.
    private func rows(of image: PlacedImage) -> Range<Int> {
        let start = start(of: image.sequence)
        return start + image.tokens.lowerBound..<start + image.tokens.upperBound
    }

    /// Leaves all image tokens out of `layer` and those after it that are not among those that stay.
    private func leaveOut(from layer: Int) {
        var left: [Int] = []
        var later: [SequenceRows] = []
        for (number, own) in rows.enumerated() {
            var stays = Array(repeating: true, count: own.count)
            for (i, image) in images.enumerated() where image.sequence == number {
                for row in image.tokens { stays[row] = false }
                for token in staying[i] { stays[image.tokens.lowerBound + token] = true }
            }
            let kept = stays.indices.filter { stays[$0] }
            left += kept.map { start(of: number) + $0 }
            later.append(own.keeping(kept))
        }
        hidden.compactRows(left)
        rows = later
        for i in slots.indices {
            for layer in layer..<slots[i].count { slots[i][layer] = rows[i].count }
        }
    }

    /// The first row of a sequence.
    private func start(of sequence: Int) -> Int { rows[..<sequence].reduce(0) { $0 + $1.count } }

    // MARK: The diffusion head

    private func checkTimes() throws(ModelError) {
        if sequences[0].canDraw, Set(images.map(\.time)).count > 1 {
            throw .request("images of one pass must stand for one time where something will be drawn")
        }
    }

    /// The head's keys and values: text rows plain, image rows modulated by their time.
    private func runHead() throws {
        let head = try model.head
        let normed = workspace.tensor("hidden.normed", current.shape, model.compute.activationType)
        model.compute.norm(current, model.decoder.finalNorm, nil, silu: false, into: normed)
        var layout = RowLayout()
        for (i, rows) in rows.enumerated() { rows.append(to: &layout, sequence: i, from: sequences[i].headTaken) }
        var modulation: HeadModulation?
        var mask: RowMask?
        if let time = images.first?.time {
            modulation = try model.conditioning([time]).modulations[0]
            mask = imageRows
        }
        let projected = workspace.tensor("head.hidden", [current.shape[0], model.geometry.head.hidden])
        head.project(normed, into: projected, workspace)
        head.add(
            to: stages, projected, layout,
            caches: { [sequences] layer in sequences.map { $0.headCaches[layer] } }, modulation, modulated: mask,
            workspace, observe: observe)
    }

    /// Time tokens and image tokens among the rows that are there now.
    private var imageRows: RowMask {
        var flags: [Bool] = []
        for (number, own) in rows.enumerated() {
            let first = sequences[number].count
            let places = images.filter { $0.sequence == number }.map {
                first + $0.places.lowerBound - 1..<first + $0.places.upperBound
            }
            flags += own.positions.map { position in places.contains { $0.contains(position) } }
        }
        return RowMask(flags)
    }
}

extension ShowO2Geometry {
    /// Image tokens of latents `[1, channels, height, width]`.
    /// - Throws: ``ModelError/request(_:)`` when they have another shape.
    public func tokens(of latents: Tensor) throws(ModelError) -> Int {
        guard latents.shape.first == 1, let grid = grid(of: latents) else {
            throw .request(
                "image latents of shape \(latents.shape) don't fit; [1, \(latentChannels), h, w] is needed, h and w multiples of \(patch)"
            )
        }
        return grid.tokens
    }

    /// The tokens of each frame of latents `[frames, channels, height, width]`, before they become fewer.
    /// - Throws: ``ModelError/request(_:)`` when they have another shape.
    public func frameGrid(of latents: Tensor) throws(ModelError) -> TokenGrid {
        guard let grid = grid(of: latents) else {
            throw .request(
                "a video's latents of shape \(latents.shape) don't fit; [frames, \(latentChannels), h, w] is needed, h and w multiples of \(patch)"
            )
        }
        return grid
    }

    /// - Throws: ``ModelError/request(_:)`` when `changes` are not those of a video of latents `[frames, channels, height, width]`.
    package func check(_ changes: VideoPiece.Changes?, of latents: Tensor) throws(ModelError) {
        guard let changes else { return }
        let (frames, count) = (latents.shape[0], FramePooling(try frameGrid(of: latents), self).pooled.tokens)
        guard changes.cells.count == frames else {
            throw .request("a video of \(frames) frames can't have the changes of \(changes.cells.count)")
        }
        for own in changes.cells {
            guard zip(own, own.dropFirst()).allSatisfy({ $0 < $1 }), own.first ?? 0 >= 0, own.last ?? 0 < count else {
                throw .request("the changed cells of a frame must rise, from 0 to at most \(count - 1)")
            }
        }
        guard changes.cells[0].count == count else {
            throw .request("all cells of a video's first frame must be among those that changed")
        }
    }

    private func grid(of latents: Tensor) -> TokenGrid? {
        let shape = latents.shape
        guard shape.count == 4, shape[0] > 0, shape[1] == latentChannels, shape[2] > 0, shape[3] > 0,
            shape[2] % patch == 0, shape[3] % patch == 0, latents.dtype == .float32
        else { return nil }
        return TokenGrid(height: shape[2] / patch, width: shape[3] / patch)
    }
}
