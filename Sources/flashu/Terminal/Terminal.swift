import Foundation

/// What a person sees while a command runs. Results go to standard output, everything else to standard error.
enum Terminal {
    /// Whether progress is shown: only when standard error is a terminal.
    static let isInteractive = isatty(2) == 1

    /// One line on standard error.
    static func note(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// An error, on one line.
    static func error(_ message: String) {
        note("flashu: " + message.split(whereSeparator: \.isNewline).joined(separator: " "))
    }

    /// Text on standard output, at once.
    static func write(_ text: String, terminator: String = "\n") {
        FileHandle.standardOutput.write(Data((text + terminator).utf8))
    }

    /// Overwrites the progress line.
    static func progress(_ line: String) {
        guard isInteractive else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
    }

    /// Removes the progress line.
    static func clearProgress() {
        guard isInteractive else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
