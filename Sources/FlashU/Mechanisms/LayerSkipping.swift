/// Dynamic layer skipping: the layers that change their input least are left out.
///
/// Importance is 1 - mean cosine between a layer's input and output. Released code: `layer_skipping.py`, which compares the last layer after
/// the final norm and counts pads; neither is done here.
public enum LayerSkipping {
    /// The `floor(ratio * layers)` least important layers; the earlier ones among equals.
    public static func leastImportant(_ importance: [Double], ratio: Double) -> Set<Int> {
        let count = Int(Double(importance.count) * ratio)
        let order = importance.indices.sorted {
            importance[$0] == importance[$1] ? $0 < $1 : importance[$0] < importance[$1]
        }
        return Set(order.prefix(count))
    }
}
