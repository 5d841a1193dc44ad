import FlashUServer
import FlashUTesting
import Foundation
import Pipelines
import Synchronization
import Testing

/// What systemd is told of a server (sd_notify(3)).
@Suite struct ServiceManagerTests {
    /// A socket as systemd has one.
    private final class NotifySocket: Sendable {
        private let descriptor: Int32

        /// - Parameter path: the socket's file, or `@` and a name.
        init(_ path: String, seconds: Int = 60) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var time = timeval(tv_sec: seconds, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var bytes = Array(path.utf8)
            if path.hasPrefix("@") { bytes[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            guard result == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        }

        deinit { close(descriptor) }

        /// The next message; nil when none comes in time.
        func next(waits: Bool = true) -> [String]? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, waits ? 0 : Int32(MSG_DONTWAIT))
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self).components(separatedBy: "\n") : nil
        }
    }

    /// Ready once it listens and has its model, and stopping when it takes nothing new.
    @Test(arguments: [false, true]) func tellsWhenItIsReadyAndWhenItStops(_ isAbstract: Bool) async throws {
        let name = "flashu-notify-\(UUID().uuidString)"
        let path = isAbstract ? "@\(name)" : FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        defer { if !isAbstract { try? FileManager.default.removeItem(atPath: path) } }
        let socket = try NotifySocket(path)
        let mayLoad = Mutex(false)
        let server = try await TestServer({
            $0.notifySocket = path
            $0.drainSeconds = 40
        }) { _ in
            while !mayLoad.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            return try await UnifiedModel.load(ShapesModel.folder, threads: 1)
        }
        #expect(try await server.get("/health").status == 503)
        #expect(socket.next(waits: false) == nil, "it has no model yet")
        mayLoad.withLock { $0 = true }
        let ready = try #require(await blocking { socket.next() })
        #expect(ready.contains("READY=1"))
        #expect(try await server.get("/health").status == 200)

        try await server.stop()
        let stopping = try #require(await blocking { socket.next() })
        #expect(stopping.contains("STOPPING=1"))
        let limit = try #require(stopping.first { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") }?.split(separator: "=").last)
        #expect(try #require(Int(limit)) >= 40_000_000, "running requests may take as long as the server lets them")
    }

    /// A socket that isn't there is told once in the log, and nothing else comes of it.
    @Test(arguments: ["/no/such/socket", "relative", "@", "/" + String(repeating: "x", count: 200)])
    func servesWithoutAManager(_ path: String) async throws {
        let server = try await TestServer { $0.notifySocket = path }
        #expect(try await server.get("/health").status == 200)
        #expect(server.log.all.contains { $0.contains("the service manager can't be told") })
        try await server.stop()
    }
}
