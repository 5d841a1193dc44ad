import Tensors

/// What can go wrong below the model: the machine, not the input.
public enum ComputeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The thread pool could not be started.
    case threads(Int)
    /// oneDNN refused an operation; `status` is its C status code.
    case oneDNN(operation: String, status: UInt32)
    /// A weight has another shape than the operation needs.
    case shape(String)
    /// The system does not give so many bytes more.
    case memory(bytes: Int)

    /// One line for the user.
    public var description: String {
        switch self {
        case .threads(let count): "cannot start \(count) threads; try fewer with --threads"
        case .oneDNN(let operation, let status): "oneDNN cannot run \(operation) on this processor (status \(status))"
        case .shape(let message): message
        case .memory(let bytes): OutOfMemory(bytes: bytes).description
        }
    }
}
