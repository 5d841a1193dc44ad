import Foundation
public import Logging
import Tensors

/// The server's log, a line a record on standard error.
public enum ServerLog {
    /// How a record is written.
    public enum Form: String, Sendable, CaseIterable {
        /// For people.
        case text
        /// An object of JSON, for programs.
        case json
    }

    /// A logger.
    public static func logger(_ form: Form, level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "flashu") { _ in ServerLogHandler(form: form, write: writeToStandardError) }
        logger.logLevel = level
        return logger
    }

    private static func writeToStandardError(_ line: String) {
        try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
    }
}

/// Writes records as lines. Control characters never reach a terminal: what clients send may stand in a record.
struct ServerLogHandler: LogHandler {
    let form: ServerLog.Form
    let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(form: ServerLog.Form, write: @escaping @Sendable (String) -> Void) { (self.form, self.write) = (form, write) }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
        switch form {
        case .text:
            let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            write("\(time) \(event.level.rawValue): \(event.message)\(pairs)".printable(atMost: 10_000) + "\n")
        case .json:
            var record = all.mapValues { "\($0)" }
            record["time"] = time
            record["level"] = event.level.rawValue
            record["message"] = "\(event.message)"
            guard let data = try? JSONAnswer.data(record) else { return }
            write(String(decoding: data, as: UTF8.self) + "\n")
        }
    }
}
