internal import CKernels
import Foundation

/// What the engine runs on.
public enum Machine {
    /// Cores that this process may use.
    public static var cores: Int { Int(ck_cores()) }

    /// The processor's name, as the system tells it.
    public static var processor: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
        return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }
}
