import Foundation
import Pipelines
import Tensors

/// Short names for the contents of files.
enum Fingerprint {
    private static let block = 1 << 16
    private static let blocks = 64

    /// Eight hex digits for the names, sizes and contents of files; of large ones, 64 blocks spread over them are read.
    static func of(_ files: [URL]) -> String {
        var told = Data()
        for file in files.sorted(by: { $0.lastPathComponent < $1.lastPathComponent }) {
            guard let handle = try? FileHandle(forReadingFrom: file) else { continue }
            defer { try? handle.close() }
            let size = (try? handle.seekToEnd()) ?? 0
            told += Data("\(file.lastPathComponent) \(size)\n".utf8)
            let step = max(UInt64(block), size / UInt64(blocks))
            for start in stride(from: 0, to: size, by: Int(step)) {
                try? handle.seek(toOffset: start)
                told += Data(hex((try? handle.read(upToCount: block)) ?? Data()).utf8)
            }
        }
        return hex(told)
    }

    /// Whatever decides what a model computes: weights, configuration, tokenizer, calibration.
    static func of(model folder: URL) -> String {
        let kinds: Set = ["safetensors", "bin", "pth", "json"]
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return of(
            (files ?? []).filter {
                kinds.contains($0.pathExtension) && $0.lastPathComponent != TunedProfiles.fileName
            })
    }

    private static func hex(_ data: Data) -> String {
        let digits = String(data.withUnsafeBytes { CRC32.checksum($0) }, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
