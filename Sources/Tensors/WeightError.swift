public import Foundation

/// Why weights could not be read or written. Every description is one line that names the file, says what is wrong
/// with it, and what to do.
public enum WeightError: Error, Sendable, Hashable {
    /// There is no such file or folder.
    case notFound(file: String)
    /// The system refused to open or map the file.
    case unreadable(file: String, reason: String)
    /// The bytes contradict the format: truncated, flipped, or made to mislead.
    case damaged(file: String, reason: String)
    /// The file asks for something that a weight file has no business asking for.
    case refused(file: String, reason: String)
    /// A sound file of a kind that is not read here.
    case unsupported(file: String, reason: String)
    /// The file has no tensor of that name.
    case missingTensor(name: String, file: String, closest: String?)
    /// The tensor is there but not as expected: shape, element type, position.
    case wrongTensor(name: String, file: String, reason: String)
    /// The folder holds no weights under any of the names looked for.
    case nothingFound(folder: String, lookedFor: [String])
    /// An index names files that are not there.
    case missingShards(folder: String, shards: [String])
    /// The file could not be written; nothing was left behind.
    case unwritable(file: String, reason: String)
}

extension WeightError {
    /// The same of a tensor by another name; nil: unchanged.
    package func naming(_ name: String?) -> WeightError {
        guard let name else { return self }
        return switch self {
        case .missingTensor(_, let file, let closest): .missingTensor(name: name, file: file, closest: closest)
        case .wrongTensor(_, let file, let reason): .wrongTensor(name: name, file: file, reason: reason)
        default: self
        }
    }
}

extension WeightError: CustomStringConvertible, LocalizedError {
    /// One line: which file, what is wrong, what to do.
    public var description: String {
        switch self {
        case .notFound(let file):
            "\(file.printable): no such file or folder; check the path"
        case .unreadable(let file, let reason):
            "\(file.printable): can't be read: \(reason.printable)"
        case .damaged(let file, let reason):
            "\(file.printable): damaged or incomplete: \(reason.printable); copy or download it again"
        case .refused(let file, let reason):
            "\(file.printable): refused: \(reason.printable)"
        case .unsupported(let file, let reason):
            "\(file.printable): not supported: \(reason.printable)"
        case .missingTensor(let name, let file, let closest):
            "\(file.printable): has no tensor '\(name.printable)'"
                + (closest.map { " (the closest name is '\($0.printable)')" } ?? "")
                + "; is this the right model?"
        case .wrongTensor(let name, let file, let reason):
            "\(file.printable): tensor '\(name.printable)': \(reason.printable)"
        case .nothingFound(let folder, let lookedFor):
            "\(folder.printable): no weights found; looked for \(lookedFor.map(\.printable).joined(separator: ", "))"
        case .missingShards(let folder, let shards):
            "\(folder.printable): \(shards.count) of the files that the index names are missing: "
                + shards.prefix(4).map(\.printable).joined(separator: ", ") + (shards.count > 4 ? ", ..." : "")
                + "; get them into the same folder"
        case .unwritable(let file, let reason):
            "\(file.printable): can't be written: \(reason.printable)"
        }
    }

    /// The same line, for `localizedDescription`.
    public var errorDescription: String? { description }
}
