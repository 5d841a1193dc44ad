public import ShowO2
import Tensors

/// All that keeps a model folder from being used.
public struct ModelProblems: Error, Sendable, CustomStringConvertible {
    /// The folder.
    public let folder: String
    /// What is wrong, in the loader's order; at least one.
    public let problems: [ModelProblem]

    /// One line: the fault, or their number and the first.
    public var description: String {
        guard let first = problems.first else { return "\(folder.printable): no fault" }
        let line = "\(first.file.printable): \(first)"
        return problems.count == 1 ? line : "\(line) (and \(problems.count - 1) more faults)"
    }
}
