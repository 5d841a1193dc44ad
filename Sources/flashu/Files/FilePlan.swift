import Foundation

/// All files that a command reads and writes, registered before any work is done: no output may be another's file, or an input's, however the two
/// are spelt, and all of them must be writable.
struct FilePlan {
    private var inputs: [(file: InputFile, place: FileIdentity?)] = []
    /// Files that were not named one by one: the model's, those of a set of samples.
    private var others: [FileIdentity: String] = [:]
    private var outputs: [OutputFile] = []

    /// Registers a file that is read.
    mutating func reads(_ typed: String, _ role: String) throws(CommandError) -> InputFile {
        let file = try InputFile(typed, role)
        inputs.append((file, file.url.flatMap { FileIdentity($0.path) }))
        return file
    }

    /// Registers a file that is read if it is named.
    mutating func reads(_ typed: String?, _ role: String) throws(CommandError) -> InputFile? {
        guard let typed else { return nil }
        let file: InputFile = try reads(typed, role)
        return file
    }

    /// Registers files that nobody named by themselves.
    /// - Parameter what: what they are, as in "a file of the model".
    mutating func reads(_ files: [URL], _ what: String) {
        for file in files {
            if let place = FileIdentity(file.path) { others[place] = what }
        }
    }

    /// Registers a file that is written.
    mutating func writes(_ typed: String, _ role: String) -> OutputFile {
        let file = OutputFile(typed, role)
        outputs.append(file)
        return file
    }

    /// Registers a file that is written if it is named.
    mutating func writes(_ typed: String?, _ role: String) -> OutputFile? {
        guard let typed else { return nil }
        let file: OutputFile = writes(typed, role)
        return file
    }

    /// Whether a result goes to standard output, where nothing else may then be printed.
    var usesStandardOutput: Bool { outputs.contains { $0.url == nil } }

    /// Refuses files that would be lost or could not be written.
    ///
    /// - Parameter prints: what prints to standard output anyhow, such as `--json`; nil = only reports, which are left out then.
    func check(prints: String? = nil) throws(CommandError) {
        let standardInputs = inputs.filter { $0.file.url == nil }.map(\.file.role)
        if standardInputs.count > 1 {
            throw CommandError("\(standardInputs[0]) and \(standardInputs[1]) both read standard input")
        }
        let standardOutputs = outputs.filter { $0.url == nil }.map(\.role) + [prints].compactMap(\.self)
        if standardOutputs.count > 1 {
            throw CommandError("\(standardOutputs[0]) and \(standardOutputs[1]) both go to standard output")
        }
        let read = Dictionary(
            inputs.compactMap { input in input.place.map { ($0, input.file.role) } }, uniquingKeysWith: { a, _ in a })
        let printed = FileIdentity(descriptor: 1)
        var written: [FileIdentity: String] = [:]
        var probed: Set<String> = []
        for output in outputs {
            guard let url = output.url else { continue }
            try output.check(&probed)
            guard let place = FileIdentity(url.path) else { continue }
            if place == printed {
                throw CommandError("\(output.role) names \(url.path), which standard output goes to")
            }
            if let other = read[place] ?? written[place] {
                throw CommandError("\(other) and \(output.role) both name \(url.path)")
            }
            if let what = others[place] { throw CommandError("\(output.role) names \(url.path), \(what)") }
            written[place] = output.role
        }
    }
}
