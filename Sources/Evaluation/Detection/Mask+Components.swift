extension Mask {
    /// The connected parts, ordered by their first pixel, each as places in ``bits``.
    /// - Parameter diagonal: whether pixels that touch at a corner are connected.
    func components(diagonal: Bool) -> [[Int]] {
        var seen = [Bool](repeating: false, count: bits.count)
        var parts: [[Int]] = []
        for start in bits.indices where bits[start] && !seen[start] {
            var part = [start]
            seen[start] = true
            var next = 0
            while next < part.count {
                let place = part[next]
                next += 1
                let (x, y) = (place % width, place / width)
                for dy in -1...1 where y + dy >= 0 && y + dy < height {
                    for dx in -1...1 where x + dx >= 0 && x + dx < width {
                        guard diagonal || dx == 0 || dy == 0 else { continue }
                        let neighbour = place + dy * width + dx
                        guard bits[neighbour], !seen[neighbour] else { continue }
                        seen[neighbour] = true
                        part.append(neighbour)
                    }
                }
            }
            parts.append(part)
        }
        return parts
    }

    /// The pixels at these places, as a set in an image of the same size.
    func only(_ places: [Int]) -> Mask {
        var mask = Mask(width: width, height: height)
        for place in places { mask.bits[place] = true }
        return mask
    }

    /// Shares the set out: every pixel goes to the seed that is nearest (Euclidean; of equally near pixels the one further left, then
    /// further up, counts).
    /// - Parameter seeds: disjoint sets of places.
    /// - Returns: one set a seed; this set itself if there are not two.
    func shared(among seeds: [[Int]]) -> [Mask] {
        guard seeds.count > 1 else { return [self] }
        var owner = [Int](repeating: -1, count: bits.count)
        for (index, seed) in seeds.enumerated() {
            for place in seed { owner[place] = index }
        }
        // First the nearest in each column, then the nearest of those over all columns.
        var nearestRow = [Int](repeating: -1, count: bits.count)
        for x in 0..<width {
            let rows = (0..<height).filter { owner[$0 * width + x] >= 0 }
            guard !rows.isEmpty else { continue }
            for y in 0..<height {
                nearestRow[y * width + x] = rows.min { (abs($0 - y), $0) < (abs($1 - y), $1) } ?? -1
            }
        }
        var parts = seeds.map { _ in Mask(width: width, height: height) }
        for place in bits.indices where bits[place] {
            let (x, y) = (place % width, place / width)
            var best = (distance: Int.max, owner: -1)
            for column in 0..<width {
                let row = nearestRow[y * width + column]
                guard row >= 0 else { continue }
                let distance = (column - x) * (column - x) + (row - y) * (row - y)
                if distance < best.distance { best = (distance, owner[row * width + column]) }
            }
            if best.owner >= 0 { parts[best.owner].bits[place] = true }
        }
        return parts
    }
}
