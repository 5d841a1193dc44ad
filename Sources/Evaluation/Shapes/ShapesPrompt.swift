/// A prompt of ShapesBench and what its image must show: a line of `prompts.jsonl`.
public struct ShapesPrompt: Sendable, Equatable, Codable {
    /// Equal objects that are asked for.
    public struct Demand: Sendable, Equatable, Codable {
        /// The shape; nil = any (sets of version 2).
        public var shape: String?
        /// How many, at least 1.
        public var count: Int
        /// Their colour; nil = any.
        public var color: String?
        /// `small` or `large`, in sets of version 2 `medium` too; nil = any.
        public var size: String?
        /// Where the first of them stands, seen from the first object of another demand.
        public var position: Position?

        enum CodingKeys: String, CodingKey {
            case shape = "class"
            case count, color, size, position
        }

        /// A demand.
        public init(
            shape: String? = nil, count: Int = 1, color: String? = nil, size: String? = nil, position: Position? = nil
        ) {
            self.shape = shape
            self.count = count
            self.color = color
            self.size = size
            self.position = position
        }
    }

    /// `["left of", 0]`: to the left of the first object of demand 0.
    public struct Position: Sendable, Equatable, Codable {
        /// `left of`, `right of`, `above` or `below`.
        public var relation: Relation
        /// The other demand's place; it stands earlier in the list.
        public var other: Int

        /// A place relative to another demand's object.
        public init(_ relation: Relation, _ other: Int) {
            self.relation = relation
            self.other = other
        }

        /// Reads `[relation, index]`.
        public init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            relation = try list.decode(Relation.self)
            other = try list.decode(Int.self)
        }

        /// Writes `[relation, index]`.
        public func encode(to encoder: any Encoder) throws {
            var list = encoder.unkeyedContainer()
            try list.encode(relation)
            try list.encode(other)
        }
    }

    /// Directions.
    public enum Relation: String, Sendable, Codable, CaseIterable {
        /// To the left.
        case leftOf = "left of"
        /// To the right.
        case rightOf = "right of"
        /// Higher up.
        case above
        /// Further down.
        case below
    }

    /// The kind of prompt, such as `counting`: results are reported by it.
    public var task: String
    /// What to draw.
    public var prompt: String
    /// What must be there; nothing else may be.
    public var include: [Demand]
    /// What must not be there: fewer than `count` of each, as GenEval has it.
    public var exclude: [Demand]
    /// The background's colour; nil = any.
    public var background: String?

    enum CodingKeys: String, CodingKey {
        case task = "tag"
        case prompt, include, exclude, background
    }

    /// A prompt.
    public init(
        task: String, prompt: String, include: [Demand], exclude: [Demand] = [], background: String? = nil
    ) {
        self.task = task
        self.prompt = prompt
        self.include = include
        self.exclude = exclude
        self.background = background
    }

    /// Reads a line; `exclude` and `background` may be missing.
    public init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        task = try line.decode(String.self, forKey: .task)
        prompt = try line.decode(String.self, forKey: .prompt)
        include = try line.decode([Demand].self, forKey: .include)
        exclude = try line.decodeIfPresent([Demand].self, forKey: .exclude) ?? []
        background = try line.decodeIfPresent(String.self, forKey: .background)
    }

    /// Why it can't be judged, or nil: a count below 1, or a position that refers to no earlier demand.
    var fault: String? {
        for (index, demand) in include.enumerated() {
            if demand.count < 1 { return "a count is \(demand.count); it must be 1 or more" }
            if let position = demand.position, !(0..<index).contains(position.other) {
                return "a position refers to demand \(position.other), which is no earlier one"
            }
        }
        return exclude.contains { $0.count < 1 } ? "a count to exclude is below 1" : nil
    }
}
