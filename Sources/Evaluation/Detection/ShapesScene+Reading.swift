public import Images

/// How an image is read: segmentation by colour, connected components, shape matching. The Swift twin of `Training/evaluator.py`, and of
/// `Training/third/evaluator.py` for the open world, where only the matching of shapes and the sizes differ.
///
/// It is strict about debris, mixed colours and shapes that are none; it forgives soft or jagged edges, slight colour noise, pinholes, and
/// objects that just touch.
extension ShapesScene {
    /// Reads an image of the shapes world (sizes are judged for 128 x 128 pixels).
    ///
    /// - Parameter version: the world that it is of.
    public init(reading image: RGBImage, version: ShapesSet.Version = .closed) {
        let classify = version == .open ? TurnedMatch.classify : ShapeMatch.classify
        let colours = ColourMap(image)
        var objects: [Object] = []
        for places in colours.foreground.components(diagonal: true) where places.count >= Self.leastArea {
            for part in Self.splitByColour(colours.foreground.only(places), colours.nearest) {
                for match in Self.splitByShape(part, classify) where match.mask.area >= Self.leastArea {
                    if let object = Object(match, colours.nearest) { objects.append(object) }
                }
            }
        }
        self.init(background: colours.background, objects: objects)
    }

    /// Pixels; the smallest true object (small star or cross) has about 200.
    fileprivate static let leastArea = 40
    /// A part of another colour is an object of its own from this share of the inner pixels on, and from this many.
    private static let partShare = 0.2
    private static let partPixels = 40.0
    /// The longest bridge between touching objects: erosions until it breaks.
    private static let longestBridge = 7
    /// Pixels of what is left of an object then.
    private static let leastSeed = 12

    /// Touching objects of different colours apart. A mask of one colour comes back whole.
    private static func splitByColour(_ mask: Mask, _ nearest: [Int]) -> [Mask] {
        let counts = colourCounts(mask.core(minimum: 1), nearest)
        let total = Double(counts.reduce(0, +))
        let big = counts.indices.filter { Double(counts[$0]) > max(partShare * total, partPixels) }
        guard big.count > 1 else { return [mask] }
        var seeds: [[Int]] = []
        for colour in big {
            var own = mask
            for place in own.bits.indices where nearest[place] != colour { own.bits[place] = false }
            seeds += own.opened(2).components(diagonal: false).filter { $0.count >= leastArea }
        }
        return mask.shared(among: seeds)
    }

    /// Touching objects of one colour apart, if cutting a narrow bridge leaves only good shapes.
    private static func splitByShape(_ mask: Mask, _ classify: (Mask) -> ShapeMatch.Part) -> [ShapeMatch.Part] {
        let whole = classify(mask)
        if whole.shape != nil { return [whole] }
        var eroded = mask
        for _ in 0..<longestBridge {
            eroded = eroded.eroded()
            let seeds = eroded.components(diagonal: false).filter { $0.count >= leastSeed }
            guard seeds.count > 1 else { continue }
            let parts = mask.shared(among: seeds).map(classify)
            if parts.allSatisfy({ $0.shape != nil }) { return parts }
        }
        return [whole]
    }

    fileprivate static func colourCounts(_ mask: Mask, _ nearest: [Int]) -> [Int] {
        var counts = [Int](repeating: 0, count: ShapesWorld.colours.count)
        for place in mask.bits.indices where mask.bits[place] { counts[nearest[place]] += 1 }
        return counts
    }
}

extension Mask {
    /// The inner pixels: away from the edge by two, or by one if fewer than `minimum` are, or all.
    fileprivate func core(minimum: Int) -> Mask {
        var core = eroded(2)
        if minimum > 1, core.area < minimum { core = eroded() }
        return core.isEmpty ? self : core
    }
}

extension ShapesScene.Object {
    /// Share of the inner pixels that must have the colour.
    private static let purity = 0.8
    /// A box from here on is a large object's (true ones: below 31 and above 40).
    private static let large = 36

    /// Measures an object; nil if there is none.
    fileprivate init?(_ match: ShapeMatch.Part, _ nearest: [Int]) {
        let mask = match.mask
        guard let box = mask.box else { return nil }
        let counts = ShapesScene.colourCounts(mask.core(minimum: 20), nearest)
        let most = counts.indices.max { counts[$0] < counts[$1] || (counts[$0] == counts[$1] && $0 > $1) } ?? 0
        let isPure = Double(counts[most]) >= Self.purity * Double(counts.reduce(0, +))
        self.init(
            shape: match.shape, color: isPure ? ShapesWorld.colours[most].name : nil,
            size: match.halfWidth.map(OpenWorld.size)
                ?? (max(box.x.count, box.y.count) < Self.large ? "small" : "large"),
            x: Double(box.x.lowerBound + box.x.upperBound) / 2, y: Double(box.y.lowerBound + box.y.upperBound) / 2,
            area: mask.area, overlap: (match.overlap * 1000).rounded(.toNearestOrEven) / 1000)
    }
}
