import Compute
import FlashU
public import Foundation
public import ShowO2
import Tensors

/// Writes a model folder whose weights are stored as an engine will hold them: smaller, and quicker to load.
///
/// Results do not change: an engine of the target's precision computes the same bits from the folder as from its source. Matrices
/// become bfloat16, or int8 or int4 (`QuantizedWeights`) where `LayerBits/standard` says so; vectors, and the table of positions,
/// which engines hold in float32, stay as they are.
///
/// In 4 bits neighbouring inputs share a step, and in 8 bits two of them are rounded together where they are large. So that an engine finds the same
/// neighbours in the folder, the FFNs of a calibrated model are stored in the order in which it packs them, and the calibration likewise.
public struct ModelConversion: Sendable {
    /// How matrices are stored.
    public enum Target: String, Sendable, CaseIterable {
        /// For `Precision.int4`: the layers of `LayerBits/standard` in 4 and 8 bits, other matrices in bfloat16.
        case int4
        /// For `Precision.int8`: the layers of `LayerBits/standard` in 8 bits, other matrices in bfloat16.
        case int8
        /// For `Precision.bf16`: all matrices in bfloat16.
        case bf16

        var precision: Precision {
            switch self {
            case .int4: .int4
            case .int8: .int8
            case .bf16: .bf16
            }
        }
    }

    /// One tensor of the new file.
    private struct Entry {
        /// What it is of its weight.
        enum Part {
            /// The weight as it is.
            case asIs
            /// The weight in bfloat16.
            case bfloat16
            /// The integers, or the scales, of the weight in so many bits.
            case values(WeightBits)
            case scales(WeightBits)
            /// The steps and zeros of the weight in 4 bits.
            case steps
        }

        let name: String
        let info: TensorInfo
        let weight: String
        let part: Part
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
    private let layers: LayerBits
    /// Of each LLM layer, where its neurons are stored in another order.
    private let order: [[Int]]?
    /// Of the neurons in that order.
    private let calibration: Calibration?
    /// Of the FFNs' neurons, where rounding heeds it.
    private let importance: RoundingImportance?

    /// Opens a model folder.
    ///
    /// - Parameters:
    ///   - folder: the model's folder.
    ///   - target: what its matrices become.
    ///   - calibrated: rounds to 4 bits so that what the calibration measured changes least, not the weights. An engine of `Precision.int4` then
    ///     computes other bits from the folder than from its source.
    /// - Throws: `WeightError` or `ModelError` when there is no model in it, or no calibration that is asked for; ``ModelProblems`` with all that is wrong
    ///   with its tensors.
    public init(_ folder: URL, to target: Target, calibrated: Bool = false) throws {
        guard !calibrated || target == .int4 else {
            throw ModelError.request("only int4 is rounded by a calibration; convert to int4, or leave it out")
        }
        self.folder = folder
        self.target = target
        source = try openNetworkWeights(in: folder)
        layers = LayerBits.standard.adapted(to: source)
        let geometry = try ShowO2Geometry(folder: folder, weights: source)
        let problems = ModelReport.problems(in: folder, weights: source, geometry: geometry)
        guard problems.isEmpty else { throw ModelProblems(folder: folder.path, problems: problems) }
        let known =
            target != .bf16
            ? try Calibration(folder: folder, layers: geometry.llm.layers, neurons: geometry.llm.intermediate) : nil
        let order = known.map { NeuronOrder.standard($0).order }
        self.order = order
        calibration = order.flatMap { known?.reordered($0) }
        importance = calibrated ? calibration.map { RoundingImportance(calibration: $0) } : nil
        guard !calibrated || importance != nil else {
            throw ModelError.request("\(folder.path) has no \(Calibration.fileName); make it with flashu calibrate")
        }
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
        let compute = try CPUCompute(precision: target.precision, threads: threads)
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
            let original = folder.appendingPathComponent(name).resolvingSymlinksInPath()
            if name == Calibration.fileName, let calibration {
                try calibration.write(to: draft, metadata: SafetensorsFile(url: original).metadata)
            } else {
                try FileManager.default.copyItem(at: original, to: draft.appendingPathComponent(name))
            }
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

    /// The tensors that a weight becomes.
    private func entries(_ weight: String) -> [Entry] {
        guard let info = source.info(weight) else { return [] }
        func entry(_ part: Entry.Part, _ suffix: String, _ shape: [Int], _ dtype: DType) -> Entry {
            Entry(name: weight + suffix, info: TensorInfo(shape: shape, dtype: dtype), weight: weight, part: part)
        }
        let isNumber = [.float32, .bfloat16, .float16, .float64, .int8].contains(info.dtype)
        guard isNumber, info.shape.count >= 2, weight != "position_embedding.weight" else {
            return [entry(.asIs, "", info.shape, info.dtype)]
        }
        let (outputs, inputs) = (info.shape[0], info.shape[1])
        let bits =
            info.shape.count == 2
            ? layers.bits(weight: weight, inputs: inputs, in: target.precision) : .sixteen
        let scales = entry(.scales(bits), QuantizedWeights.scaleSuffix, [outputs], .float32)
        switch bits {
        case .sixteen: return [entry(.bfloat16, "", info.shape, .bfloat16)]
        case .eight: return [entry(.values(bits), "", info.shape, .int8), scales]
        case .four:
            let groups = QuantizedMatrix.groups(inputs)
            return [
                entry(.values(bits), "", [outputs, inputs / 2], .uint8), scales,
                entry(.steps, QuantizedWeights.stepSuffix, [outputs, groups], .uint8),
            ]
        }
    }

    private func writeWeights(
        to file: URL, _ compute: CPUCompute, _ progress: (Double) throws -> Void
    ) throws -> (before: Int, after: Int) {
        let entries = source.names.sorted().flatMap(entries)
        let before = source.names.reduce(0) { $0 + (source.info($1)?.storedByteCount ?? 0) }
        let after = entries.reduce(0) { $0 + $1.info.elementByteCount }
        var written = 0
        // Scales are wanted with the float32 tensors, integers later: made twice, so that only the small parts need be kept.
        var steps: [String: Tensor] = [:]
        try SafetensorsWriter.write(
            entries.map { ($0.name, $0.info) }, metadata: ["format": "pt", "flashu.stored": target.rawValue], to: file
        ) { index in
            let entry = entries[index]
            try progress(Double(written) / Double(max(after, 1)))
            written += entry.info.elementByteCount
            switch entry.part {
            case .asIs, .bfloat16:
                let tensor = try source.tensor(entry.weight)
                defer { tensor.evict() }
                if case .asIs = entry.part { return tensor }
                return tensor.toBFloat16()
            case .values(let bits): return try quantized(entry.weight, bits, compute).values
            case .scales(let bits):
                let matrix = try quantized(entry.weight, bits, compute)
                steps[entry.weight] = matrix.steps
                return matrix.scales
            case .steps:
                guard let made = steps.removeValue(forKey: entry.weight) else {
                    preconditionFailure("a weight's scales are made first")
                }
                return made
            }
        }
        try progress(1)
        return (before, after)
    }

    private func quantized(_ name: String, _ bits: WeightBits, _ compute: CPUCompute) throws -> QuantizedMatrix {
        let stored =
            try source.quantized(name).map { LinearSource(.quantized($0)) }
            ?? LinearSource(weight: source.tensor(name))
        defer { stored.evict() }
        var layer = stored
        if let order, let neurons = FFNWeight(name) {
            layer =
                neurons.isOfInputs
                ? layer.gatheringInputs(order[neurons.layer]) : layer.gatheringOutputs(order[neurons.layer])
        }
        guard importance == nil || stored.quantized(.four) == nil else {
            throw ModelError.request("\(folder.path) is in 4 bits already; convert the folder that it was made of")
        }
        if let matrix = layer.quantized(bits) { return matrix }
        let weight = layer.dequantizedWeight
        let inputs = FFNWeight(name).flatMap { $0.isOfInputs ? importance?.ofNeurons(weight, layer: $0.layer) : nil }
        let matrix = compute.quantize(weight, bits: bits, importance: inputs)
        guard matrix.scales.floats().allSatisfy(\.isFinite) else {
            throw WeightError.wrongTensor(
                name: name, file: source.location,
                reason:
                    "holds infinities or not-a-numbers, which can't be stored in \(bits.rawValue) bits; the weights are damaged, or their training failed"
            )
        }
        return matrix
    }
}

/// A weight of an LLM layer's FFN, told by its name in a checkpoint.
private struct FFNWeight {
    let layer: Int
    /// Whether neurons are the weight's inputs, not its outputs.
    let isOfInputs: Bool

    init?(_ name: String) {
        let prefix = "showo.model.layers."
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: ".")
        guard parts.count == 4, let layer = Int(parts[0]), parts[1] == "mlp", parts[3] == "weight" else { return nil }
        guard ["gate_proj", "up_proj", "down_proj"].contains(parts[2]) else { return nil }
        (self.layer, isOfInputs) = (layer, parts[2] == "down_proj")
    }
}
