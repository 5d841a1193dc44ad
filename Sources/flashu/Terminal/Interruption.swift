import Dispatch
import Foundation

/// Ctrl-C: the running task is cancelled and stops within a step; files are written whole or not at all.
struct Interruption: Error {
    /// 128 + the signal's number, as shells expect.
    let status: Int32

    /// Runs `body`, cancelling it on SIGINT or SIGTERM.
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let caught = Caught()
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // The second time the person means it.
                if caught.set(number) { task.cancel() } else { _exit(128 + number) }
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
