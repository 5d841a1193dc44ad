import FlashU
import FlashUServer
import FlashUTesting
import Foundation
import Pipelines
import Testing

/// What the API tells of how images and answers came by: `trace`, `previews`, fields of profiles, `/v1/flashu`.
@Suite struct TraceTests {
    private static let draw = "/v1/images/generations"
    private static let chat = "/v1/chat/completions"

    private func traces(_ body: [String: Any]) async throws -> [[String: Any]] {
        let answer = try await TestServer.shared.value.post(Self.draw, body)
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        let data = try #require(answer.json["data"] as? [[String: Any]])
        return try data.map { try #require($0["trace"] as? [String: Any]) }
    }

    private func layers(_ trace: [String: Any]) throws -> [[String]] {
        try #require(trace["evaluations"] as? [[String: Any]]).map { try #require($0["layers"] as? [String]) }
    }

    @Test func theExactEngineComputesAll() async throws {
        let trace = try #require(
            try await traces(["prompt": "a red circle", "num_inference_steps": 5, "trace": true]).first)
        #expect(try layers(trace) == Array(repeating: Array(repeating: "computed", count: 8), count: 4))
        #expect(trace["profile"] as? String == "" && trace["layers"] as? Int == 8 && trace["neurons"] as? Int == 640)
        let timings = try #require(trace["timings"] as? [String: Any])
        #expect(try #require(timings["denoising"] as? Double) > 0)
        let answer = try await TestServer.shared.value.post(
            Self.draw, ["prompt": "a red circle", "num_inference_steps": 2])
        #expect(!answer.text.contains("trace"))
    }

    /// The states of layers agree with the rest of what the library tells.
    @Test(arguments: [
        "paper", "ffn.generationRatio=0.3", "layers.generationRatio=0.3; layers.refreshInterval=3",
        "headCache.interval=3", "headCache.interval=3; headCache.order=1",
        "velocityCache.policy=easyCache; velocityCache.threshold=0.5", "blockCache.layers=2; blockCache.threshold=0.5",
    ]) func statesAreThoseOfTheEngine(_ profile: String) async throws {
        let server = try await TestServer.shared.value
        let trace = try #require(
            try await traces(
                ["prompt": "a red circle", "seed": 1, "num_inference_steps": 12, "accelerate": profile, "trace": true]
            ).first)
        var request = TextToImage.Request(prompt: "a red circle", steps: 12, seed: 1)
        request.profile = try AccelerationProfile.named(profile)
        #expect(trace["profile"] as? String == request.profile.changes)
        var steps: [StepTrace] = []
        for try await case .step(let step) in TextToImage(server.model).generate(request) { steps.append(step.trace) }
        #expect(try layers(trace) == steps.map(\.layers))
        var seen: Set<String> = []
        for step in steps {
            seen.formUnion(step.layers)
            let idle = step.layers.indices.filter { !["computed", "pruned"].contains(step.layers[$0]) }
            #expect(idle == step.skippedLayers)
            let running = step.layers.filter { $0 == "computed" }.count * 640
            let pruned = step.layers.filter { $0 == "pruned" }.count
            #expect(
                pruned == 0 ? step.neurons == running : (running + 1..<running + 640 * pruned).contains(step.neurons))
            #expect(step.layers.contains("forecast") == (step.head == "forecast" || step.velocity == "forecast"))
        }
        let expected =
            switch profile {
            case "paper": ["pruned", "skipped", "reused", "computed"]
            case "ffn.generationRatio=0.3": ["pruned"]
            case "headCache.interval=3; headCache.order=1": ["forecast", "computed"]
            case let name where name.hasPrefix("layers"): ["skipped", "computed"]
            default: ["reused", "computed"]
            }
        #expect(seen == Set(expected))
    }

    /// Several images each have the trace of their own batch, also where each image is a batch.
    @Test func everyImageHasItsOwn() async throws {
        let body: [String: Any] = [
            "prompt": "a red circle", "num_inference_steps": 12, "trace": true, "seed": 5,
            "accelerate": "velocityCache.policy=easyCache; velocityCache.threshold=0.2",
        ]
        let both = try await traces(body.merging(["n": 2]) { $1 })
        for (index, trace) in both.enumerated() {
            let alone = try #require(try await traces(body.merging(["seed": 5 + index]) { $1 }).first)
            #expect(try layers(trace) == layers(alone))
        }
        #expect(
            try await traces(["prompt": "a", "num_inference_steps": 3, "trace": true, "n": 3]).allSatisfy {
                try layers($0).count == 2
            })
    }

    /// In a stream each evaluation is told when it is done, and all of them at the end; pictures on the way as many as are wanted.
    @Test func streamsTellEachEvaluation() async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.post(
            Self.draw,
            [
                "prompt": "a red circle", "num_inference_steps": 11, "stream": true, "trace": true, "previews": 100,
                "partial_images": 1,
            ])
        let events = answer.events
        let types = events.compactMap { $0["type"] as? String }
        #expect(types.filter { $0 == "image_generation.partial_image" }.count == 9)
        let evaluations = events.filter { $0["type"] as? String == "image_generation.evaluation" }
        #expect(
            evaluations.map { $0["done"] as? Int } == Array(1...10)
                && evaluations.allSatisfy { $0["total"] as? Int == 10 })
        #expect(types.last == "image_generation.completed")
        let trace = try #require(events.last?["trace"] as? [String: Any])
        let told = try #require(trace["evaluations"] as? [NSDictionary])
        #expect(told == evaluations.compactMap { $0["evaluation"] as? NSDictionary })
        // Nobody else gets events that OpenAI's clients don't know.
        let plain = try await server.post(
            Self.draw, ["prompt": "a", "num_inference_steps": 3, "stream": true, "partial_images": 1])
        #expect(
            plain.events.compactMap { $0["type"] as? String } == [
                "image_generation.partial_image", "image_generation.completed",
            ])
        for (field, value) in [("previews", 101), ("previews", -1), ("trace", "yes")] as [(String, Any)] {
            #expect(try await server.post(Self.draw, ["prompt": "a", field: value]).error["param"] as? String == field)
        }
    }

    /// Fields of a profile do what the preset with these fields does; what is none is refused, and no file is looked for.
    @Test func takesFieldsOfAProfile() async throws {
        let server = try await TestServer.shared.value
        let body: [String: Any] = ["prompt": "a red circle", "num_inference_steps": 8, "seed": 2]
        func image(_ accelerate: String) async throws -> String? {
            let answer = try await server.post(Self.draw, body.merging(["accelerate": accelerate]) { $1 })
            return (answer.json["data"] as? [[String: Any]])?.first?["b64_json"] as? String
        }
        let own = try await image(AccelerationProfile.paper.changes)
        let preset = try await image("paper")
        #expect(own != nil && preset == own)
        #expect(try await image("off") != own)
        for wrong in [
            "headCache.intervall=3", "headCache.interval=zero", "headCache.interval=0", "=", "a=b; c", "x=1",
            "/etc/passwd=1", String(repeating: "headCache.interval=3; ", count: 500),
        ] {
            let answer = try await server.post(Self.draw, body.merging(["accelerate": wrong]) { $1 })
            #expect(answer.status == 400 && answer.error["param"] as? String == "accelerate", "\(wrong)")
        }
    }

    /// Which tokens of a picture stayed is told, the first time and when it was kept.
    @Test(arguments: [false, true]) func tellsWhatStayed(_ isStream: Bool) async throws {
        let server = try await TestServer.shared.value
        let picture = try Data(contentsOf: ShapesModel.folder.appendingPathComponent("eval/images/001.png"))
        let content: [[String: Any]] = [
            ["type": "image_url", "image_url": ["url": "data:image/png;base64," + picture.base64EncodedString()]],
            ["type": "text", "text": "describe the image."],
        ]
        let body: [String: Any] = ["messages": [["role": "user", "content": content]], "stream": isStream]
        func trace(_ more: [String: Any]) async throws -> [String: Any]? {
            let answer = try await server.post(Self.chat, body.merging(more) { $1 })
            let found = (isStream ? answer.events : [answer.json]).compactMap { $0["trace"] as? [String: Any] }
            #expect(found.count <= 1)
            return found.first
        }
        #expect(try await trace(["accelerate": "tokens.dropRatio=0.5"]) == nil)
        for _ in 0..<2 {
            let told = try #require(try await trace(["accelerate": "tokens.dropRatio=0.25", "trace": true]))
            let kept = try #require(told["kept_tokens"] as? [[Int]])
            #expect(kept.count == 1 && kept[0].count == 48 && kept[0] == kept[0].sorted())
            #expect(kept[0].allSatisfy { (0..<64).contains($0) })
            #expect(told["grid"] as? [String: Int] == ["columns": 8, "rows": 8])
            #expect((told["timings"] as? [String: Any])?["question"] is Double)
        }
        let small = try #require(
            try await trace(["accelerate": "tokens.dropRatio=0.25; reading.scale=0.5", "trace": true]))
        #expect((small["kept_tokens"] as? [[Int]])?.map(\.count) == [12])
        #expect(small["grid"] as? [String: Int] == ["columns": 4, "rows": 4])
        #expect(small["frame_grid"] as? [String: Int] == ["columns": 4, "rows": 4])
        let exact = try #require(try await trace(["accelerate": "off", "trace": true]))
        #expect((exact["kept_tokens"] as? [[Int]])?.allSatisfy { $0.isEmpty || $0.count == 64 } == true)
        // An answer that a stop sequence ended has no times.
        let stopped = try #require(try await trace(["trace": true, "stop": [" "]]))
        #expect(stopped["timings"] == nil)
    }

    @Test func describesTheModel() async throws {
        let answer = try await TestServer.shared.value.get("/v1/flashu")
        #expect(answer.status == 200 && answer.json["model"] as? String == "shapes")
        let drawing = try #require(answer.json["drawing"] as? [String: Any])
        #expect(drawing["width"] as? Int == 128 && drawing["unit"] as? Int == 16 && drawing["points"] as? Int == 30)
        #expect(drawing["max_pixels"] as? Int == 128 * 128 && drawing["sizes"] as? [String] == ["128x128"])
        #expect((answer.json["reading"] as? [String: Any])?["video_frames"] as? Int == 32)
        let profiles = try #require(answer.json["profiles"] as? [[String: Any]])
        #expect(profiles.map { $0["name"] as? String } == ["off", "balanced", "fast", "paper"])
        #expect(profiles[0]["changes"] as? String == "")
        for profile in profiles {
            #expect((profile["drawing"] as? [String: Any])?["usable"] as? Bool == true)
        }
        let fast = try #require(profiles[2]["drawing"] as? [String: Any])
        #expect(try #require(fast["speedup"] as? Double) > 2)
        let fields = try #require(answer.json["profile_fields"] as? [String: String])
        #expect(fields["headCache.interval"] == "1" && fields["name"] == nil)
        #expect(answer.json["usual_profile"] as? String == "off")
    }

    /// It is there before the model is, and says what a folder without a calibration can't do.
    @Test func describesWhileLoading() async throws {
        let server = try await TestServer(load: { _ in
            try await Task.sleep(for: .seconds(60))
            throw CancellationError()
        })
        #expect(try await server.get("/v1/flashu").status == 200)
        #expect(try await server.get("/").status == 200)
        server.beginStopping()
    }
}
