import Compute
import FlashU
public import Foundation
public import ShowO2
import Tensors

/// Writes a model folder whose weights are stored as an engine will hold them: smaller, and quicker to load.
///
/// Results do not change: an engine of the target's precision computes the same bits from the folder as from its source. Matrices
/// become bfloat16, or int8 with scales (`QuantizedWeights`) where `Int8Layers/standard` says so; vectors, and the table of positions,
/// which engines hold in float32, stay as they are.
public struct ModelConversion: Sendable {
    /// How matrices are stored.
    public enum Target: String, Sendable, CaseIterable {
        /// For `Precision.int8`: the layers of `Int8Layers/standard` in 8 bits, other matrices in bfloat16.
        case int8
        /// For `Precision.bf16`: all matrices in bfloat16.
        case bf16
    }

    private enum Storage {
        case int8
        case bfloat16
        case asIs
    }

    /// What a conversion did.
    public struct Report: Sendable {
        /// Bytes of all weights before.
        public let bytesBefore: Int
        /// Bytes of all weights after, scales included.
        public let bytesAfter: Int
        /// The other files that were copied, by name.
        public let copied: [String]
    }

    private let folder: URL
    private let target: Target
    private let source: any TensorSource

    /// Opens a model folder.
    /// - Throws: `WeightError` or `ModelError` when there is no model in it; ``ModelProblems`` with all that is wrong with its tensors.
    public init(_ folder: URL, to target: Target) throws {
        self.folder = folder
        self.target = target
        source = try openNetworkWeights(in: folder)
        let problems = ModelReport.problems(
            in: folder, weights: source, geometry: try ShowO2Geometry(folder: folder, weights: source))
        guard problems.isEmpty else { throw ModelProblems(folder: folder.path, problems: problems) }
    }

    /// Files that go with the weights, beside the VAE.
    private static let companions = [
        "config.json", "geometry.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
        Calibration.fileName, "LICENSE", "LICENSE.txt", "LICENSE.md",
    ]

    /// Refuses a place that is taken, or where nothing can be made.
    /// - Throws: `ModelError/request(_:)`.
    public static func check(_ destination: URL) throws(ModelError) {
        var isFolder: ObjCBool = false
        let parent = destination.deletingLastPathComponent()
        if (try? FileManager.default.attributesOfItem(atPath: destination.path)) != nil {
            throw .request("\(destination.path) exists already; name a new folder")
        }
        guard FileManager.default.fileExists(atPath: parent.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw .request("cannot make \(destination.path): \(parent.path) is no folder")
        }
        guard access(parent.path, W_OK) == 0 else {
            throw .request("cannot make \(destination.path): no permission to write in \(parent.path)")
        }
    }

    /// Writes the new folder, whole or not at all: everything goes to a temporary folder beside it, which then takes its name.
    ///
    /// - Parameters:
    ///   - destination: a folder that does not exist yet.
    ///   - threads: nil = all cores.
    ///   - progress: told the share written, 0 ... 1. It may throw to stop.
    /// - Throws: `ModelError`, `WeightError`, or what `progress` threw; then nothing is left behind.
    public func write(
        to destination: URL, threads: Int? = nil, progress: (Double) throws -> Void = { _ in }
    ) throws -> Report {
        try Self.check(destination)
        let compute = try CPUCompute(precision: .int8, threads: threads)
        let files = FileManager.default
        let draft = destination.deletingLastPathComponent()
            .appendingPathComponent(".\(destination.lastPathComponent).\(UUID().uuidString.prefix(8)).tmp")
        do {
            try files.createDirectory(at: draft, withIntermediateDirectories: false)
            let copied = try copyCompanions(to: draft)
            let bytes = try writeWeights(to: draft.appendingPathComponent("model.safetensors"), compute, progress)
            guard rename(draft.path, destination.path) == 0 else {
                throw ModelError.request("cannot make \(destination.path): \(String(cString: strerror(errno)))")
            }
            return Report(bytesBefore: bytes.before, bytesAfter: bytes.after, copied: copied)
        } catch {
            try? files.removeItem(at: draft)
            if let error = error as? WeightError, case .unwritable(_, let reason) = error {
                throw WeightError.unwritable(file: destination.path, reason: reason)
            }
            if error is WeightError || error is ModelError || error is CancellationError { throw error }
            throw ModelError.request("cannot write \(destination.path): \(error.localizedDescription)")
        }
    }

    private func copyCompanions(to draft: URL) throws -> [String] {
        let names = Self.companions + vaeFiles
        let present = names.filter { FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) }
        for name in present {
            try FileManager.default.createDirectory(
                at: draft.appendingPathComponent(name).deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: folder.appendingPathComponent(name).resolvingSymlinksInPath(),
                to: draft.appendingPathComponent(name))
        }
        return present
    }

    /// The VAE's files, relative to the folder: one, or those of its own folder.
    private var vaeFiles: [String] {
        guard let file = UnifiedModel.vaeFile(in: folder) else { return [] }
        let name = file.lastPathComponent
        let own = file.deletingLastPathComponent()
        let isBeside = own.standardizedFileURL.path == folder.standardizedFileURL.path
        if isBeside, !name.hasSuffix(".index.json") { return [name] }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: own.path)) ?? []
        let stem = name.prefix { $0 != "." }
        let wanted = files.filter { file in
            (file.hasPrefix(stem) || !isBeside && file == "config.json")
                && [".safetensors", ".bin", ".pth", ".json"].contains { file.hasSuffix($0) }
        }
        return wanted.sorted().map { isBeside ? $0 : own.lastPathComponent + "/" + $0 }
    }

    private func storage(_ name: String, _ info: TensorInfo) -> Storage {
        let isNumber = [.float32, .bfloat16, .float16, .float64, .int8].contains(info.dtype)
        guard isNumber, info.shape.count >= 2, name != "position_embedding.weight" else { return .asIs }
        return target == .int8 && info.shape.count == 2 && Int8Layers.standard.contains(weight: name)
            ? .int8 : .bfloat16
    }

    private func writeWeights(
        to file: URL, _ compute: CPUCompute, _ progress: (Double) throws -> Void
    ) throws -> (before: Int, after: Int) {
        // Each entry of the new file: its name, and the tensor that it is made of.
        var entries: [(name: String, info: TensorInfo)] = []
        var sources: [(name: String, storage: Storage)] = []
        var before = 0
        for name in source.names.sorted() {
            guard let info = source.info(name) else { continue }
            let storage = storage(name, info)
            before += info.shape.reduce(1, *) * info.dtype.size
            let dtype: DType =
                switch storage {
                case .int8: .int8
                case .bfloat16: .bfloat16
                case .asIs: info.dtype
                }
            entries.append((name, TensorInfo(shape: info.shape, dtype: dtype)))
            sources.append((name, storage))
            if storage == .int8 {
                let scales = TensorInfo(shape: [info.shape[0]], dtype: .float32)
                entries.append((name + QuantizedWeights.scaleSuffix, scales))
                sources.append((name, storage))
            }
        }
        let after = entries.reduce(0) { $0 + $1.info.shape.reduce(1, *) * $1.info.dtype.size }
        var written = 0
        try SafetensorsWriter.write(
            entries, metadata: ["format": "pt", "flashu.stored": target.rawValue], to: file
        ) { index in
            try progress(Double(written) / Double(max(after, 1)))
            let (name, storage) = sources[index]
            written += entries[index].info.shape.reduce(1, *) * entries[index].info.dtype.size
            if storage == .int8 {
                // Twice: the scales come with the float32 tensors, and nothing is kept until the integers do.
                let weight = try int8(name, compute)
                return entries[index].name == name ? weight.values : weight.scales
            }
            let tensor = try source.tensor(name)
            defer { tensor.evict() }
            return storage == .bfloat16 ? tensor.toBFloat16() : tensor
        }
        try progress(1)
        return (before, after)
    }

    private func int8(_ name: String, _ compute: CPUCompute) throws -> Int8Weight {
        if let (values, scales) = try source.quantized(name) { return Int8Weight(values: values, scales: scales) }
        let tensor = try source.tensor(name)
        let weight = compute.quantize(tensor)
        tensor.evict()
        guard weight.scales.floats().allSatisfy(\.isFinite) else {
            throw WeightError.wrongTensor(
                name: name, file: source.location,
                reason:
                    "holds infinities or not-a-numbers, which can't be stored in 8 bits; the weights are damaged, or their training failed"
            )
        }
        return weight
    }
}
