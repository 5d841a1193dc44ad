import CoreMetrics
import Foundation
import Synchronization

/// Keeps numbers and writes them as Prometheus reads them (text format 0.0.4). Labels of metrics become names: letters, digits and underscores.
final class PrometheusRegistry: MetricsFactory, Sendable {
    /// Upper bounds of a histogram's buckets, in seconds.
    static let buckets = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]

    private enum Value {
        case counter(Double)
        case gauge(Double)
        /// Counts up to each bound and beyond, and the sum.
        case histogram(counts: [Int], sum: Double)

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Key: Hashable {
        let name: String
        /// Written out, such as `path="/health",status="200"`.
        let labels: String
    }

    private let values = Mutex<[Key: Value]>([:])

    /// All numbers, sorted by name.
    var text: String {
        let all = values.withLock { $0 }
        var lines: [String] = []
        var last = ""
        for (key, value) in all.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
            if key.name != last { lines.append("# TYPE \(key.name) \(value.type)") }
            last = key.name
            func line(_ ending: String, _ more: String, _ number: String) {
                let labels = [key.labels, more].filter { !$0.isEmpty }.joined(separator: ",")
                lines.append("\(key.name)\(ending)\(labels.isEmpty ? "" : "{\(labels)}") \(number)")
            }
            switch value {
            case .counter(let number), .gauge(let number): line("", "", Self.number(number))
            case .histogram(let counts, let sum):
                var total = 0
                for (bound, count) in zip(Self.buckets.map(Self.number) + ["+Inf"], counts) {
                    total += count
                    line("_bucket", "le=\"\(bound)\"", "\(total)")
                }
                line("_sum", "", Self.number(sum))
                line("_count", "", "\(total)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    private func change(_ key: Key, from initial: Value, _ body: (inout Value) -> Void) {
        values.withLock { body(&$0[key, default: initial]) }
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> Key {
        func name(_ text: String) -> String {
            String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        }
        let labels = dimensions.map { pair in
            let value = pair.1.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
                .replacingOccurrences(of: "\n", with: "\\n")
            return "\(name(pair.0))=\"\(value)\""
        }
        return Key(name: name(label), labels: labels.joined(separator: ","))
    }

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(self, Self.key(label, dimensions))
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        Handler(self, Self.key(label, dimensions))
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Handler(self, Self.key(label, dimensions))
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(self, Self.key(label, dimensions))
    }

    // Numbers stay when their handlers go: Prometheus wants counters that never shrink.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    /// Writes one of the numbers.
    private final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
        private let registry: PrometheusRegistry
        private let key: Key

        init(_ registry: PrometheusRegistry, _ key: Key) { (self.registry, self.key) = (registry, key) }

        func increment(by amount: Int64) {
            registry.change(key, from: .counter(0)) { value in
                if case .counter(let before) = value { value = .counter(before + Double(amount)) }
            }
        }

        func reset() { registry.change(key, from: .counter(0)) { $0 = .counter(0) } }
        func set(_ value: Int64) { set(Double(value)) }
        func set(_ value: Double) { registry.change(key, from: .gauge(0)) { $0 = .gauge(value) } }
        func increment(by amount: Double) { add(amount) }
        func decrement(by amount: Double) { add(-amount) }
        func record(_ value: Int64) { record(Double(value)) }

        func record(_ seconds: Double) {
            let empty = Value.histogram(counts: Array(repeating: 0, count: buckets.count + 1), sum: 0)
            registry.change(key, from: empty) { value in
                guard case .histogram(var counts, let sum) = value else { return }
                counts[buckets.firstIndex { seconds <= $0 } ?? buckets.count] += 1
                value = .histogram(counts: counts, sum: sum + seconds)
            }
        }

        func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }

        private func add(_ amount: Double) {
            registry.change(key, from: .gauge(0)) { value in
                if case .gauge(let before) = value { value = .gauge(before + amount) }
            }
        }
    }
}
