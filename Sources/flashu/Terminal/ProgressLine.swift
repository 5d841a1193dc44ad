import Compute
import Foundation

/// `drawing [######    ] 12/49  3.1 it/s  0:12 left`, on standard error, while it is a terminal.
struct ProgressLine {
    private let label: String
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init(_ label: String) {
        self.label = label
        start = clock.now
    }

    /// Shows that `done` of `total` are done.
    func show(_ done: Int, of total: Int) {
        guard Terminal.isInteractive, total > 0 else { return }
        let elapsed = (clock.now - start).inSeconds
        let rate = elapsed > 0 ? Double(done) / elapsed : 0
        let left = rate > 0 ? Int((Double(total - done) / rate).rounded()) : 0
        let speed =
            rate >= 1 || rate == 0 ? String(format: "%.1f it/s", rate) : String(format: "%.1f s/it", 1 / rate)
        Terminal.progress(
            "\(label) \(bar(Double(done) / Double(total))) \(done)/\(total)  \(speed)  \(left / 60):\(String(format: "%02d", left % 60)) left"
        )
    }

    /// Shows that a share, 0 ... 1, is done of what has no countable steps; nothing in the first second.
    func show(share: Double) {
        guard Terminal.isInteractive, clock.now - start > .seconds(1) else { return }
        Terminal.progress("\(label) \(bar(share)) \(Int(100 * min(max(share, 0), 1))) %")
    }

    private func bar(_ share: Double) -> String {
        let filled = Int(24 * min(max(share, 0), 1))
        return "[" + String(repeating: "#", count: filled) + String(repeating: " ", count: 24 - filled) + "]"
    }
}
