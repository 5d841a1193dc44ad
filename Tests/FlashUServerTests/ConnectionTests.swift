import FlashUServer
import FlashUTesting
import Foundation
import Pipelines
import Testing

/// Clients that don't read, or send too slowly, or too much: none holds memory or the engine, and who is refused learns why.
@Suite(.serialized) struct ConnectionTests {
    private func head(_ path: String, length: Int, more: String = "Content-Type: application/json\r\n") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\n\(more)\r\n"
    }

    private func wait(_ seconds: Double, until condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func inProgress(_ server: TestServer) async throws -> Int {
        let line = try await server.get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix("flashu_requests_in_progress ")
        }
        return try #require(line.flatMap { Int($0.split(separator: " ")[1]) })
    }

    /// A stream that nobody reads ends, and its work with it, long before it is complete.
    @Test func freesTheWorkOfWhoDoesNotRead() async throws {
        let server = try await TestServer(
            {
                $0.writeSeconds = 2
                $0.maxDrawnPixels = 512 * 512
            }, hasOwnModel: true)
        let port = server.port
        // Noise, which no file format makes small: some MB for each image.
        let body =
            #"{"prompt": "a", "size": "512x512", "num_inference_steps": 8, "n": 10, "stream": true, "partial_images": 3}"#
        let request = head("/v1/images/generations", length: body.utf8.count) + body
        let connection = try await blocking {
            let connection = try RawConnection(port: port, receiveBuffer: 4096)
            connection.send(request)
            return Kept(connection)
        }
        #expect(try await wait(60) { await server.model.scheduler.jobs == 1 })
        #expect(try await wait(300) { server.log.all.contains { $0.contains("the client left") } })
        #expect(try await wait(10) { await server.model.scheduler.jobs == 0 })
        #expect(try await wait(10) { try await inProgress(server) == 0 })
        #expect(connection.value.read().count < 8 << 20)
        try await server.stop()
    }

    /// Answers that pile up before a client that takes none of them end its connection; one that reads slowly gets all.
    @Test func hangsUpOnWhoTakesNothing() async throws {
        let server = try await TestServer { $0.writeSeconds = 2 }
        let port = server.port
        let one = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let count = 400
        func read(_ pause: useconds_t) async throws -> Int {
            try await blocking {
                let connection = try RawConnection(port: port, timeout: 30, receiveBuffer: 4096)
                Thread.detachNewThread { [sender = Kept(connection)] in
                    sender.value.send(String(repeating: one, count: count - 1))
                    sender.value.send(one.replacingOccurrences(of: "\r\n\r\n", with: "\r\nConnection: close\r\n\r\n"))
                }
                usleep(pause)
                var all = Data()
                while true {
                    let part = connection.read(limit: 1)
                    guard !part.isEmpty else { break }
                    all += part
                    if pause < 1_000_000 { usleep(pause) }
                }
                return String(decoding: all, as: UTF8.self).components(separatedBy: "HTTP/1.1 200 OK").count - 1
            }
        }
        #expect(try await read(6_000_000) < count)
        #expect(try await read(200) == count)
        try await server.stop()
    }

    /// Who is refused while it sends gets the answer, however much it goes on to send.
    @Test func answersWhileABodyIsSent() async throws {
        let keys = try APIKeys(list: "secret-key-one")
        let server = try await TestServer {
            $0.maxBodyBytes = 1 << 20
            $0.keys = keys
        }
        let port = server.port
        let key = "Authorization: Bearer secret-key-one\r\n"
        let json = key + "Content-Type: application/json\r\n"
        let length = 40 << 20
        for (status, start) in [
            (413, head("/v1/chat/completions", length: length, more: json)),
            (
                413,
                head("/v1/chat/completions", length: 1, more: json).replacingOccurrences(
                    of: "Content-Length: 1", with: "Transfer-Encoding: chunked")
            ),
            (415, head("/v1/chat/completions", length: length, more: key + "Content-Type: text/plain\r\n")),
            (401, head("/v1/chat/completions", length: length)),
            (404, head("/v1/nothing", length: length, more: json)),
            (405, head("/v1/models", length: length, more: json)),
            (400, head("/v1/images/edits", length: length, more: key)),
        ] {
            let isChunked = start.contains("chunked")
            let (isSent, bytes, seconds) = try await blocking {
                let connection = try RawConnection(port: port)
                connection.send(start)
                // All of it before a byte of the answer is read, as simple clients do.
                let part = Data(repeating: 0x20, count: 1 << 20)
                var isSent = true
                for _ in 0..<length / part.count {
                    isSent =
                        isSent && connection.send(isChunked ? Data("100000\r\n".utf8) + part + Data("\r\n".utf8) : part)
                }
                let begin = Date()
                return (isSent, connection.read(), Date().timeIntervalSince(begin))
            }
            let answer = try #require(TestServer.Answer(bytes), "\(status)")
            #expect(answer.status == status)
            #expect(answer.headers["connection"] == "close")
            #expect(Set(answer.error.keys) == ["message", "type", "param", "code"])
            #expect(isSent)
            // The end comes without a client that says goodbye first.
            #expect(seconds < 20)
        }
        try await server.stop()
    }

    /// Bodies that are on their way have so much room together, and give it back.
    @Test func boundsAllBodiesTogether() async throws {
        let server = try await TestServer {
            $0.maxBodyBytes = 1 << 20
            $0.maxUploadBytes = 3 << 20
        }
        let port = server.port
        let start = head("/v1/chat/completions", length: 1 << 20)
        let half = Data(repeating: 0x20, count: (1 << 20) - 10)
        let kept = try await blocking {
            let all = try (0..<3).map { _ in Kept(try RawConnection(port: port)) }
            for one in all {
                one.value.send(start)
                one.value.send(half)
            }
            usleep(500_000)
            return all
        }
        // Wrong, which is found out once all of it is there.
        let large: [String: Any] = ["messages": 1, "other": String(repeating: "a", count: 100_000)]
        let refused = try await server.post("/v1/chat/completions", large)
        #expect(refused.status == 503 && refused.error["code"] as? String == "uploads_full", "\(refused.text)")
        #expect(refused.headers["retry-after"] != nil)
        for one in kept { one.value.close() }
        #expect(try await wait(20) { try await server.post("/v1/chat/completions", large).status == 400 })
        try await server.stop()
    }

    /// A client that never ends sending is not listened to for ever.
    @Test func doesNotListenForever() async throws {
        let server = try await TestServer { $0.uploadSeconds = 3 }
        let port = server.port
        let start = head("/v1/nothing", length: 1 << 40)
        let (answer, sent) = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(start)
            let part = Data(repeating: 0x20, count: 1 << 20)
            var sent = 0
            while sent < 2000, connection.send(part) { sent += 1 }
            return (connection.read(), sent)
        }
        #expect(sent < 2000, "the connection ended after \(sent) MB")
        _ = answer

        // A body of a request that needs none, which drips on after the answer.
        let seconds = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
            _ = connection.read(until: "\r\n\r\n")
            let begin = Date()
            while Date().timeIntervalSince(begin) < 60, connection.send(" ") { usleep(50_000) }
            return Date().timeIntervalSince(begin)
        }
        #expect(seconds < 30)
        try await server.stop()
    }

    /// The head of a second request on a connection has no more time than the first, and its time begins when it does.
    @Test func boundsLaterHeads() async throws {
        let server = try await TestServer { $0.uploadSeconds = 3 }
        let port = server.port
        let seconds = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = connection.read(until: "\r\n\r\n")
            sleep(4)
            connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(!connection.read(until: "\r\n\r\n").isEmpty)
            connection.send("GET /health HTTP/1.1\r\nX-Slow: ")
            let begin = Date()
            while Date().timeIntervalSince(begin) < 60, connection.send("a") { usleep(50_000) }
            return Date().timeIntervalSince(begin)
        }
        #expect((2..<20).contains(seconds))
        try await server.stop()
    }

    /// A body that ends before or after the length that it was said to have.
    @Test func wrongLengths() async throws {
        let server = try await TestServer { $0.uploadSeconds = 3 }
        let port = server.port
        // Too short, and the client waits; too short, and it has ended: neither is computed.
        let body = #"{"prompt": "a", "num_inference_steps": 2}"#
        let short = head("/v1/images/generations", length: body.utf8.count + 10) + body
        let waiting = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(short)
            return connection.read()
        }
        #expect(TestServer.Answer(waiting)?.status == 408)
        let ended = try await blocking {
            let connection = try RawConnection(port: port, timeout: 10)
            connection.send(short)
            connection.endSending()
            return connection.read()
        }
        #expect(TestServer.Answer(ended).map { $0.status == 400 } ?? true)
        // Too long: the rest is another request, and none that is known.
        let long = try await blocking {
            let connection = try RawConnection(port: port, timeout: 60)
            connection.send(
                "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count - 1)\r\n\r\n\(body)\r\n\r\n"
            )
            return String(decoding: connection.read(), as: UTF8.self)
        }
        #expect(long.hasPrefix("HTTP/1.1 400") && !long.contains(" 200 OK"))
        #expect(try await server.get("/health").status == 200)
        try await server.stop()
    }

    /// Keeps a connection open from thread to thread.
    private final class Kept: @unchecked Sendable {
        let value: RawConnection
        init(_ value: RawConnection) { self.value = value }
    }
}
