import Dispatch
import Foundation
import Synchronization

/// Ctrl-C: the running task is cancelled and stops within a step; files are written whole or not at all.
struct Interruption: Error {
    /// 128 + the signal's number, as shells expect.
    let status: Int32

    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// Of the pipe that signals are written to. Set before their handler, which cannot take a lock.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1
    /// Held while a file is written.
    private static let writing = NSLock()

    /// Runs `body`, cancelling it on SIGINT, SIGTERM or SIGHUP (the terminal was closed). The second signal ends the
    /// process at once.
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let caught = Caught()
        let task = Task { try await body() }
        let source = caughtSignals { number in
            if number == SIGINT, let cancel = Self.takeCancel() { return cancel() }
            if caught.set(number) { task.cancel() } else { leave(128 + number) }
        }
        defer { source?.cancel() }
        do {
            try await task.value
        } catch {
            if let number = caught.signal { throw Interruption(status: 128 + number) }
            throw error
        }
        if let number = caught.signal { throw Interruption(status: 128 + number) }
    }

    /// What the next Ctrl-C cancels, in the place of all.
    private static let cancels = Mutex<(@Sendable () -> Void)?>(nil)

    private static func takeCancel() -> (@Sendable () -> Void)? {
        cancels.withLock { cancel in
            defer { cancel = nil }
            return cancel
        }
    }

    /// Runs `body`; the first Ctrl-C meanwhile calls `cancel`, only the second one interrupts the command.
    static func during(_ cancel: @escaping @Sendable () -> Void, body: () async throws -> Void) async rethrows {
        cancels.withLock { $0 = cancel }
        defer { cancels.withLock { $0 = nil } }
        try await body()
    }

    /// Calls `body` with each signal from now on. The signals' handler writes their numbers to a pipe: one that comes before the pipe is read from
    /// waits in it, as it would not with a signal source, which begins to listen some time after the signal's default action was switched off.
    private static func caughtSignals(_ body: @escaping @Sendable (Int32) -> Void) -> (any DispatchSourceRead)? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let readEnd = ends[0]
        writeEnd = ends[1]
        let source = DispatchSource.makeReadSource(fileDescriptor: readEnd, queue: .global(qos: .userInteractive))
        source.setEventHandler {
            var number: UInt8 = 0
            while read(readEnd, &number, 1) == 1 { body(Int32(number)) }
        }
        source.resume()
        // Under nohup SIGHUP stays ignored.
        for number in signals where number != SIGHUP || !isIgnored(number) {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Interruption.writeEnd, &byte, 1)
            }
        }
        return source
    }

    /// Runs `body`, which writes a file through a temporary one; a second signal waits for its end (two seconds at
    /// most), so that the temporary file does not stay behind.
    static func whileWriting<Value>(_ body: () throws -> Value) rethrows -> Value {
        try writing.withLock(body)
    }

    /// Ends the process without waiting for the computing threads, which stop within a step only.
    static func leave(_ status: Int32) -> Never {
        _ = writing.lock(before: Date(timeIntervalSinceNow: 2))
        _exit(status)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let before = signal(number, SIG_IGN)
        signal(number, before)
        return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private final class Caught: @unchecked Sendable {
        private let lock = NSLock()
        private var number: Int32?

        /// Remembers the first signal; false if there was one.
        func set(_ number: Int32) -> Bool {
            lock.withLock {
                defer { self.number = self.number ?? number }
                return self.number == nil
            }
        }

        var signal: Int32? { lock.withLock { number } }
    }
}
