/// What an image holds, as the evaluator sees it.
public struct ShapesScene: Sendable, Equatable, Codable {
    /// One object.
    public struct Object: Sendable, Equatable, Codable {
        /// `circle`, `square`, `triangle`, `star`, `cross` or `heart`, in the open world also `T`, `U` or `Z`; nil if it is none of them.
        public let shape: String?
        /// Its colour's name; nil if it has several.
        public let color: String?
        /// `small` or `large`, in the open world also `medium`.
        public let size: String
        /// Centre of its box, in pixels from the left.
        public let x: Double
        /// Centre of its box, in pixels from the top.
        public let y: Double
        /// Pixels.
        public let area: Int
        /// Overlap with the best shape's outline, 0 ... 1.
        public let overlap: Double

        enum CodingKeys: String, CodingKey {
            case shape, color, size, x, y, area
            case overlap = "iou"
        }
    }

    /// The background colour's name.
    public let background: String
    /// All objects, debris included.
    public let objects: [Object]
}
