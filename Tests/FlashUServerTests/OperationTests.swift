import FlashUServer
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Testing

/// What holds for every request: who is answered, how errors look, how the server begins and ends.
@Suite struct OperationTests {
    @Test func tellsThatItIsWellAndWhatItServes() async throws {
        let server = try await TestServer { $0.aliases = ["gpt-image-1"] }
        let health = try await server.get("/health")
        #expect(health.status == 200 && health.json["status"] as? String == "ok")
        let models = try await server.get("/v1/models")
        let ids = (models.json["data"] as? [[String: Any]])?.compactMap { $0["id"] as? String }
        #expect(ids == ["shapes", "gpt-image-1"])
        let head = try await server.raw("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(head.status == 200 && head.body.isEmpty)
        try await server.stop()
    }

    /// Before the model is loaded everything is answered, with 503 where it is needed.
    @Test func refusesUntilLoaded() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let server = try await TestServer(load: { progress in
            progress(0.25)
            for await _ in gate { break }
            return try await UnifiedModel.load(ShapesModel.folder, threads: 1)
        })
        let health = try await server.get("/health")
        #expect(health.status == 503 && health.json["loaded"] as? Double == 0.25)
        #expect(health.headers["retry-after"] != nil)
        let early = try await server.post("/v1/images/generations", ["prompt": "a"])
        #expect(early.status == 503 && early.error["code"] as? String == "model_loading")
        #expect(try await server.get("/v1/models").status == 200)
        open.yield()
        while try await server.get("/health").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
        try await server.stop()
    }

    /// A model that can't be loaded ends the server with its error.
    @Test func endsWhenTheModelCantBeLoaded() async throws {
        struct Broken: Error {}
        let server = try await TestServer(load: { _ in
            try await Task.sleep(for: .milliseconds(50))
            throw Broken()
        })
        await #expect(throws: Broken.self) { try await server.stopped() }
    }

    @Test func saysWhatIsWrongInOneShape() async throws {
        let server = try await TestServer.shared.value
        func check(_ answer: TestServer.Answer, _ status: Int, _ code: String?, _ param: String? = nil) {
            #expect(answer.status == status, "\(answer.text)")
            #expect(Set(answer.error.keys) == ["message", "type", "param", "code"])
            #expect(answer.error["code"] as? String == code)
            #expect(answer.error["param"] as? String == param)
            #expect((answer.error["message"] as? String)?.isEmpty == false)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["x-request-id"]?.isEmpty == false)
        }
        check(try await server.get("/v1/nothing"), 404, "not_found")
        let method = try await server.get("/v1/images/generations")
        check(method, 405, "method_not_allowed")
        #expect(method.headers["allow"] == "POST")
        check(try await server.post("/v1/images/generations", Data("{".utf8)), 400, "invalid_json")
        check(try await server.post("/v1/images/generations", Data("[]".utf8)), 400, nil)
        check(try await server.post("/v1/images/generations", ["prompt": 3]), 400, nil, "prompt")
        check(
            try await server.post("/v1/images/generations", ["prompt": "a", "model": "x"]), 404, "model_not_found",
            "model")
        check(
            try await server.raw(
                "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}"
            ),
            415, "unsupported_media_type")
        // Refused by what it says of itself, before any of it is read.
        check(
            try await server.raw(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\nContent-Type: application/json\r\n\r\n"
            ), 413, "request_too_large")
        let edits = try await server.post("/v1/images/edits", ["prompt": "a"])
        check(edits, 400, "unsupported")
    }

    /// A body that doesn't say how long it is is cut off where it becomes too long.
    @Test func boundsBodiesOfUnknownLength() async throws {
        let server = try await TestServer { $0.maxBodyBytes = 100_000 }
        let port = server.port
        let bytes = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for _ in 0..<1000 where !connection.send("400\r\n" + String(repeating: " ", count: 1024) + "\r\n") { break }
            return connection.read()
        }
        #expect(TestServer.Answer(bytes)?.status == 413)
        try await server.stop()
    }

    /// Slow heads and slow bodies end after the time that they have.
    @Test func doesNotWaitForeverForRequests() async throws {
        // Long enough for the head of a request to arrive on a machine that other tests keep busy.
        let server = try await TestServer { $0.uploadSeconds = 5 }
        let port = server.port
        let head = try await blocking {
            let connection = try RawConnection(port: port)
            let start = Date()
            for byte in "GET /health HTTP/1.1\r\nX-Slow: ".utf8 where !connection.send(Data([byte])) { break }
            for _ in 0..<600 {
                guard connection.send("a") else { break }
                usleep(100_000)
            }
            return (connection.read(), Date().timeIntervalSince(start))
        }
        #expect(head.0.isEmpty && head.1 < 55)
        let body = try await blocking {
            let connection = try RawConnection(port: port)
            connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
            )
            // Nothing more: bytes that meet a connection's end would make the system forget the answer.
            connection.send(" ")
            return connection.read()
        }
        #expect(TestServer.Answer(body)?.status == 408)
        try await server.stop()
    }

    @Test func asksForKeys() async throws {
        let keys = try APIKeys(list: "# ours\nsecret-key-one\n\nsecret-key-two\r\n")
        let server = try await TestServer { $0.keys = keys }
        #expect(try await server.get("/health").status == 200)
        for header in [
            "", "Authorization: Bearer secret-key-on\r\n", "Authorization: Bearer secret-key-onee\r\n",
            "Authorization: Basic secret-key-one\r\n", "Authorization: Bearer \r\n",
        ] {
            let answer = try await server.get("/v1/models", headers: header)
            #expect(answer.status == 401, "\(header)")
            #expect(answer.error["code"] as? String == "invalid_api_key")
        }
        for key in ["secret-key-one", "secret-key-two"] {
            #expect(try await server.get("/v1/models", headers: "Authorization: Bearer \(key)\r\n").status == 200)
            #expect(try await server.get("/v1/models", headers: "authorization: bearer \(key)\r\n").status == 200)
        }
        try await server.stop()
        for list in ["", "#\n", "short", "with a blank in it", "ключключ"] {
            #expect(throws: APIKeys.Fault.self) { try APIKeys(list: list) }
        }
    }

    /// A page elsewhere can't reach this server by a name that leads here.
    @Test func answersToItsOwnNames() async throws {
        let server = try await TestServer { $0.hostNames = ["proxy.example"] }
        func status(_ host: String, _ more: String = "") async throws -> Int {
            try await server.raw("GET /v1/models HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(more)\r\n").status
        }
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:80", "proxy.example"] {
            #expect(try await status(host) == 200, "\(host)")
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"] {
            #expect(try await status(host) == 403, "\(host)")
        }
        #expect(try await status("localhost", "Origin: http://evil.example\r\n") == 403)
        #expect(try await status("localhost", "Origin: null\r\n") == 403)
        #expect(try await status("localhost:80", "Origin: http://localhost:80\r\n") == 200)
        try await server.stop()
    }

    /// What clients wrote isn't logged unless asked for; every request is, with its name.
    @Test(arguments: [false, true]) func logsRequests(_ prompts: Bool) async throws {
        let server = try await TestServer { $0.logsPrompts = prompts }
        let answer = try await server.post(
            "/v1/images/generations", ["prompt": "a zebra", "num_inference_steps": 2])
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        let id = try #require(answer.headers["x-request-id"])
        let line = try #require(server.log.all.first { $0.contains("request=\(id)") && $0.contains("status=200") })
        #expect(line.contains("path=/v1/images/generations"))
        #expect(server.log.all.contains { $0.contains("zebra") } == prompts)
        try await server.stop()
    }

    /// Told to stop, it takes nothing new, and what runs ends.
    @Test func endsRunningRequestsBeforeItStops() async throws {
        // Other tests may take most of the machine meanwhile.
        let server = try await TestServer({ $0.drainSeconds = 100 }, hasOwnModel: true)
        async let drawing = server.post(
            "/v1/images/generations", ["prompt": "a red circle", "num_inference_steps": 60])
        while await server.model.scheduler.jobs == 0 { try await Task.sleep(for: .milliseconds(5)) }
        server.beginStopping()
        #expect(try await drawing.status == 200)
        try await server.stopped()
        await #expect(throws: POSIXError.self) { try await server.get("/health") }
    }

    /// What takes too long to end is cut off.
    @Test func stopsInTime() async throws {
        let server = try await TestServer({ $0.drainSeconds = 0.3 }, hasOwnModel: true)
        let port = server.port
        async let drawing = blocking {
            let connection = try RawConnection(port: port)
            let body = #"{"prompt": "a red circle", "num_inference_steps": 1000, "n": 10}"#
            connection.send(
                "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            return connection.read()
        }
        while await server.model.scheduler.jobs == 0 { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        try await server.stop()
        #expect(ContinuousClock.now - start < .seconds(60))
        _ = try await drawing
    }
}
