/// Why an acceleration profile is refused: the field and the values it may take.
public enum ProfileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A field has a value outside its range.
    case outOfRange(field: String, value: String, allowed: String)
    /// There is no such field.
    case unknownField(String, known: [String])
    /// Neither a preset nor a readable file.
    case unreadable(String)
    /// The profile needs something that the model folder lacks.
    case missing(String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .outOfRange(let field, let value, let allowed): "\(field) is \(value); it must be \(allowed)"
        case .unknownField(let field, let known):
            "there is no field \(field) in a profile; known: \(known.joined(separator: ", "))"
        case .unreadable(let reason): reason
        case .missing(let reason): reason
        }
    }
}
