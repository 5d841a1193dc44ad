import Tensors

/// All that a run's results depend on, by name, as text: what two runs into one place must have in common.
public struct RunSettings: Sendable, Equatable {
    /// A setting that differs.
    public struct Difference: Sendable, Equatable {
        /// Its name.
        public let field: String
        /// What the run was begun with.
        public let recorded: String
        /// What is asked for now.
        public let asked: String

        /// A setting that differs.
        public init(field: String, recorded: String, asked: String) {
            (self.field, self.recorded, self.asked) = (field, recorded, asked)
        }
    }

    /// By name.
    public private(set) var fields: [String: String]

    /// Settings; those that are nil are not set.
    public init(_ fields: [String: String?]) { self.fields = fields.compactMapValues(\.self) }

    /// One of them.
    public subscript(field: String) -> String? { fields[field] }

    /// What differs, in alphabetical order; empty for the same settings.
    public func differences(to asked: RunSettings) -> [Difference] {
        Set(fields.keys).union(asked.fields.keys).sorted().compactMap { field in
            let (own, other) = (fields[field], asked.fields[field])
            guard own != other else { return nil }
            func told(_ value: String?) -> String {
                value.map { $0.isEmpty ? "empty" : $0.printable(atMost: 60) } ?? "not set"
            }
            return Difference(field: field, recorded: told(own), asked: told(other))
        }
    }
}
