import Foundation

/// Memory of this process and this machine, as Linux tells it; 0 elsewhere.
public enum ProcessMemory {
    /// The most that this process has held so far, in bytes (`VmHWM`).
    public static var peak: Int { read("/proc/self/status", "VmHWM") }

    /// What new processes may take without swapping, in bytes (`MemAvailable`).
    public static var available: Int { read("/proc/meminfo", "MemAvailable") }

    private static func read(_ file: String, _ field: String) -> Int {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}
