package import Compute
package import Tensors

/// Merging: a dropped token goes into the kept token that is most similar, which becomes the mean of all that went into it, itself included.
///
///     c(j) = argmax_{k kept} cos(h_j, h_k)        h_k <- (h_k + sum_{c(j) = k} h_j) / (1 + |{j: c(j) = k}|)
///
/// The mean that is weighted by how many tokens each row stands for, as in Token Merging (arXiv 2210.09461), whose rows all stand for one here.
package enum TokenMerging {
    /// What goes into each kept token: its own place first, then the dropped ones' that are nearest to it, rising. Padding goes nowhere; of equals the
    /// first is nearest.
    package static func clusters(_ features: TokenFeatures, kept: [Int], padding: Set<Int>) throws(ComputeError)
        -> [[Int]]
    {
        var clusters = kept.map { [$0] }
        let stays = Set(kept)
        try features.forEachBlock { first, cosines in
            for row in 0..<cosines.count / features.count {
                let place = first + row
                guard !stays.contains(place), !padding.contains(place) else { continue }
                var nearest = 0
                for (i, k) in kept.enumerated()
                where cosines[row * features.count + k] > cosines[row * features.count + kept[nearest]] {
                    nearest = i
                }
                clusters[nearest].append(place)
            }
        }
        return clusters
    }

    /// Writes each cluster's mean to its first row, float32.
    ///
    /// - Parameter row: the row `[1, width]` of a place.
    package static func merge(_ clusters: [[Int]], row: (Int) -> Tensor) {
        for cluster in clusters where cluster.count > 1 {
            let target = row(cluster[0])
            for place in cluster.dropFirst() { target.add(row(place)) }
            let share = 1 / Float(cluster.count)
            target.update { $1 * share }
        }
    }
}
