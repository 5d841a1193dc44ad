import FlashUServer
import Foundation
import Testing

/// Requests whose end two readers could see in two places. A proxy before this server must never see one request where the server sees two: what is
/// contradictory is refused, and the connection ends.
@Suite struct SmugglingTests {
    private static let hidden = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let body = "{}"
    private static let head = "POST /sdapi/v1/options HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    /// All that comes back.
    private func answers(to request: String) async throws -> [Int] {
        let port = try await TestServer.shared.value.port
        let bytes = try await blocking {
            let connection = try RawConnection(port: port, timeout: 20)
            connection.send(request)
            // Nothing more comes, so that the server answers all that it sees in this.
            usleep(300_000)
            connection.endSending()
            return connection.read()
        }
        return String(decoding: bytes, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap {
            Int($0.prefix(3))
        }
    }

    /// Lengths that contradict each other, or are none.
    @Test(arguments: [
        "Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2, 3", "Content-Length: 2 3",
        "Content-Length: +2", "Content-Length: -2", "Content-Length: 0x2", "Content-Length: 2.0",
        "Content-Length: 99999999999999999999", "Content-Length:", "Content-Length : 2",
        "Transfer-Encoding : chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked", "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: identity",
        "X: y\r\n Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked\nContent-Length: 2",
        "X: y\rTransfer-Encoding: chunked", "Transfer-Encoding: chunked\rContent-Length: 2",
        "Transfer\u{0}-Encoding: chunked", "Content-Length: 2\u{0}",
    ]) func contradictoryLengths(_ fields: String) async throws {
        // Read by one rule this is a body and a second request, by another one body.
        for rest in ["2\r\n{}\r\n0\r\n\r\n" + Self.hidden, Self.body + Self.hidden, "0\r\n\r\n" + Self.hidden] {
            let answers = try await answers(to: Self.head + fields + "\r\n\r\n" + rest)
            #expect(answers.count <= 1 || answers.allSatisfy { $0 >= 400 }, "\(fields): \(answers)")
            #expect(answers.allSatisfy { $0 != 200 } || answers.count == 1, "\(fields): \(answers)")
            #expect(!answers.contains { $0 >= 500 && $0 != 501 && $0 != 505 }, "\(fields): \(answers)")
        }
    }

    /// Chunks whose sizes are none, or whose ends are elsewhere.
    @Test(arguments: [
        "-2\r\n{}\r\n0\r\n\r\n", "+2\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", "2 \r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", "8000000000000002\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n",
        "2\r{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n", "2\r\n{}\n0\r\n\r\n", "1\r\n{}\r\n0\r\n\r\n", "3\r\n{}\r\n0\r\n\r\n",
        "\r\n2\r\n{}\r\n0\r\n\r\n", "2;\n{}\r\n0\r\n\r\n",
        "G\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\nX\r\n\r\n",
    ]) func badChunks(_ chunks: String) async throws {
        let answers = try await answers(to: Self.head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + Self.hidden)
        #expect(answers.count <= 1 || !answers.contains(200), "\(chunks.debugDescription): \(answers)")
        #expect(!answers.contains { $0 >= 500 }, "\(chunks.debugDescription): \(answers)")
    }

    /// What is no contradiction works: chunk extensions, trailers, and one request after the other.
    @Test func whatIsAllowedWorks() async throws {
        let chunked = Self.head + "Transfer-Encoding: chunked\r\n\r\n"
        for chunks in [
            "2\r\n{}\r\n0\r\n\r\n", "2;a=b;c=\"d\"\r\n{}\r\n0;x\r\n\r\n", "1\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
            "02\r\n{}\r\n00\r\n\r\n",
        ] {
            #expect(try await answers(to: chunked + chunks + Self.hidden) == [200, 200], "\(chunks)")
        }
        #expect(
            try await answers(to: Self.head + "Content-Length: 2\r\n\r\n{}" + Self.hidden + Self.hidden) == [
                200, 200, 200,
            ])
    }

    /// Other protocols are not spoken: the request is answered as it stands, and nothing that follows is, since it could be of the other protocol.
    @Test(arguments: [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0",
    ]) func upgrades(_ fields: String) async throws {
        let request = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n"
        #expect(try await answers(to: request + Self.hidden) == [200])
        // Clients that ask for HTTP/2 where they can, and go on as before, learn that this connection is over.
        let answer = try await TestServer.shared.value.raw(request)
        #expect(answer.status == 200 && answer.headers["connection"] == "close")
    }

    /// A header that is too large, too many, or never ends; a line that is none.
    @Test func badHeads() async throws {
        for (fields, allowed) in [
            ("X: " + String(repeating: "a", count: 100_000), [400, 431]),
            (String(repeating: "X: 1\r\n", count: 200) + "Y: 1", [400, 431]),
            ("X: a\u{0}b", [400]), ("X: a\r\n b", [200, 400]), (": a", [400]), ("X", [400]), ("X Y: a", [400]),
        ] {
            let answers = try await answers(
                to: "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n" + Self.hidden)
            #expect(
                answers.count <= 2 && answers.prefix(1).allSatisfy(allowed.contains), "\(fields.prefix(20)): \(answers)"
            )
        }
        // A head that stops is no request.
        #expect(
            try await answers(to: "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Half: a").allSatisfy { $0 == 400 })
        #expect(try await TestServer.shared.value.get("/health").status == 200)
    }

    /// Values of JSON that are at the edge of what it can say, and beyond.
    @Test func edgesOfJSON() async throws {
        let server = try await TestServer.shared.value
        for (text, status) in [
            (#"{"prompt": "a", "seed": 1e999}"#, 400), (#"{"prompt": "a", "seed": NaN}"#, 400),
            (#"{"prompt": "a", "guidance_scale": -1e999}"#, 400),
            (#"{"prompt": "a", "guidance_scale": Infinity}"#, 400),
            (#"{"prompt": "a", "n": 99999999999999999999999}"#, 400),
            (#"{"prompt": "a", "n": 1.5}"#, 400), (#"{"prompt": "a", "n": -9223372036854775808}"#, 400),
            (#"{"prompt": "\udc00"}"#, 400),
            (#"{"prompt": "\ud800x"}"#, 400), (#"{"prompt": "a", "prompt": "a"}"#, 400),
            (#"{"prompt": "a", "\u0070rompt": "b"}"#, 400),
            ("{\"prompt\": \"a\u{1}\"}", 400), (#"{"prompt": "a",}"#, 400), (#"{"prompt": 'a'}"#, 400),
            (#"{"prompt": "a"} {}"#, 400),
            (#"{"prompt": "a", "num_inference_steps": 2, "n": 1.0, "seed": 9223372036854775807}"#, 200),
            (#"{"prompt": "a\u0000b", "num_inference_steps": 2}"#, 400),
            (#"{"prompt": "a", "negative_prompt": "\u0000", "num_inference_steps": 2}"#, 400),
            (#"{"prompt": "\ud83d\ude00", "num_inference_steps": 2}"#, 200),
            (#"{"prompt": "a", "num_inference_steps": 2, "seed": -9223372036854775808}"#, 200),
            (
                "{\"x\": \(String(repeating: "[", count: 20))\(String(repeating: "]", count: 20)), \"prompt\": \"a\", \"num_inference_steps\": 2}",
                200
            ),
        ] {
            let answer = try await server.post("/v1/images/generations", Data(text.utf8))
            #expect(answer.status == status, "\(text.prefix(80)): \(answer.text.prefix(200))")
        }
    }
}
