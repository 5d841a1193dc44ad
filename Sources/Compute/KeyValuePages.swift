internal import CKernels

/// How caches take memory: in pages of so many slots.
public enum KeyValuePages {
    /// Slots of a page.
    public static let slots = Int(CK_PAGE)

    /// Bytes of the pages that `slots` slots of one layer and one sequence take.
    public static func bytes(_ geometry: AttentionGeometry, slots: Int, elementBytes: Int) -> Int {
        let pages = (slots + Self.slots - 1) / Self.slots
        let (key, value) = ((geometry.headDim + 1) / 2 * 2, (geometry.headDim + 15) / 16 * 16)
        return pages * Self.slots * geometry.keyValueHeads * (key + value) * elementBytes
    }
}
