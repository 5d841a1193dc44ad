import FlashUServer
import FlashUTesting
import Foundation
import Logging
import Pipelines
import Synchronization

/// A server in this process, on a free port.
final class TestServer: Sendable {
    let port: Int
    let model: UnifiedModel
    private let running: Task<Void, any Error>
    /// The lines of its log.
    let log: Lines

    /// Lines that a log handler wrote.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// The shapes model, loaded once.
    private static let shapes = Task { try await UnifiedModel.load(ShapesModel.folder, threads: 2) }

    /// A server of the shapes model, shared by all tests that need nothing else of it.
    static let shared = Task { try await TestServer() }

    /// Starts one.
    ///
    /// - Parameters:
    ///   - hasOwnModel: whether nobody else's jobs run on the model.
    ///   - load: what loads the model; nil = it is there already.
    init(
        _ change: (inout ServerSettings) -> Void = { _ in }, hasOwnModel: Bool = false,
        load: (@Sendable (@escaping @Sendable (Double) -> Void) async throws -> UnifiedModel)? = nil
    ) async throws {
        var settings = ServerSettings()
        settings.port = 0
        change(&settings)
        let model =
            try await hasOwnModel ? UnifiedModel.load(ShapesModel.folder, threads: 1) : Self.shapes.value
        let log = Lines()
        var logger = Logger(label: "test") { _ in CapturingHandler(lines: log) }
        logger.logLevel = .info
        let server = APIServer(try ModelFolder(ShapesModel.folder), settings: settings, logger: logger) { progress in
            guard let load else { return model }
            return try await load(progress)
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        running = Task {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        var port = 0
        for await opened in ports {
            port = opened
            break
        }
        (self.port, self.model, self.log) = (port, model, log)
        if load == nil {
            while try await get("/health").status != 200 { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    /// Tells it to stop, and waits until it has.
    func stop() async throws {
        running.cancel()
        try await running.value
    }

    /// Tells it to stop.
    func beginStopping() { running.cancel() }

    /// Waits until it has stopped.
    func stopped() async throws { try await running.value }

    // MARK: Requests

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        /// In small letters.
        let headers: [String: String]
        let body: Data

        /// The body as JSON.
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body) as? [String: Any]) ?? [:] }
        /// `error` of the body.
        var error: [String: Any] { json["error"] as? [String: Any] ?? [:] }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// What the `data:` lines of an event stream hold.
        var events: [[String: Any]] {
            text.components(separatedBy: "\n").filter { $0.hasPrefix("data: {") }.compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.dropFirst(6).utf8)) as? [String: Any]
            }
        }

        /// Reads one response from the bytes of a connection that was closed after it.
        init?(_ bytes: Data) {
            guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
            self.status = status
            headers = Dictionary(
                lines.dropFirst().compactMap { line in
                    line.firstIndex(of: ":").map {
                        (
                            line[..<$0].lowercased(),
                            line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces)
                        )
                    }
                }, uniquingKeysWith: { $1 })
            var body = Data(bytes[end.upperBound...])
            if headers["transfer-encoding"] == "chunked" { body = Self.joined(body) }
            self.body = body
        }

        private static func joined(_ chunks: Data) -> Data {
            var (rest, all) = (chunks, Data())
            while let line = rest.range(of: Data("\r\n".utf8)),
                let count = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16), count > 0,
                rest[line.upperBound...].count >= count
            {
                all += rest[line.upperBound...].prefix(count)
                rest = Data(rest[line.upperBound...].dropFirst(count + 2))
            }
            return all
        }
    }

    func get(_ path: String, headers: String = "") async throws -> Answer {
        try await raw("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
    }

    func post(_ path: String, _ json: [String: Any], headers: String = "") async throws -> Answer {
        try await post(path, JSONSerialization.data(withJSONObject: json), headers: headers)
    }

    func post(_ path: String, _ body: Data, headers: String = "") async throws -> Answer {
        try await raw(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\(headers)\r\n",
            body)
    }

    /// Sends bytes and reads to the end.
    func raw(_ head: String, _ body: Data = Data(), timeout: Int = 120) async throws -> Answer {
        let port = port
        let bytes = try await blocking {
            let connection = try RawConnection(port: port, timeout: timeout)
            connection.send(Data(head.utf8) + body)
            return connection.read()
        }
        guard let answer = Answer(bytes) else {
            throw POSIXError(.EPROTO, userInfo: ["bytes": String(decoding: bytes.prefix(300), as: UTF8.self)])
        }
        return answer
    }
}

private struct CapturingHandler: LogHandler {
    let lines: TestServer.Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.add(
            "\(event.level) \(event.message) " + all.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))
    }
}
