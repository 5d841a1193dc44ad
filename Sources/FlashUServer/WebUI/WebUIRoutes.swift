import FlashU
import Foundation
import Hummingbird
import Images
import Pipelines
import ShowO2

extension APIService {
    /// Of AUTOMATIC1111's API what clients use that know no other: Open WebUI's engine of that name and LibreChat's tool.
    var webUIRoutes: [Route] {
        [
            Route(method: .get, path: "/sdapi/v1/options") { [self] _, _ in
                try JSONAnswer.response(WebUIOptions(sd_model_checkpoint: modelNames[0]))
            },
            Route(method: .post, path: "/sdapi/v1/options") { [self] request, _ in
                try check(model: try await fields(of: request).string("sd_model_checkpoint"))
                return try JSONAnswer.response([String: String]())
            },
            Route(method: .get, path: "/sdapi/v1/sd-models") { [self] _, _ in
                try JSONAnswer.response(modelNames.map { WebUIModel(title: $0, model_name: $0) })
            },
            Route(method: .post, path: "/sdapi/v1/txt2img") { [self] in try await textToImage($0, $1) },
        ]
    }

    private func textToImage(_ request: Request, _ exchange: Exchange) async throws -> Response {
        let asked = try WebUIRequest(await fields(of: request))
        let model = try resident.model()
        let policy = SizePolicy(model.geometry, settings)
        let (width, height) = try policy.size(
            width: asked.width ?? model.geometry.imageWidth, height: asked.height ?? model.geometry.imageHeight)
        let drawing = TextToImage.Request(
            prompt: asked.prompt, count: asked.count, steps: asked.steps, guidance: asked.guidance, seed: asked.seed,
            width: width, height: height, negativePrompt: asked.negativePrompt, profile: settings.profile)
        let grid = try resident.folder.check(drawing)
        let place = try queue.enter()
        let images = try await exchange.connection.whileThere { [self] in
            try await draw(drawing, on: model, place, exchange, previews: nil)
        }
        metrics.drawn(images: images.count, tokens: images.count * (grid.tokens + 1))
        let texts = images.map { parameters(of: $0, asked.prompt, asked.negativePrompt).text }
        let encoded = try zip(images, texts).map { image, text in
            try image.pixels.map { try DrawnFile().base64($0, text: [(GenerationParameters.pngKey, text)]) } ?? ""
        }
        guard let first = images.first else { throw CancellationError() }
        let info = WebUIAnswer.Info(
            prompt: asked.prompt, all_prompts: images.map { _ in asked.prompt },
            negative_prompt: asked.negativePrompt ?? "", seed: first.seed, all_seeds: images.map(\.seed), width: width,
            height: height, sampler_name: first.settings.sampler.rawValue, cfg_scale: Double(first.settings.guidance),
            steps: first.settings.steps, batch_size: images.count, index_of_first_image: 0, infotexts: texts)
        return try JSONAnswer.response(
            WebUIAnswer(
                images: encoded,
                parameters: .init(
                    prompt: asked.prompt, negative_prompt: asked.negativePrompt ?? "", steps: first.settings.steps,
                    cfg_scale: Double(first.settings.guidance), width: width, height: height, seed: first.seed),
                info: String(decoding: try JSONAnswer.data(info), as: UTF8.self)))
    }
}

private struct WebUIOptions: Encodable {
    let sd_model_checkpoint: String
}

private struct WebUIModel: Encodable {
    let title: String
    let model_name: String
    let hash = ""
    let sha256 = ""
    let filename: String = ""

    private enum CodingKeys: CodingKey { case title, model_name, hash, sha256, filename }
}

private struct WebUIAnswer: Encodable {
    struct Parameters: Encodable {
        let prompt: String
        let negative_prompt: String
        let steps: Int
        let cfg_scale: Double
        let width: Int
        let height: Int
        let seed: UInt64
    }

    struct Info: Encodable {
        let prompt: String
        let all_prompts: [String]
        let negative_prompt: String
        let seed: UInt64
        let all_seeds: [UInt64]
        let width: Int
        let height: Int
        let sampler_name: String
        let cfg_scale: Double
        let steps: Int
        let batch_size: Int
        let index_of_first_image: Int
        let infotexts: [String]
    }

    let images: [String]
    let parameters: Parameters
    /// An ``Info`` as text.
    let info: String
}
