import FlashUServer
import FlashUTesting
import Foundation
import Images
import Pipelines
import ShowO2
import Testing

/// `POST /v1/chat/completions`.
@Suite struct ChatTests {
    static let path = "/v1/chat/completions"

    /// A picture of the evaluation set, with its first question.
    static func sample(_ index: Int = 0) throws -> (png: Data, question: String) {
        let question = try ShapesModel.questions()[index]
        let file = ShapesModel.folder.appendingPathComponent("eval").appendingPathComponent(question.image)
        return (try Data(contentsOf: file), question.question)
    }

    static func url(_ data: Data, _ type: String = "image/png") -> String {
        "data:\(type);base64,\(data.base64EncodedString())"
    }

    static func message(_ url: String, _ text: String) -> [String: Any] {
        [
            "role": "user",
            "content": [
                ["type": "image_url", "image_url": ["url": url, "detail": "auto"]], ["type": "text", "text": text],
            ],
        ]
    }

    private func content(_ answer: TestServer.Answer) throws -> String {
        let choices = try #require(answer.json["choices"] as? [[String: Any]], "\(answer.text.prefix(300))")
        return try #require((choices[0]["message"] as? [String: Any])?["content"] as? String)
    }

    private func finish(_ answer: TestServer.Answer) -> String? {
        (answer.json["choices"] as? [[String: Any]])?.first?["finish_reason"] as? String
    }

    /// The text is the library's, and the counts are true.
    @Test func answersWhatTheLibraryAnswers() async throws {
        let server = try await TestServer.shared.value
        for index in [0, 17, 200] {
            let (png, question) = try Self.sample(index)
            let answer = try await server.post(
                Self.path,
                ["messages": [Self.message(Self.url(png), question)], "model": "shapes", "max_tokens": 32_768])
            let expected = try await ImageQuestion(server.model).answers(
                .init(image: RGBImage(data: png), questions: [question]))[0]
            #expect(try content(answer) == expected.text)
            #expect(finish(answer) == (expected.finished ? "stop" : "length"))
            #expect(answer.json["object"] as? String == "chat.completion")
            let usage = try #require(answer.json["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == expected.tokens.count - (expected.finished ? 1 : 0))
            #expect(usage["total_tokens"] == (usage["prompt_tokens"] ?? 0) + (usage["completion_tokens"] ?? 0))
            // 8 x 8 tokens of the picture, and text around it.
            #expect((70...200).contains(usage["prompt_tokens"] ?? 0))
        }
    }

    /// The pieces of a stream make the whole.
    @Test(arguments: [false, true]) func streams(_ countsTokens: Bool) async throws {
        let server = try await TestServer.shared.value
        let (png, question) = try Self.sample(3)
        let asked: [String: Any] = ["messages": [Self.message(Self.url(png), question)]]
        let whole = try await content(server.post(Self.path, asked))
        let answer = try await server.post(
            Self.path,
            asked.merging(["stream": true, "stream_options": ["include_usage": countsTokens]]) { $1 })
        let events = answer.events
        #expect(events.allSatisfy { $0["object"] as? String == "chat.completion.chunk" })
        let choices = events.compactMap { ($0["choices"] as? [[String: Any]])?.first }
        let deltas = choices.compactMap { $0["delta"] as? [String: Any] }
        #expect(deltas.first?["role"] as? String == "assistant")
        #expect(deltas.compactMap { $0["content"] as? String }.joined() == whole)
        #expect(choices.compactMap { $0["finish_reason"] as? String } == ["stop"])
        #expect(answer.text.hasSuffix("data: [DONE]\n\n"))
        #expect((events.last?["usage"] as? [String: Int] != nil) == countsTokens)
    }

    /// Text alone is answered with something, whatever a model of shapes has to say.
    @Test func chatsWithoutPictures() async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.path,
            [
                "messages": [["role": "system", "content": "Be brief."], ["role": "user", "content": "hello"]],
                "max_tokens": 8, "temperature": 0,
            ])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(["stop", "length"].contains(finish(answer)))
    }

    /// A second question on the same picture, after the first one's answer.
    @Test func goesOnWithAConversation() async throws {
        let server = try await TestServer.shared.value
        let (png, question) = try Self.sample()
        let first = try await server.post(Self.path, ["messages": [Self.message(Self.url(png), question)]])
        let second = try await server.post(
            Self.path,
            [
                "messages": [
                    Self.message(Self.url(png), question), ["role": "assistant", "content": try content(first)],
                    ["role": "user", "content": [["type": "text", "text": "how many objects are there?"]]],
                ]
            ])
        #expect(second.status == 200, "\(second.text)")
        let count = { (answer: TestServer.Answer) in (answer.json["usage"] as? [String: Int])?["prompt_tokens"] ?? 0 }
        #expect(count(second) > count(first))
    }

    /// Several pictures are read together, in their order.
    @Test func readsSeveralPictures() async throws {
        let server = try await TestServer.shared.value
        let (a, b) = (try Self.sample(0).png, try Self.sample(500).png)
        let question = "what color is the circle?"
        func ask(_ pictures: [Data]) async throws -> TestServer.Answer {
            var parts: [[String: Any]] = pictures.map { ["type": "image_url", "image_url": ["url": Self.url($0)]] }
            parts.append(["type": "text", "text": question])
            return try await server.post(Self.path, ["messages": [["role": "user", "content": parts]]])
        }
        for pictures in [[a, b], [b, a]] {
            let expected = try await ImageQuestion(server.model).answers(
                .init(images: pictures.map { try RGBImage(data: $0) }, questions: [question]))[0]
            #expect(try await content(ask(pictures)) == expected.text)
        }
    }

    @Test func stopsAtSequencesAndLimits() async throws {
        let server = try await TestServer.shared.value
        let (png, _) = try Self.sample()
        let message = Self.message(Self.url(png), "how many objects are there?")
        let whole = try await content(server.post(Self.path, ["messages": [message]]))
        #expect(whole.count > 1)
        let stop = String(whole.dropFirst().prefix(1))
        let cut = try await server.post(Self.path, ["messages": [message], "stop": [stop, "zzz"]])
        #expect(try content(cut) == whole.components(separatedBy: stop)[0].trimmingCharacters(in: .whitespaces))
        #expect(finish(cut) == "stop")
        let short = try await server.post(Self.path, ["messages": [message], "max_completion_tokens": 1])
        #expect(finish(short) == "length")
        #expect((short.json["usage"] as? [String: Int])?["completion_tokens"] == 1)
    }

    /// A seed makes random answers the same again.
    @Test func samplesWithSeeds() async throws {
        let server = try await TestServer.shared.value
        func ask(_ seed: Int) async throws -> String {
            try await content(
                server.post(
                    Self.path,
                    [
                        "messages": [["role": "user", "content": "hello"]], "temperature": 2, "top_p": 0.99,
                        "seed": seed, "max_tokens": 12,
                    ]))
        }
        var texts: [String] = []
        for seed in [1, 1, 2, 3] { texts.append(try await ask(seed)) }
        #expect(texts[0] == texts[1])
        #expect(Set(texts).count > 1)
    }

    /// `modalities: ["image"]` draws, as BAGEL does behind vLLM-Omni.
    @Test(arguments: [false, true]) func draws(_ streams: Bool) async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.path,
            [
                "messages": [["role": "user", "content": "a photo of a red circle"]], "modalities": ["image"],
                "seed": 5, "num_inference_steps": 5, "stream": streams,
            ])
        let parts: [[String: Any]]
        if streams {
            let deltas = answer.events.compactMap {
                (($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any])?["content"]
            }
            parts = try #require(deltas.first as? [[String: Any]])
        } else {
            let message = (answer.json["choices"] as? [[String: Any]])?.first?["message"] as? [String: Any]
            parts = try #require(message?["content"] as? [[String: Any]], "\(answer.text.prefix(300))")
        }
        let url = try #require((parts[0]["image_url"] as? [String: Any])?["url"] as? String)
        let image = try RGBImage(data: DataURL.data(url, param: ""))
        let expected = try await TextToImage(server.model).images(
            .init(prompt: "a photo of a red circle", steps: 5, seed: 5))[0]
        #expect(image == expected.pixels)
    }

    @Test func saysWhichFieldIsWrong() async throws {
        let server = try await TestServer.shared.value
        let text: [String: Any] = ["role": "user", "content": "hello"]
        func picture(_ url: String) -> [String: Any] { Self.message(url, "what?") }
        let cases: [([String: Any], String)] = [
            ([:], "messages"), (["messages": []], "messages"), (["messages": ["hello"]], "messages[0]"),
            (["messages": [["content": "x"]]], "messages[0].role"),
            (["messages": [["role": "tool", "content": "x"]]], "messages[0].role"),
            (["messages": [["role": "user"]]], "messages[0].content"),
            (["messages": [["role": "user", "content": 5]]], "messages[0].content"),
            (["messages": [["role": "user", "content": [["type": "input_audio"]]]]], "messages[0].content[0].type"),
            (["messages": [["role": "user", "content": [["type": "text"]]]]], "messages[0].content[0].text"),
            (["messages": [text, ["role": "assistant", "content": "x"]]], "messages"),
            (["messages": [picture("http://127.0.0.1/x.png")]], "messages[0].content[0].image_url.url"),
            (["messages": [picture("file:///etc/passwd")]], "messages[0].content[0].image_url.url"),
            (["messages": [picture("data:image/png,abc")]], "messages[0].content[0].image_url.url"),
            (["messages": [picture("data:image/png;base64,@@@@")]], "messages[0].content[0].image_url.url"),
            (["messages": [picture("data:image/png;base64,AAAA")]], "messages[0].content[0].image_url.url"),
            (["messages": [text], "n": 2], "n"), (["messages": [text], "max_tokens": 0], "max_tokens"),
            (["messages": [text], "temperature": 3], "temperature"), (["messages": [text], "top_p": 2], "top_p"),
            (["messages": [text], "stop": ""], "stop"), (["messages": [text], "stop": [1]], "stop"),
            (["messages": [text], "modalities": ["audio"]], "modalities[0]"),
            (["messages": [text], "response_format": ["type": "json_object"]], "response_format"),
            (["messages": [text], "accelerate": "warp"], "accelerate"),
            (
                ["messages": [picture(Self.url(Data([1])))], "modalities": ["image"]],
                "messages[0].content[0].image_url.url"
            ),
        ]
        for (body, param) in cases {
            let answer = try await server.post(Self.path, body)
            #expect(answer.status == 400, "\(body): \(answer.text.prefix(200))")
            #expect(answer.error["param"] as? String == param, "\(answer.text.prefix(200))")
        }
        let long = ["role": "user", "content": String(repeating: "circle ", count: 60_000)]
        let answer = try await server.post(Self.path, ["messages": [long]])
        #expect(answer.status == 400 && answer.error["code"] as? String == "context_length_exceeded")
    }

    /// As many at once as evaluation clients send, all answered, none refused.
    @Test func answersThirtyTwoAtOnce() async throws {
        let server = try await TestServer.shared.value
        let (png, question) = try Self.sample()
        let jpeg = try RGBImage(data: png).data(as: .jpeg)
        let answers = try await withThrowingTaskGroup(of: TestServer.Answer.self) { group in
            for index in 0..<32 {
                let url = index % 2 == 0 ? Self.url(png) : Self.url(jpeg, "image/jpeg")
                group.addTask {
                    try await server.post(
                        Self.path,
                        [
                            "messages": [Self.message(url, question)], "max_tokens": 32_768, "temperature": 0,
                            "model": "shapes",
                        ])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 32 && answers.allSatisfy { $0.status == 200 })
    }
}

/// Stop sequences and white space at the end of an answer, however it is cut into pieces.
@Suite struct AnswerTextTests {
    private func pieces(_ text: String, _ width: Int) -> [String] {
        stride(from: 0, to: text.count, by: width).map { String(text.dropFirst($0).prefix(width)) }
    }

    @Test(arguments: 1...7) func cutsTheSameHoweverItComes(_ width: Int) {
        for (text, stops, expected) in [
            ("four red circles", [], "four red circles"), ("four red  \n", [], "four red"), ("a END b", ["END"], "a"),
            ("a EN b", ["END"], "a EN b"), ("ab\n\nUser: x", ["\nUser:", "zz"], "ab"), ("xyz", ["yz", "y"], "x"),
            ("ünïcödé stop now", ["stop"], "ünïcödé"), ("END", ["END"], ""), ("a 👩‍👩‍👧 b", ["b"], "a 👩‍👩‍👧"),
            ("aaab", ["aab"], "a"), ("   ", [], ""),
        ] as [(String, [String], String)] {
            var answer = AnswerText(stops: stops)
            var sent = ""
            for piece in pieces(text, width) where !answer.isStopped { sent += answer.append(piece) }
            sent += answer.finish()
            #expect(sent == expected, "\(text) \(stops)")
            #expect(answer.text == expected)
        }
    }
}

/// What was read of a picture serves further questions.
@Suite struct ImageCacheTests {
    private func numbers(_ server: TestServer) async throws -> (hits: Int, misses: Int, bytes: Int) {
        let lines = try await server.get("/metrics").text.split(separator: "\n")
        func number(_ name: String) -> Int {
            lines.first { $0.hasPrefix("flashu_image_cache_\(name) ") }
                .flatMap { $0.split(separator: " ").last.flatMap { Int($0) } } ?? -1
        }
        return (number("hits"), number("misses"), number("bytes"))
    }

    private func ask(_ server: TestServer, _ png: Data, _ question: String, _ more: [String: Any] = [:]) async throws
        -> String
    {
        let answer = try await server.post(
            ChatTests.path,
            ["messages": [ChatTests.message(ChatTests.url(png), question)]].merging(more) { $1 })
        let message = (answer.json["choices"] as? [[String: Any]])?.first?["message"] as? [String: Any]
        return try #require(message?["content"] as? String, "\(answer.text)")
    }

    /// The same answers as without, for another question too; another picture, system text or profile reads anew.
    @Test func answersTheSameFromTheCache() async throws {
        let cached = try await TestServer()
        let plain = try await TestServer { $0.imageCacheBytes = 0 }
        let (a, b) = (try ChatTests.sample(0), try ChatTests.sample(300))
        for (png, question) in [
            (a.png, a.question), (a.png, "how many objects are there?"), (b.png, b.question), (a.png, a.question),
        ] {
            #expect(try await ask(cached, png, question) == ask(plain, png, question))
        }
        var found = try await numbers(cached)
        #expect(found.hits == 2 && found.misses == 2 && found.bytes > 0)
        _ = try await ask(cached, a.png, a.question, ["accelerate": "paper"])
        found = try await numbers(cached)
        #expect(found.hits == 2 && found.misses == 3)
        #expect(try await numbers(plain).misses == 0)
        try await cached.stop()
        try await plain.stop()
    }

    /// No more is kept than there is room for.
    @Test func letsTheOldestGo() async throws {
        let measured = try await TestServer()
        let (png, question) = try ChatTests.sample()
        _ = try await ask(measured, png, question)
        let one = try await numbers(measured).bytes
        try await measured.stop()
        let server = try await TestServer { $0.imageCacheBytes = one * 5 / 2 }
        let pictures = try [0, 100, 200, 300].map { try ChatTests.sample($0).png }
        for picture in pictures { _ = try await ask(server, picture, question) }
        #expect(try await numbers(server).bytes <= one * 5 / 2)
        _ = try await ask(server, pictures[3], question)
        #expect(try await numbers(server).hits == 1)
        _ = try await ask(server, pictures[0], question)
        #expect(try await numbers(server).hits == 1)
        try await server.stop()
    }
}
