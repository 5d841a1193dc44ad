import Foundation
import Logging
import Synchronization

/// Tells systemd how far the server is, for units of `Type=notify`: datagrams of `NAME=value` lines to the socket that it names (sd_notify(3)).
final class ServiceManager: Sendable {
    /// What must have happened before requests are answered.
    enum Part: CaseIterable {
        case listening, loaded
    }

    private let socket: String?
    private let logger: Logger
    private let missing = Mutex(Set(Part.allCases))

    /// - Parameter socket: an absolute path, or `@` and a name without a file; nil = nobody is told.
    init(socket: String?, logger: Logger) { (self.socket, self.logger) = (socket, logger) }

    /// Something has happened; the last of ``Part`` makes the server ready.
    func done(_ part: Part) {
        let isReady = missing.withLock { missing in
            missing.remove(part)
            return missing.isEmpty
        }
        if isReady { tell("READY=1\nSTATUS=answers requests") }
    }

    /// The server takes nothing new. It may take some seconds more to end, whatever the unit's own limit.
    func stopping(seconds: Double) {
        let limit = Int(seconds.rounded(.up)) + Self.secondsToLeave
        tell("STOPPING=1\nSTATUS=running requests end\nEXTEND_TIMEOUT_USEC=\(limit * 1_000_000)")
    }

    /// What ends after the last request: a unit of work, the process.
    private static let secondsToLeave = 15

    private func tell(_ lines: String) {
        guard let socket else { return }
        do throws(Fault) {
            try Self.send(Array(lines.utf8), to: socket)
        } catch {
            logger.warning("the service manager can't be told at \(socket): \(error.reason)")
        }
    }

    /// Why nobody was told.
    private struct Fault: Error {
        let reason: String

        static var system: Fault { Fault(reason: String(cString: strerror(errno)).lowercased()) }
    }

    private static func send(_ message: [UInt8], to socket: String) throws(Fault) {
        #if os(Linux)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var path = Array(socket.utf8)
            let room = MemoryLayout.size(ofValue: address.sun_path)
            guard path.count > 1, path.count < room, path[0] == UInt8(ascii: "/") || path[0] == UInt8(ascii: "@") else {
                throw Fault(reason: "that is no address of a socket")
            }
            // A name that stands for no file begins with a zero.
            if path[0] == UInt8(ascii: "@") { path[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size - room + path.count)

            let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw .system }
            defer { close(descriptor) }
            let sent = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
                }
            }
            guard sent == message.count else { throw .system }
        #endif
    }
}
