import Compute
import Tensors

/// A cut on its way: what was measured of each image's tokens, and which of them stay.
final class TokenChoice {
    /// The cut.
    let cut: TokenCut
    /// What is known of each image.
    var seen: [Seen]
    private let groups: [[Int]]
    private let compute: any Compute

    /// What is known of an image.
    struct Seen {
        /// Of its sequence.
        let sequence: Int
        let count: Int
        let padding: Set<Int>
        /// Where more tokens are measured than there are to choose among: how those become these.
        var pooling: FramePooling?
        /// Where it is chosen among some of a frame's cells: those, and the tokens that they look at, of which alone something is measured.
        var changed: (cells: [Int], sources: [Int])?
        var valueNorms: [Float]?
        var keyNorms: [Float]?
        /// Hidden states before the layer `[count, width]`, as a copy.
        var before: Tensor?
        /// Hidden states after the layer `[count, width]`.
        var hidden: Tensor?
        /// What is merged as `hidden` is, a row a token.
        var companion: Tensor?
    }

    init(_ cut: TokenCut, _ seen: [Seen], _ compute: any Compute) {
        (self.cut, self.seen, self.compute) = (cut, seen, compute)
        // Of a frame that has no rows there is nothing to choose.
        let there = seen.indices.filter { seen[$0].count > 0 }
        switch cut.scope {
        case .image: groups = there.map { [$0] }
        case .span:
            groups = Set(there.map { seen[$0].sequence }).sorted().map { sequence in
                there.filter { seen[$0].sequence == sequence }
            }
        }
    }

    /// Takes the norms of keys and values of image `i` from its rows of a layer's projections, `[count, fusedWidth]` float32.
    func look(at fused: Tensor, _ heads: AttentionGeometry, image i: Int) {
        let width = heads.keyValueHeads * heads.headDim
        let (keys, values) = (heads.queryWidth, heads.queryWidth + width)
        func norms(_ columns: Range<Int>) -> [Float] {
            let norms = fused.rowNorms(columns: columns)
            return seen[i].pooling?.pool(norms, present: seen[i].changed?.sources, cells: seen[i].changed?.cells)
                ?? norms
        }
        if cut.sees.contains(.keys) { seen[i].keyNorms = norms(keys..<values) }
        if cut.sees.contains(.values) { seen[i].valueNorms = norms(values..<values + width) }
    }

    /// Remembers the hidden states `[count, width]` of image `i` before the layer, if they matter.
    func remember(_ hidden: Tensor, image i: Int) {
        if cut.sees.contains(.change) { seen[i].before = pooled(hidden, image: i) ?? hidden.toFloat32() }
    }

    /// The hidden states `[cells, width]` of what is chosen among, as a copy; nil where that is what `hidden` holds.
    func pooled(_ hidden: Tensor, image i: Int) -> Tensor? {
        guard let pooling = seen[i].pooling else { return nil }
        let cells = Tensor(zeros: [seen[i].count, hidden.shape[1]])
        pooling.pool(hidden, present: seen[i].changed?.sources, cells: seen[i].changed?.cells, into: cells)
        return cells
    }

    /// Chooses, and merges where the cut says so.
    ///
    /// - Returns: of each image the places that stay, rising.
    func choose() throws -> [[Int]] {
        var kept: [[Int]] = Array(repeating: [], count: seen.count)
        for group in groups {
            var starts = [0]
            for i in group { starts.append(starts[starts.count - 1] + seen[i].count) }
            let tokens = tokens(of: group, starts)
            // A layer that was left out shows no norms.
            let blind =
                (cut.sees.contains(.values) && tokens.valueNorms == nil)
                || (cut.sees.contains(.keys) && tokens.keyNorms == nil)
            let places = blind ? Array(0..<tokens.count) : try cut.keep(tokens)
            for (number, i) in group.enumerated() {
                let own = starts[number]..<starts[number + 1]
                kept[i] = places.filter(own.contains).map { $0 - own.lowerBound }
            }
            if cut.merges, places.count < tokens.count, let features = tokens.features {
                try merge(group, starts, TokenMerging.clusters(features, kept: places, padding: tokens.padding))
            }
        }
        return kept
    }

    private func tokens(of group: [Int], _ starts: [Int]) -> ImageTokens {
        func joined<Element>(_ part: (Seen) -> [Element]?) -> [Element]? {
            let parts = group.compactMap { part(seen[$0]) }
            return parts.count == group.count ? parts.flatMap(\.self) : nil
        }
        var tokens = ImageTokens(count: starts[starts.count - 1])
        for (number, i) in group.enumerated() {
            for place in seen[i].padding { tokens.padding.insert(starts[number] + place) }
        }
        tokens.valueNorms = joined(\.valueNorms)
        tokens.keyNorms = joined(\.keyNorms)
        if cut.sees.contains(.change) {
            tokens.changes = joined { image in
                guard let before = image.before, let hidden = image.hidden else { return nil }
                return hidden.rowDistances(to: before)
            }
        }
        let hidden = group.compactMap { seen[$0].hidden }
        if cut.comparesHidden, hidden.count == group.count { tokens.features = TokenFeatures(hidden, compute) }
        return tokens
    }

    private func merge(_ group: [Int], _ starts: [Int], _ clusters: [[Int]]) {
        for part in [\Seen.hidden, \Seen.companion] {
            let tensors = group.compactMap { seen[$0][keyPath: part] }
            guard tensors.count == group.count else { continue }
            TokenMerging.merge(clusters) { place in
                let number = starts.lastIndex { $0 <= place } ?? 0
                let row = place - starts[number]
                return tensors[number].rows(row..<row + 1)
            }
        }
    }
}
