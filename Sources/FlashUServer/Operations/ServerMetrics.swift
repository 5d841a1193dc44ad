import Compute
import CoreMetrics
import Foundation

/// Counts what the server does.
final class ServerMetrics: Sendable {
    private let registry = PrometheusRegistry()

    /// A request was answered, or its stream began.
    func request(_ route: String, status: Int, seconds: Double) {
        count("flashu_requests_total", [("path", route), ("status", "\(status)")])
        Timer(label: "flashu_request_seconds", dimensions: [("path", route)], factory: registry).recordSeconds(seconds)
    }

    /// A stream ended.
    func stream(_ route: String, isComplete: Bool, seconds: Double) {
        count("flashu_streams_total", [("path", route), ("outcome", isComplete ? "complete" : "broken")])
        Timer(label: "flashu_stream_seconds", dimensions: [("path", route)], factory: registry).recordSeconds(seconds)
    }

    /// A question was answered.
    func answered(promptTokens: Int, tokens: Int) {
        count("flashu_tokens_total", [("kind", "prompt")], promptTokens)
        count("flashu_tokens_total", [("kind", "answer")], tokens)
    }

    /// Images were drawn.
    func drawn(images: Int, tokens: Int) {
        count("flashu_images_total", [], images)
        count("flashu_tokens_total", [("kind", "image")], tokens)
    }

    /// How things are now.
    func gauge(_ name: String, _ value: Double) { Meter(label: name, factory: registry).set(value) }

    /// All numbers, as Prometheus reads them.
    var text: String { registry.text }

    private func count(_ name: String, _ dimensions: [(String, String)], _ amount: Int = 1) {
        Counter(label: name, dimensions: dimensions, factory: registry).increment(by: amount)
    }

    /// Bytes of this process that are in memory; nil where that isn't told.
    static var residentBytes: Int? {
        let bytes = SystemMemory.resident
        return bytes > 0 ? bytes : nil
    }

    /// Files and sockets that this process holds open; nil where that isn't told.
    static var openFiles: Int? {
        #if os(Linux)
            let folder = "/proc/self/fd"
        #else
            let folder = "/dev/fd"
        #endif
        return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.count
    }
}
