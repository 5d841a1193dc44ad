import ArgumentParser
import Foundation

/// What a person sees while a command runs. Results go to standard output, everything else to standard error.
enum Terminal {
    /// Whether progress is shown: only when standard error is a terminal.
    static let isInteractive = isatty(2) == 1

    /// One line on standard error. Where nobody can read it, there is nobody to tell.
    static func note(_ line: String) {
        _ = put(line + "\n", to: 2)
    }

    /// An error, on one line: line breaks become blanks, other control characters (names of files and tensors may
    /// hold any) are escaped.
    static func error(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        note("flashu: " + escaped(line))
    }

    /// Text on standard output, at once.
    /// - Throws: `ExitCode` 141 when the reader has gone (`| head`), which is said to nobody and is what shells expect;
    ///   ``CommandError`` when the output can't be written otherwise, as to a full disk.
    static func write(_ text: String, terminator: String = "\n") throws {
        switch put(text + terminator, to: 1) {
        case 0: return
        case EPIPE: throw ExitCode(128 + SIGPIPE)
        case let code:
            throw CommandError("cannot write to standard output: \(String(cString: strerror(code)).lowercased())")
        }
    }

    /// Overwrites the progress line.
    static func progress(_ line: String) {
        guard isInteractive else { return }
        _ = put("\r\u{1B}[K\(line)", to: 2)
    }

    /// Removes the progress line.
    static func clearProgress() {
        guard isInteractive else { return }
        _ = put("\r\u{1B}[K", to: 2)
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Writes all of `text`; 0 or the error. `FileHandle` would end the process with a stack trace.
    private static func put(_ text: String, to descriptor: Int32) -> Int32 {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
