import Dispatch
import Foundation

/// Reads what a person types, with line editing where standard input is a terminal, else lines as they are.
///
/// The line-editing libraries at hand (libedit, readline) want signals and the process group for themselves, and cannot be stopped while they wait; here a
/// Ctrl-C is a key, and a task that is cancelled gets its terminal back.
final class LineReader: @unchecked Sendable {  // used by one task
    private var editor = LineEditor()
    private let isTerminal = isatty(0) == 1 && isatty(1) == 1
    private var rest: [UInt8] = []
    private var interrupted = false
    private let queue = DispatchQueue(label: "flashu.keyboard")

    /// The next line; nil at the end of the input, or after two Ctrl-C.
    func line(_ prompt: String) async throws -> String? {
        let cancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { done in
                queue.async { [self] in
                    done.resume(with: Result { isTerminal ? try typed(prompt, cancelled) : plain(cancelled) })
                }
            }
        } onCancel: {
            cancelled.set()
        }
    }

    /// What another thread says.
    private final class Flag: @unchecked Sendable {
        private let lock = NSLock()
        private var value = false
        func set() { lock.withLock { value = true } }
        var isSet: Bool { lock.withLock { value } }
    }

    private func plain(_ cancelled: Flag) -> String? {
        while !cancelled.isSet {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            guard let byte = Keyboard.byte(within: 200) else { continue }
            guard byte >= 0 else {
                defer { rest = [] }
                return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
            }
            rest.append(UInt8(truncatingIfNeeded: byte))
        }
        return nil
    }

    private func typed(_ prompt: String, _ cancelled: Flag) throws -> String? {
        guard let before = Keyboard.raw() else { return plain(cancelled) }
        defer { Keyboard.restore(before) }
        editor.begin()
        try show(prompt)
        while !cancelled.isSet {
            guard let byte = Keyboard.byte(within: 200) else { continue }
            guard byte >= 0 else { return nil }
            switch editor.take(UInt8(truncatingIfNeeded: byte)) {
            case .edited: interrupted = false
            case .entered(let line):
                interrupted = false
                try Terminal.write("")
                return line
            case .ended:
                try Terminal.write("")
                return nil
            case .interrupted:
                try Terminal.write("")
                if interrupted { return nil }
                interrupted = true
                try Terminal.write("(Ctrl-C again leaves)")
            }
            if !Keyboard.isWaiting { try show(prompt) }
        }
        try Terminal.write("")
        return nil
    }

    private func show(_ prompt: String) throws {
        let view = editor.view(columns: Keyboard.columns - LineEditor.width(prompt))
        let column = LineEditor.width(prompt) + view.column
        try Terminal.write(
            "\r\u{1B}[K" + prompt + ModelText.safe(view.text) + "\r" + (column > 0 ? "\u{1B}[\(column)C" : ""),
            terminator: "")
    }
}

/// The terminal that standard input is.
enum Keyboard {
    /// Lets keys through one by one, unseen, Ctrl-C among them.
    /// - Returns: how the terminal was; nil where it is none.
    static func raw() -> termios? {
        var state = termios()
        guard tcgetattr(0, &state) == 0 else { return nil }
        let before = state
        state.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        state.c_iflag &= ~tcflag_t(IXON | ICRNL)
        guard tcsetattr(0, TCSADRAIN, &state) == 0 else { return nil }
        return before
    }

    /// Puts the terminal back.
    static func restore(_ state: termios) {
        var state = state
        _ = tcsetattr(0, TCSADRAIN, &state)
    }

    /// A byte; -1 at the end of the input, nil when none came in time.
    static func byte(within milliseconds: Int32) -> Int? {
        var source = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&source, 1, milliseconds) > 0 else { return nil }
        var byte: UInt8 = 0
        let count = read(0, &byte, 1)
        if count < 0, errno == EINTR || errno == EAGAIN { return nil }
        return count == 1 ? Int(byte) : -1
    }

    /// Whether more has been typed already.
    static var isWaiting: Bool {
        var source = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        return poll(&source, 1, 0) > 0
    }

    /// Columns of the terminal.
    static var columns: Int {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
