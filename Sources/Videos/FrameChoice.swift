/// Which frames of a video stand for all of it.
public enum FrameChoice {
    /// `count` places from the first to the last of `available` frames, evenly spread: NumPy's `linspace(0, available - 1, count, dtype=int)`, as the
    /// official `inference_mmu_vid.py` picks them. Places repeat where fewer frames are there than asked for.
    ///
    /// - Parameters:
    ///   - count: 1 or more; below that nothing is chosen.
    ///   - available: 1 or more; below that nothing is chosen.
    public static func evenly(_ count: Int, of available: Int) -> [Int] {
        guard count > 0, available > 0 else { return [] }
        guard count > 1 else { return [0] }
        let last = available - 1
        let step = Double(last) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? last : min(Int((Double($0) * step).rounded(.down)), last) }
    }
}
