import Foundation

/// Shares of values in bins of equal width on a logarithmic axis. What is not positive counts in the lowest bin.
public enum LogHistogram {
    /// Bounds of `bins` bins, `bins + 1` rising positive numbers, from the least to the greatest positive value. Where all are equal (or none is
    /// positive), a factor of two around them.
    public static func edges(covering values: [Double], bins: Int) -> [Double] {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        var (low, high) = (positive.min() ?? 1, positive.max() ?? 1)
        if low == high { (low, high) = (low / 2, high * 2) }
        let step = (log(high) - log(low)) / Double(bins)
        return [low] + (1..<bins).map { exp(log(low) + step * Double($0)) } + [high]
    }

    /// The share of `values` in each bin; they sum to 1, or to 0 without values.
    public static func shares(of values: [Double], edges: [Double]) -> [Double] {
        var counts = [Double](repeating: 0, count: max(1, edges.count - 1))
        for value in values {
            // The bin whose lower bound is the last one not above the value.
            let above = edges.firstIndex { $0 > value } ?? edges.count
            counts[min(max(above - 1, 0), counts.count - 1)] += 1
        }
        return counts.map { values.isEmpty ? 0 : $0 / Double(values.count) }
    }
}
