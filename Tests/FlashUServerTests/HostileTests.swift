import FlashUServer
import FlashUTesting
import Foundation
import Images
import Testing

/// What nobody should send: each is answered with the right status or hung up on, and the server goes on.
@Suite struct HostileTests {
    private func wellAfter(_ server: TestServer) async throws {
        #expect(try await server.get("/health").status == 200)
    }

    private func chat(_ server: TestServer, picture: Data) async throws -> TestServer.Answer {
        try await server.post(
            ChatTests.path, ["messages": [ChatTests.message(ChatTests.url(picture), "what?")], "max_tokens": 1])
    }

    /// Pictures that are damaged, cut off, or much larger than they look.
    @Test func badPictures() async throws {
        let server = try await TestServer.shared.value
        let (png, _) = try ChatTests.sample()
        let jpeg = try RGBImage(data: png).data(as: .jpeg)
        for cut in [1, 8, 20, 33, png.count / 2, png.count - 20] {
            #expect(try await chat(server, picture: png.prefix(cut)).status == 400, "PNG of \(cut)")
        }
        for cut in [2, 20, jpeg.count / 3] {
            let answer = try await chat(server, picture: jpeg.prefix(cut))
            #expect(answer.status == 400, "JPEG of \(cut): \(answer.text.prefix(200))")
        }
        // A header that promises 60,000 x 60,000 pixels, with its right checksum or not.
        var bomb = png
        bomb.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
        #expect(try await chat(server, picture: bomb).status == 400)
        // 1 KB that would be 400 MB.
        let wide = try RGBImage(width: 9000, height: 5000, pixels: [UInt8](repeating: 0, count: 135_000_000)).data(
            as: .png)
        let answer = try await chat(server, picture: wide)
        #expect(answer.status == 400 && answer.error["code"] as? String == "invalid_image")
        // SVG, HEIC and text are no pictures here.
        for text in ["<svg xmlns='http://www.w3.org/2000/svg'/>", "\u{0}\u{0}\u{0}\u{18}ftypheic", "hello"] {
            #expect(try await chat(server, picture: Data(text.utf8)).status == 400, "\(text)")
        }
        try await wellAfter(server)
    }

    /// JSON that is deep, long, doubled, not UTF-8, or cut off.
    @Test func badJSON() async throws {
        let server = try await TestServer.shared.value
        let bodies: [Data] = [
            Data(String(repeating: "[", count: 100_000).utf8), Data(String(repeating: "{\"a\":", count: 50_000).utf8),
            Data("{\"messages\":\(String(repeating: "[", count: 500))\(String(repeating: "]", count: 500))}".utf8),
            Data("{\"prompt\":\"a\",\"prompt\":\"b\"}".utf8), Data([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]),
            Data("{\"prompt\":\"\\ud800\"}".utf8), Data("".utf8), Data("null".utf8), Data("NaN".utf8),
            Data("{\"prompt\":\"a\"}garbage".utf8),
            Data(("[" + Array(repeating: "1", count: 300_000).joined(separator: ",") + "]").utf8),
        ]
        for body in bodies {
            for path in ["/v1/images/generations", "/v1/chat/completions", "/sdapi/v1/txt2img"] {
                let answer = try await server.post(path, body)
                #expect([400, 413].contains(answer.status), "\(body.prefix(40)): \(answer.status)")
            }
        }
        try await wellAfter(server)
    }

    /// HTTP that is none, contradicts itself, or asks for another protocol.
    @Test(arguments: [
        "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e9\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX Y: 1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET /health HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /%2e%2e/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    ]) func badHTTP(_ request: String) async throws {
        let server = try await TestServer.shared.value
        let port = server.port
        let bytes = try await blocking {
            let connection = try RawConnection(port: port, timeout: 5)
            connection.send(request)
            return connection.read(until: "\r\n\r\n")
        }
        // No answer at all, or one; never a server error, and no protocol is changed.
        if let answer = TestServer.Answer(bytes) {
            #expect([200, 400, 403, 404, 405, 411, 413, 415, 431, 505].contains(answer.status), "\(answer.text)")
        }
        try await wellAfter(server)
    }

    @Test func hugeHeaders() async throws {
        let server = try await TestServer.shared.value
        let port = server.port
        for header in [
            "X: " + String(repeating: "a", count: 200_000), (0..<5000).map { "X-\($0): 1" }.joined(separator: "\r\n"),
        ] {
            let bytes = try await blocking {
                let connection = try RawConnection(port: port, timeout: 5)
                connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\(header)\r\n\r\n")
                return connection.read(until: "\r\n\r\n")
            }
            #expect(TestServer.Answer(bytes).map { [400, 431].contains($0.status) } ?? true)
        }
        try await wellAfter(server)
    }

    /// Hundreds of requests of random make, some of them broken in the middle: none brings it down or gets a server error, and no socket stays open.
    @Test func randomRequests() async throws {
        let server = try await TestServer.shared.value
        let port = server.port
        var random = SeededRandom(seed: 7)
        let values = [
            "null", "true", "-1", "0", "3", "1e400", "1.5", "\"\"", "\"auto\"", "\"data:image/png;base64,AAAA\"", "[]",
            "{}",
            "[{\"role\":\"user\",\"content\":\"hi\"}]",
            "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}]}]",
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "\"\\u0000\"", "[[[]]]",
        ]
        let names = [
            "prompt", "messages", "n", "size", "seed", "stop", "stream", "max_tokens", "temperature", "modalities",
            "width",
            "height", "steps", "model", "output_format", "partial_images", "response_format", "accelerate",
        ]
        let paths = [
            "/v1/images/generations", "/v1/chat/completions", "/sdapi/v1/txt2img", "/sdapi/v1/options", "/v1/models",
            "/v1/images/edits",
        ]
        func pick(_ list: [String]) -> String { list[Int(random.next() % UInt64(list.count))] }
        let before = openFiles()
        for _ in 0..<400 {
            var chosen: [String: String] = [:]
            for _ in 0..<Int(random.next() % 6) { chosen[pick(names)] = pick(values) }
            // What is drawn or said stays short.
            chosen["num_inference_steps"] = "2"
            if chosen["steps"] == nil || Int(chosen["steps"] ?? "") ?? 0 > 3 { chosen["steps"] = "3" }
            if chosen["max_tokens"] == nil || Int(chosen["max_tokens"] ?? "") ?? 0 > 3 { chosen["max_tokens"] = "2" }
            var body = "{" + chosen.map { "\"\($0.key)\":\($0.value)" }.sorted().joined(separator: ",") + "}"
            if random.next() % 10 == 0 { body = String(body.dropLast(Int(random.next() % 8))) }
            let lie = random.next() % 20 == 0
            let request =
                "\(pick(["POST", "POST", "POST", "GET", "PUT"])) \(pick(paths)) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count + (lie ? 5 : 0))\r\n\r\n\(body)"
            let leaves = random.next() % 10 == 0
            let status = try await blocking { () -> Int in
                let connection = try RawConnection(port: port, timeout: 120)
                connection.send(request)
                if leaves || lie { return 0 }
                return TestServer.Answer(connection.read())?.status ?? -1
            }
            #expect([0, 200, 400, 404, 405, 413, 415, 429].contains(status), "\(status): \(request)")
        }
        try await wellAfter(server)
        try await Task.sleep(for: .milliseconds(500))
        #expect(openFiles() <= before + 20)
    }

    private func openFiles() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0
    }
}
