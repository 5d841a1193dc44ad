import FlashU
public import Foundation
import Tensors

/// The files in a folder that make up a model; what else lies there is nobody's.
public enum ModelFiles {
    /// Those that are there, sorted by name: configuration, tokenizer, weights in all their shards, VAE, and the calibration.
    public static func all(in folder: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let files = names.filter(isPart).sorted().map { folder.appendingPathComponent($0) }
        // It may lie in a folder of its own.
        guard let vae = UnifiedModel.vaeFile(in: folder), !files.contains(where: { $0.path == vae.path }) else {
            return files
        }
        return files + [vae]
    }

    private static let single: Set = Set(
        ["config.json", "geometry.json", "tokenizer.json", Calibration.fileName] + UnifiedModel.vaeFileNames)
    /// `model`, `pytorch_model`, ...: what the names of weights begin with.
    private static let stems = Set(weightFileNames.map { $0.prefix { $0 != "." } })

    private static func isPart(_ name: String) -> Bool {
        if single.contains(name) || weightFileNames.contains(name) { return true }
        guard let dot = name.lastIndex(of: "."), ["safetensors", "bin"].contains(name[name.index(after: dot)...]) else {
            return false
        }
        return stems.contains { name.hasPrefix("\($0)-") }
    }
}
