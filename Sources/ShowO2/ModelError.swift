/// Why a model could not be loaded or asked for something. Every description is one line that says what to do.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of the model folder is missing, cannot be read, or is not what its place needs.
    case configuration(file: String, reason: String)
    /// The configuration says something else than the weights.
    case contradiction(String)
    /// The model has no such part (a VAE, a tokenizer).
    case missing(String)
    /// The request is outside what the model can do.
    case request(String)
    /// A request would take more memory than there is, in bytes.
    case memory(needed: Int, available: Int)
    /// A computation left the range of numbers: its result holds infinities or not-a-numbers.
    case notFinite(String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .configuration(let file, let reason): "\(file): \(reason)"
        case .contradiction(let reason): "the configuration contradicts the weights: \(reason)"
        case .missing(let what): what
        case .request(let reason): reason
        case .memory(let needed, let available):
            "this needs \(needed / 1_000_000) MB of memory beside the weights, \(available / 1_000_000) MB are there; try a smaller size, fewer "
                + "images at once, or another precision"
        case .notFinite(let what):
            "\(what) are not finite numbers; the weights may be damaged, or the settings too extreme for the precision"
        }
    }
}
