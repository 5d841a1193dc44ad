import Synchronization
import Tensors

/// Something that keeps a model from being loaded, found without reading its weights.
public struct ModelProblem: Sendable, Hashable, Encodable, CustomStringConvertible {
    /// The file or folder.
    public let file: String
    /// The tensor, where one is to blame, by its name in the file.
    public let tensor: String?
    /// What is wrong with it, and what to do.
    public let problem: String

    /// What an error says.
    public init(_ error: any Error, file: String) {
        switch error {
        case let error as WeightError:
            switch error {
            case .missingTensor(let name, let file, _): (self.file, tensor) = (file, name)
            case .wrongTensor(let name, let file, _): (self.file, tensor) = (file, name)
            default: (self.file, tensor) = (file, nil)
            }
            switch error {
            case .missingTensor(_, _, let closest):
                problem = "is missing" + (closest.map { " (the closest name is '\($0)')" } ?? "")
            case .wrongTensor(_, _, let reason): problem = reason
            default: problem = "\(error)"
            }
        case ModelError.configuration(let file, let reason): (self.file, tensor, problem) = (file, nil, reason)
        default: (self.file, tensor, problem) = (file, nil, "\(error)")
        }
    }

    /// One line: the tensor and what is wrong with it.
    public var description: String {
        (tensor.map { "tensor '\($0.printable)': " } ?? "") + problem.printable
    }
}

/// Collects what is wrong with a model while the loader goes through it without loading.
final class WeightFindings: Sendable {
    private let found = Mutex<[(error: any Error, problem: ModelProblem)]>([])
    private let file: String

    /// - Parameter file: the file or folder that is at fault where an error doesn't say.
    init(file: String) { self.file = file }

    /// What was found, in the loader's order.
    var problems: [ModelProblem] { found.withLock { $0.map(\.problem) } }

    /// What loading would stop at.
    var firstError: (any Error)? { found.withLock { $0.first?.error } }

    /// Adds what is wrong; what was the last to be added is not added again.
    func add(_ error: any Error) {
        let problem = ModelProblem(error, file: file)
        found.withLock { if $0.last?.problem != problem { $0.append((error, problem)) } }
    }
}
