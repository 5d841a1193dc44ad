import ArgumentParser
import Benchmarking
import Foundation
import Images
import Pipelines
import ShowO2

/// Seconds to the first token of a question on an image, and of another question on the same image, whose keys and values were kept. Both begin with the
/// file's bytes, as in the server.
///
///     swift run -c release jobs second-question --geometry show-o2-1.5b
struct SecondQuestion: AsyncParsableCommand {
    @OptionGroup var subject: Subject
    @Option(help: "Times that each is measured, in turns.") var repeats = 5
    @Option(help: "Tokens of each question.") var tokens = 20

    func run() async throws {
        let model = try await subject.model()
        let (width, height) = model.geometry.readingSize
        // Larger than the model reads, as most pictures are.
        let pixels = (0..<3 * 1024 * 768).map { UInt8(truncatingIfNeeded: $0 / 3 % 251 + $0 / 3072) }
        let file = try RGBImage(width: 1024, height: 768, pixels: pixels).data(as: .png)
        let cache = ContextCache(limit: 1 << 40)
        let clock = ContinuousClock()
        func seconds(_ key: String, _ token: Int) async throws -> Double {
            let start = clock.now
            let image = try ImageReader().read(data: file, name: "image", fit: .crop, width: width, height: height)
                .image
            let request = ImageQuestion.Request(
                sources: [.image(image)], questions: [.ids(Array(repeating: token, count: tokens))],
                prefix: Array(repeating: 8, count: 20), maxTokens: 1)
            let events = model.scheduler.stream { (emit: @escaping (ImageQuestion.Event) -> Void) in
                try Answering(request, on: model, place: .init(cache, key: key), emit: emit)
            }
            // An answer of one token is complete with it.
            for try await event in events { if case .answer = event { break } }
            return (clock.now - start) / .seconds(1)
        }
        _ = try await (seconds("warm", 9), seconds("warm", 10))
        var (first, second): ([Double], [Double]) = ([], [])
        for i in 0..<repeats {
            first.append(try await seconds("\(i)", 9))
            second.append(try await seconds("\(i)", 10))
        }
        guard cache.usage.hits == repeats + 1 else { throw ValidationError("the second question read the image again") }
        print(
            String(
                format: "first question %.3f s, second %.3f s: %.1f %%", first.median, second.median,
                100 * second.median / first.median))
    }
}
