import FlashUServer
import FlashUTesting
import Foundation
import Logging
import Pipelines
import Testing

/// `/openapi.json` and `/metrics`.
@Suite struct DocumentTests {
    /// The document has every path and method, and no other.
    @Test func openAPITellsAllRoutes() async throws {
        let server = try await TestServer.shared.value
        let answer = try await server.get("/openapi.json")
        #expect(answer.status == 200 && (answer.json["openapi"] as? String)?.hasPrefix("3.") == true)
        let told = try #require(answer.json["paths"] as? [String: [String: Any]])
        let routes = APIServer(
            try ModelFolder(ShapesModel.folder), settings: .init(), logger: Logger(label: "test"),
            load: { _ in throw CancellationError() }
        ).paths
        #expect(told.mapValues { Set($0.keys.map { $0.uppercased() }) } == routes)
    }

    /// Counters count, and the text is Prometheus's.
    @Test func countsWhatIsDone() async throws {
        let server = try await TestServer()
        _ = try await server.post("/v1/images/generations", ["prompt": "a", "num_inference_steps": 2, "n": 2])
        _ = try await server.post("/v1/images/generations", ["prompt": ""])
        _ = try await server.post(
            "/v1/chat/completions", ["messages": [["role": "user", "content": "hello"]], "max_tokens": 3])
        let answer = try await server.get("/metrics")
        #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        let lines = answer.text.split(separator: "\n").map(String.init)
        for line in [
            "flashu_images_total 2", "flashu_tokens_total{kind=\"image\"} 130",
            "flashu_requests_total{path=\"/v1/images/generations\",status=\"200\"} 1",
            "flashu_requests_total{path=\"/v1/images/generations\",status=\"400\"} 1",
            "flashu_request_seconds_count{path=\"/v1/images/generations\"} 2", "flashu_model_loaded 1",
            "flashu_requests_in_progress 0", "# TYPE flashu_request_seconds histogram",
            "# TYPE flashu_requests_total counter",
        ] {
            #expect(lines.contains(line), "\(line)\n\(answer.text)")
        }
        // Buckets only grow.
        let buckets = lines.filter { $0.hasPrefix("flashu_request_seconds_bucket{path=\"/v1/images/generations\"") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(buckets.count == 12 && buckets == buckets.sorted() && buckets.last == 2)
        try await server.stop()
    }
}
