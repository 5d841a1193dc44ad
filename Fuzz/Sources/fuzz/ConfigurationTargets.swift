import Foundation
import ShowO2
import Tensors

extension FuzzTarget {
    /// A model folder's `config.json` and `geometry.json`, separated by a zero byte, beside the weights of a golden model.
    static let configurationTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "config",
            seeds: ["nano", "nano-eq"].map { model in
                Seed(name: model) { resources in
                    let folder = resources.appendingPathComponent("golden/models/\(model)")
                    return try Data(contentsOf: folder.appendingPathComponent("config.json")) + [0]
                        + Data(contentsOf: folder.appendingPathComponent("geometry.json"))
                }
            }
        ) { data in
            guard let weights = nanoWeights else { fatalError("the golden models are missing") }
            do {
                let parts = data.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
                try parts[0].write(to: folder.appendingPathComponent("config.json"))
                let geometry = folder.appendingPathComponent("geometry.json")
                if parts.count == 2 {
                    try parts[1].write(to: geometry)
                } else {
                    try? FileManager.default.removeItem(at: geometry)
                }
            } catch {
                fatalError("\(error)")
            }
            do {
                let geometry = try ShowO2Geometry(folder: folder, weights: weights)
                // What is derived from accepted values may not overflow.
                _ = (
                    geometry.imageTokens, geometry.imageWidth, geometry.imageHeight, geometry.patchWidth,
                    geometry.maxPromptTokens
                )
                _ = try geometry.grid(width: geometry.imageWidth, height: geometry.imageHeight)
            } catch {
                check(error)
            }
        }
    ]

    private static let nanoWeights = try? SafetensorsFile(
        url: resources.appendingPathComponent("golden/models/nano/model.safetensors"))

    /// In memory where the system has such a place.
    private static let folder: URL = {
        let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = URL(fileURLWithPath: parent).appendingPathComponent("flashu-fuzz-\(getpid())")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: FuzzTarget.folder) }
        return folder
    }()
}
