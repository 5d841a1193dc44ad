import FlashUServer
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Testing

/// `POST /v1/images/generations`.
@Suite struct ImagesTests {
    static let path = "/v1/images/generations"

    private func image(_ answer: TestServer.Answer, _ index: Int = 0) throws -> RGBImage {
        let data = try #require(answer.json["data"] as? [[String: Any]])
        let text = try #require(data[index]["b64_json"] as? String)
        return try RGBImage(data: #require(Data(base64Encoded: text)))
    }

    /// The pixels are the library's, with the seed that was asked for.
    @Test func drawsWhatTheLibraryDraws() async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.path,
            [
                "prompt": "a photo of a red circle", "n": 2, "seed": 7, "num_inference_steps": 6, "guidance_scale": 2,
                "negative_prompt": "blue", "model": "shapes", "moderation": "auto", "style": "vivid", "user": "me",
                "background": "opaque", "quality": "high", "no_such_field": [1, 2],
            ])
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        let expected = try await TextToImage(server.model).images(
            .init(
                prompt: "a photo of a red circle", count: 2, steps: 6, guidance: 2, seed: 7, negativePrompt: "blue"))
        for index in 0..<2 { #expect(try image(answer, index) == expected[index].pixels) }
        #expect(answer.json["size"] as? String == "128x128")
        #expect(answer.json["quality"] as? String == "high")
        #expect(answer.json["output_format"] as? String == "png")
        #expect(answer.json["background"] as? String == "opaque")
        let usage = try #require(answer.json["usage"] as? [String: Any])
        let input = try #require(usage["input_tokens"] as? Int)
        let output = try #require(usage["output_tokens"] as? Int)
        #expect(output == 2 * 65 && usage["total_tokens"] as? Int == input + output)
        let data = try #require(answer.json["data"] as? [[String: Any]])
        #expect(data.map { $0["seed"] as? Int } == [7, 8])
    }

    /// An image without a seed can be drawn again with the one that is told.
    @Test func tellsTheSeed() async throws {
        let server = try await TestServer.shared.value
        let first = try await server.post(Self.path, ["prompt": "a red circle", "num_inference_steps": 3])
        let seed = try #require((first.json["data"] as? [[String: Any]])?.first?["seed"] as? Int)
        let second = try await server.post(
            Self.path, ["prompt": "a red circle", "num_inference_steps": 3, "seed": seed])
        #expect(try image(first) == image(second))
        let third = try await server.post(Self.path, ["prompt": "a red circle", "num_inference_steps": 3])
        #expect(try image(first) != image(third))
    }

    @Test(arguments: ["png", "jpeg", "webp"]) func writesFormats(_ format: String) async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.path,
            [
                "prompt": "a red circle", "num_inference_steps": 2, "output_format": format, "output_compression": 50,
                "response_format": "url",
            ])
        let url = try #require((answer.json["data"] as? [[String: Any]])?.first?["url"] as? String)
        #expect(url.hasPrefix("data:image/\(format);base64,"))
        let data = try DataURL.data(url, param: "url")
        #expect(ImageFormat(signature: data)?.rawValue.lowercased() == format)
    }

    @Test func mapsSizes() async throws {
        let geometry = try await TestServer.shared.value.model.geometry
        let policy = SizePolicy(geometry, ServerSettings())
        func size(_ text: String?) throws -> [Int] {
            let size = try policy.size(text)
            return [size.width, size.height]
        }
        #expect(try size(nil) == [128, 128] && size("auto") == [128, 128])
        #expect(try size("64x96") == [64, 96])
        #expect(try size("1024x1024") == [128, 128])
        #expect(try size("100x60") == [96, 64])
        for text in ["1792x1024", "1024x1792", "100000x1", "1x1", "130x130", "100000x100000", "200x16"] {
            let mapped = try policy.size(text)
            #expect(
                mapped.width % 16 == 0 && mapped.height % 16 == 0 && mapped.width * mapped.height <= 128 * 128,
                "\(text)")
            #expect((try? geometry.grid(width: mapped.width, height: mapped.height)) != nil, "\(text)")
        }
        for text in [
            "", "x", "128", "128x", "x128", "-1x5", "1e2x5", "0x0", "128x128x128", "١x٢", "100001x2", "+1x2", " 1x2",
        ] {
            #expect(throws: APIError.self, "\(text)") { try size(text) }
        }
        var strict = ServerSettings()
        strict.isStrictAboutSizes = true
        #expect(throws: APIError.self) { try SizePolicy(geometry, strict).size("1024x1024") }
        #expect(try SizePolicy(geometry, strict).size("64x64").width == 64)
        let answer = try await TestServer.shared.value.post(
            Self.path, ["prompt": "a", "size": "1024x1536", "num_inference_steps": 2])
        #expect(answer.json["size"] as? String == "96x160")
    }

    @Test func saysWhichFieldIsWrong() async throws {
        let server = try await TestServer.shared.value
        for (field, value) in [
            ("prompt", ""), ("n", 0), ("n", 11), ("n", 1.5), ("n", "2"), ("n", 1e300), ("size", "big"), ("size", 128),
            ("quality", "best"), ("response_format", "file"), ("output_format", "gif"), ("output_compression", 101),
            ("background", "transparent"), ("stream", "yes"), ("partial_images", 4), ("seed", "x"), ("seed", 1e30),
            ("num_inference_steps", 1), ("num_inference_steps", 1001), ("guidance_scale", -1),
            ("accelerate", "/etc/passwd"), ("model", 5),
        ] as [(String, Any)] {
            var body: [String: Any] = ["prompt": "a"]
            body[field] = value
            let answer = try await server.post(Self.path, body)
            #expect(answer.status == 400, "\(field) \(value): \(answer.text.prefix(200))")
            #expect(answer.error["param"] as? String == field, "\(answer.text.prefix(200))")
        }
        #expect(try await server.post(Self.path, [:]).error["param"] as? String == "prompt")
        let long = try await server.post(Self.path, ["prompt": String(repeating: "circle ", count: 5000)])
        #expect(long.status == 400)
    }

    /// Presets are taken by name.
    @Test func accelerates() async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.path, ["prompt": "a red circle", "seed": 1, "num_inference_steps": 8, "accelerate": "paper"])
        #expect(answer.status == 200)
        let exact = try await server.post(Self.path, ["prompt": "a red circle", "seed": 1, "num_inference_steps": 8])
        #expect(try image(answer) != image(exact))
    }

    /// Pictures on the way come in order, and the last image is the one that comes without them.
    @Test func streams() async throws {
        let server = try await TestServer.shared.value
        let asked: [String: Any] = ["prompt": "a photo of a red circle", "seed": 3, "num_inference_steps": 12]
        let whole = try await image(server.post(Self.path, asked))
        let answer = try await server.post(
            Self.path, asked.merging(["stream": true, "partial_images": 3]) { $1 })
        #expect(answer.headers["content-type"]?.hasPrefix("text/event-stream") == true)
        let events = answer.events
        #expect(
            events.map { $0["type"] as? String } == Array(repeating: "image_generation.partial_image", count: 3)
                + ["image_generation.completed"])
        #expect(events.prefix(3).map { $0["partial_image_index"] as? Int } == [0, 1, 2])
        for event in events {
            for field in ["b64_json", "created_at", "size", "quality", "background", "output_format"] {
                #expect(event[field] != nil, "\(field)")
            }
        }
        #expect(answer.text.contains("event: image_generation.completed\n"))
        let images = try events.map { event in
            let text = try #require(event["b64_json"] as? String)
            return try RGBImage(data: #require(Data(base64Encoded: text)))
        }
        #expect(images[3] == whole)
        #expect((events[3]["usage"] as? [String: Any])?["output_tokens"] as? Int == 65)
        // Each is nearer to the image than the one before.
        let distances = images.map { one in
            zip(one.pixels, whole.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
        }
        #expect(distances[0] > distances[1] && distances[1] > distances[2] && distances[2] > 0)
    }

    /// Few evaluations show few pictures.
    @Test func previewsAreBeforeTheLastEvaluation() {
        for total in 1...60 {
            for count in 0...3 {
                let previews = DrawingPreviews(count: count) { _, _, _ in }
                let numbers = (0..<total).compactMap { previews.number(after: $0, of: total) }
                #expect(numbers == Array(0..<min(count, total - 1)))
            }
        }
    }

    /// Who goes away has nothing computed any more, streaming or not.
    @Test(arguments: [false, true]) func stopsWhenTheClientLeaves(_ streams: Bool) async throws {
        let server = try await TestServer(hasOwnModel: true)
        let port = server.port
        let connection = try await blocking {
            nonisolated(unsafe) let connection = try RawConnection(port: port)
            let body = #"{"prompt": "a red circle", "num_inference_steps": 1000, "n": 10, "stream": \#(streams)}"#
            connection.send(
                "POST \(Self.path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            return Held(connection)
        }
        while await server.model.scheduler.jobs == 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(200))
        connection.value.close()
        let start = ContinuousClock.now
        while await server.model.scheduler.jobs > 0 {
            try await Task.sleep(for: .milliseconds(5))
            if ContinuousClock.now - start > .seconds(60) { break }
        }
        #expect(await server.model.scheduler.jobs == 0)
        #expect(ContinuousClock.now - start < .seconds(60))
        try await server.stop()
    }

    /// A connection of a test, which one thread at a time uses.
    struct Held: @unchecked Sendable {
        let value: RawConnection
        init(_ value: RawConnection) { self.value = value }
    }

    /// Beyond the queue's bound, and only there, clients are told to come later.
    @Test func boundsTheQueue() async throws {
        let server = try await TestServer { $0.maxQueue = 3 }
        let answers = try await withThrowingTaskGroup(of: TestServer.Answer.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await server.post(Self.path, ["prompt": "a red circle", "num_inference_steps": 20])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let (done, refused) = (answers.filter { $0.status == 200 }, answers.filter { $0.status == 429 })
        #expect(done.count >= 3 && done.count + refused.count == 8 && !refused.isEmpty)
        #expect(refused.allSatisfy { $0.headers["retry-after"] != nil && $0.error["code"] as? String == "queue_full" })
        try await server.stop()
    }

    /// What takes longer than a request may is answered 504, and stops.
    @Test func keepsDeadlines() async throws {
        let server = try await TestServer({ $0.requestSeconds = 0.3 }, hasOwnModel: true)
        let body: [String: Any] = ["prompt": "a red circle", "num_inference_steps": 1000, "n": 10]
        #expect(try await server.post(Self.path, body).status == 504)
        let stream = try await server.post(Self.path, body.merging(["stream": true]) { $1 })
        #expect(stream.status == 200)
        #expect((stream.events.last?["error"] as? [String: Any])?["code"] as? String == "timeout")
        while await server.model.scheduler.jobs > 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await server.stop()
    }
}
