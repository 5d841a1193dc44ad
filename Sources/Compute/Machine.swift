internal import CKernels
import Foundation

/// What the engine runs on.
public enum Machine {
    /// Cores that this process may use.
    public static var cores: Int { Int(ck_cores()) }

    /// The processor's name, as the system tells it.
    public static var processor: String {
        if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) { return processor(text) }
        var name = [CChar](repeating: 0, count: 256)
        guard ck_processor_name(&name, Int32(name.count)) != 0 else { return unknownProcessor }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static let unknownProcessor = "unknown processor"

    /// The name in what Linux says of the processors: on x86 in words, on ARM64 by the numbers of its maker and design.
    package static func processor(_ text: String) -> String {
        func value(_ key: String) -> String? {
            let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
            return line?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
        }
        if let name = value("model name") { return name }
        guard let maker = value("CPU implementer"), let part = value("CPU part") else { return unknownProcessor }
        return armDesigns["\(maker) \(part)"] ?? "ARM64 processor \(maker) \(part)"
    }

    /// Arm's own designs that servers and small boards have, by `MIDR_EL1`'s fields.
    private static let armDesigns = [
        "0x41 0xd03": "Arm Cortex-A53", "0x41 0xd07": "Arm Cortex-A57", "0x41 0xd08": "Arm Cortex-A72",
        "0x41 0xd0b": "Arm Cortex-A76", "0x41 0xd0c": "Arm Neoverse N1", "0x41 0xd40": "Arm Neoverse V1",
        "0x41 0xd49": "Arm Neoverse N2", "0x41 0xd4f": "Arm Neoverse V2",
    ]
}
