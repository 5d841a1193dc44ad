import ArgumentParser
import Foundation

/// What a person sees while a command runs. Results go to standard output, everything else to standard error.
enum Terminal {
    /// Whether progress is shown: only when standard error is a terminal.
    static let isInteractive = isatty(2) == 1

    /// One line on standard error. Where nobody can read it, there is nobody to tell.
    static func note(_ line: String) {
        put(line + "\n")
    }

    /// Something worth knowing that is no error, on one line.
    static func hint(_ message: String) {
        clearProgress()
        note("note: " + escaped(message.split(whereSeparator: \.isNewline).joined(separator: " ")))
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
    static func write(_ text: String, terminator: String = "\n") throws { try write(Data((text + terminator).utf8)) }

    /// Bytes on standard output, at once.
    /// - Throws: as for text.
    static func write(_ data: Data) throws {
        switch put(data, to: 1) {
        case 0: return
        case EPIPE: throw ExitCode(128 + SIGPIPE)
        case let code:
            throw CommandError("cannot write to standard output: \(String(cString: strerror(code)).lowercased())")
        }
    }

    /// Overwrites the progress line.
    static func progress(_ line: String) {
        guard isInteractive else { return }
        put("\r\u{1B}[K\(line)")
    }

    /// Removes the progress line.
    static func clearProgress() {
        guard isInteractive else { return }
        put("\r\u{1B}[K")
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

    private static func put(_ text: String) { _ = put(Data(text.utf8), to: 2) }

    /// Writes all of it; 0 or the error. `FileHandle` would end the process with a stack trace.
    private static func put(_ data: Data, to descriptor: Int32) -> Int32 {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
