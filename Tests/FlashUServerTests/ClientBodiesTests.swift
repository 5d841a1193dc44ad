import Evaluation
import FlashUServer
import FlashUTesting
import Foundation
import Images
import Pipelines
import Testing

/// The bodies that clients really send, field by field as they send them.
@Suite struct ClientBodiesTests {
    /// Open WebUI's engine `openai`: with `response_format` unless the model's name begins with gpt-image, and the list of models before.
    @Test func openWebUIDraws() async throws {
        let server = try await TestServer { $0.aliases = ["gpt-image-1"] }
        for (model, format) in [("shapes", "b64_json"), ("gpt-image-1", nil)] as [(String, String?)] {
            var body: [String: Any] = ["model": model, "prompt": "a red circle", "n": 1, "size": "512x512"]
            body["response_format"] = format
            body["num_inference_steps"] = 3  // for the test's sake
            let answer = try await server.post("/v1/images/generations", body)
            let text = try #require((answer.json["data"] as? [[String: Any]])?.first?["b64_json"] as? String)
            #expect(try RGBImage(data: #require(Data(base64Encoded: text))).width == 128)
        }
        try await server.stop()
    }

    /// Open WebUI's engine `automatic1111`: options, models, a choice, an image.
    @Test func openWebUIDrawsByTheOtherAPI() async throws {
        let server = try await TestServer.shared.value
        let options = try await server.get("/sdapi/v1/options")
        let model = try #require(options.json["sd_model_checkpoint"] as? String)
        let models = try await server.get("/sdapi/v1/sd-models")
        let list = try #require(try JSONSerialization.jsonObject(with: models.body) as? [[String: Any]])
        #expect(list.contains { $0["title"] as? String == model && $0["model_name"] as? String == model })
        #expect(try await server.post("/sdapi/v1/options", ["sd_model_checkpoint": model]).status == 200)
        #expect(try await server.post("/sdapi/v1/options", ["sd_model_checkpoint": "other"]).status == 404)
        let answer = try await server.post(
            "/sdapi/v1/txt2img",
            [
                "prompt": "a red circle", "batch_size": 1, "width": 512, "height": 512, "steps": 4,
                "negative_prompt": "", "cfg_scale": 3.5, "sampler_name": "Euler", "scheduler": "Automatic",
            ])
        let image = try #require((answer.json["images"] as? [String])?.first, "\(answer.text.prefix(300))")
        #expect(try RGBImage(data: #require(Data(base64Encoded: image))).width == 128)
    }

    /// LibreChat: `gpt-image-1` with `size: auto`, and its tool for Stable Diffusion, which reads `info`.
    @Test func libreChatDraws() async throws {
        let server = try await TestServer { $0.aliases = ["gpt-image-1"] }
        let answer = try await server.post(
            "/v1/images/generations",
            [
                "model": "gpt-image-1", "prompt": "a red circle", "n": 1, "size": "auto", "quality": "auto",
                "background": "auto", "num_inference_steps": 3,
            ])
        #expect(((answer.json["data"] as? [[String: Any]])?.first?["b64_json"] as? String)?.isEmpty == false)
        let other = try await server.post(
            "/sdapi/v1/txt2img",
            [
                "prompt": "a red circle", "negative_prompt": "blue", "cfg_scale": 4.5, "steps": 22, "width": 1024,
                "height": 1024, "seed": -1,
            ])
        let info = try #require(other.json["info"] as? String)
        let parsed = try #require(try JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
        let text = try #require((parsed["infotexts"] as? [String])?.first)
        #expect(text.contains("Negative prompt: blue") && text.contains("Steps: 22") && text.contains("Size: 128x128"))
        try await server.stop()
    }

    /// The score of ShapesBench's questions through the API is that of `flashu eval`, answer by answer; bodies as lmms-eval and VLMEvalKit send them.
    @Test func shapesBenchScoresTheSame() async throws {
        let server = try await TestServer.shared.value
        let set = ShapesSet(folder: ShapesModel.folder.appendingPathComponent("eval"))
        let questions = Array(
            try set.questions().prefix(400).enumerated().filter { $0.offset % 10 == 0 }.map(\.element))
        let bench = try await ShapesBench(server.model).understanding(questions)
        var right = 0
        for (number, question) in questions.enumerated() {
            let file = set.folder.appendingPathComponent(question.image)
            let url = ChatTests.url(try Data(contentsOf: file))
            let body: [String: Any] =
                number % 2 == 0
                // lmms-eval
                ? [
                    "messages": [
                        [
                            "role": "user",
                            "content": [
                                ["type": "image_url", "image_url": ["url": url]],
                                ["type": "text", "text": question.question],
                            ],
                        ]
                    ], "model": "shapes", "max_tokens": 1024, "temperature": 0,
                ]
                // VLMEvalKit
                : [
                    "model": "shapes",
                    "messages": [
                        [
                            "role": "user",
                            "content": [
                                ["type": "image_url", "image_url": ["url": url, "detail": "low"]],
                                ["type": "text", "text": question.question],
                            ],
                        ]
                    ], "max_tokens": 32_768, "n": 1, "temperature": 0, "stop": NSNull(),
                ]
            let answer = try await server.post("/v1/chat/completions", body)
            let message = (answer.json["choices"] as? [[String: Any]])?.first?["message"] as? [String: Any]
            let text = try #require(message?["content"] as? String, "\(answer.text.prefix(200))")
            if question.isAnswered(by: text) { right += 1 }
        }
        #expect(right == bench.overall.right)
    }
}
