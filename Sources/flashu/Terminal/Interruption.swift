import Dispatch
import Foundation

/// Ctrl-C: the running task is cancelled and stops within a step; files are written whole or not at all.
struct Interruption: Error {
    /// 128 + the signal's number, as shells expect.
    let status: Int32

    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// Held while a file is written.
    private static let writing = NSLock()

    /// Runs `body`, cancelling it on SIGINT, SIGTERM or SIGHUP (the terminal was closed). The second signal ends the
    /// process at once.
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let caught = Caught()
        let task = Task { try await body() }
        let sources = signals.compactMap { number -> (any DispatchSourceSignal)? in
            // Under nohup it stays ignored.
            if number == SIGHUP, isIgnored(number) { return nil }
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                if caught.set(number) { task.cancel() } else { leave(128 + number) }
            }
            source.resume()
            return source
        }
        defer { sources.forEach { $0.cancel() } }
        do {
            try await task.value
        } catch {
            if let number = caught.signal { throw Interruption(status: 128 + number) }
            throw error
        }
        if let number = caught.signal { throw Interruption(status: 128 + number) }
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
