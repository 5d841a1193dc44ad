/// Why a set can't be read, drawn or asked. Every description is one line that says what to do.
public enum SetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The list of prompts or questions can't be used: its file, perhaps with a line, and the reason.
    case list(place: String, reason: String)
    /// What was asked for does not fit the format.
    case request(String)
    /// The folder, or the file of answers, was begun with other settings.
    case otherSettings(target: String, differences: [RunSettings.Difference])
    /// There is something that can't be a part of this run.
    case foreign(String)
    /// A file can't be written.
    case unwritable(path: String, reason: String, disk: String?)
    /// Another process writes the same file.
    case busy(path: String)

    /// One line for the user.
    public var description: String {
        switch self {
        case .list(let place, let reason): "\(place): \(reason)"
        case .request(let reason), .foreign(let reason): reason
        case .otherSettings(let target, let differences):
            "\(target) was begun with other settings: "
                + differences.prefix(8).map { "\($0.field) was \($0.recorded), now \($0.asked)" }.joined(
                    separator: "; ")
                + (differences.count > 8 ? " and \(differences.count - 8) more" : "") + "; choose another -o"
                + (differences.contains { $0.field == "instructions" }
                    ? ", or set FLASHU_MAX_ISA to the same instructions on all machines" : "")
        case .unwritable(let path, let reason, let disk):
            "cannot write \(path): \(reason)" + (disk.map { " (its disk is mounted at \($0))" } ?? "")
        case .busy(let path): "another process is writing \(path)"
        }
    }
}
