/// Why a server could not begin.
public enum ServerError: Error, Sendable, CustomStringConvertible {
    /// The address can't be listened on.
    case address(String, reason: String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .address(let address, let reason): "cannot listen on \(address): \(reason)"
        }
    }
}
