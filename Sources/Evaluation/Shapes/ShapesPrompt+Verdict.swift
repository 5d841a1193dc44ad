extension ShapesPrompt {
    /// How far the direction between two objects must agree with the relation: the cosine.
    private static let leastAgreement = 0.5

    /// Whether an image shows what was asked for, in the manner of GenEval (Ghosh et al., 2023), but strictly: it must hold exactly
    /// the objects asked for and nothing else, each of one clear shape and colour.
    public func isFulfilled(by scene: ShapesScene) -> Bool {
        guard fault == nil, scene.objects.allSatisfy({ $0.shape != nil && $0.color != nil }) else { return false }
        var free = Set(scene.objects.indices)
        var found: [[ShapesScene.Object]] = []
        for demand in include {
            let matching = free.sorted().filter { demand.fits(scene.objects[$0]) }
            guard matching.count == demand.count else { return false }
            free.subtract(matching)
            found.append(matching.map { scene.objects[$0] })
            if let position = demand.position, let one = found.last?.first, let other = found[position.other].first,
                !Self.stands(one, position.relation, other)
            {
                return false
            }
        }
        for demand in exclude where scene.objects.count(where: demand.fits) >= demand.count { return false }
        return free.isEmpty && (background ?? scene.background) == scene.background
    }

    private static func stands(
        _ one: ShapesScene.Object, _ relation: Relation, _ other: ShapesScene.Object
    ) -> Bool {
        let (dx, dy) = (one.x - other.x, one.y - other.y)
        let distance = max((dx * dx + dy * dy).squareRoot(), 1e-6)
        let along =
            switch relation {
            case .leftOf: -dx
            case .rightOf: dx
            case .above: -dy
            case .below: dy
            }
        return along / distance > leastAgreement
    }
}

extension ShapesPrompt.Demand {
    fileprivate func fits(_ object: ShapesScene.Object) -> Bool {
        (shape ?? object.shape) == object.shape && (color ?? object.color) == object.color
            && (size ?? object.size) == object.size
    }
}
