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

    /// A model's text, which must not drive the terminal: control characters but line breaks and tabs become U+FFFD, and those that turn the writing
    /// direction are left out.
    static func safe(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A: out.append(scalar)
            case 0x202A...0x202E, 0x2066...0x2069: continue
            default:
                out.append(
                    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
            }
        }
        return String(out)
    }

    /// The same for text on standard output, where that is a terminal; a file gets the text as it is.
    static func shown(_ text: String) -> String { isatty(1) == 1 ? safe(text) : text }

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
