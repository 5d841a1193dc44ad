/// Why a model can't be tuned.
public enum TuneError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The journal of an interrupted run does not fit, or can't be kept.
    case journal(String)
    /// There is too little to measure on.
    case samples(String)
    /// The model can't be judged.
    case unsuitable(String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .journal(let reason), .samples(let reason), .unsuitable(let reason): reason
        }
    }
}
