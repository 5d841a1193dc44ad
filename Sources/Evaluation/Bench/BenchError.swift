/// Why a benchmark can't run.
public enum BenchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of the set, or the record of an earlier run, can't be used.
    case unreadable(String)
    /// The record was made with other settings.
    case otherSettings(file: String, field: String, recorded: String, asked: String)
    /// The record can't be written.
    case unwritable(String)
    /// The model can't take part.
    case unsuitable(String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .unreadable(let reason), .unwritable(let reason), .unsuitable(let reason): reason
        case .otherSettings(let file, let field, let recorded, let asked):
            "\(file) holds results with \(field) \(recorded), not \(asked); name another file, or remove it"
        }
    }
}
