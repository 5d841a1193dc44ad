public import Compute
import FlashU
import Foundation
public import Pipelines
public import ShowO2
import Tensors
import Tokenizers

/// What is measured: a model's folder, or a geometry with random weights, which take as long as real ones.
public struct BenchSubject: Sendable {
    let geometry: ShowO2Geometry
    let compute: CPUCompute
    /// nil when only the VAE is measured.
    let network: ShowO2Model?
    let vae: WanVAE
    let tokenizer: Tokenizer?
    let special: SpecialTokens

    /// Geometries that random weights are made for, by name: the published ones and `shapes`.
    public static let geometries = ShowO2Geometry.known.merging(["shapes": .shapes]) { $1 }

    /// A loaded folder.
    /// - Throws: what ``UnifiedModel`` throws for files that are missing or damaged.
    public init(_ model: UnifiedModel) throws {
        guard let compute = model.network.compute as? CPUCompute else { throw BenchFailure.backend }
        self.compute = compute
        geometry = model.geometry
        network = model.network
        vae = try model.vae()
        tokenizer = try? model.tokenizer()
        special = try model.specialTokens()
    }

    /// Random weights of a geometry.
    ///
    /// - Parameter tasks: what of the network is needed; none for the VAE alone.
    /// - Throws: ``BenchFailure/memory(_:)`` before weights are made that this machine has no room for, `ComputeError`.
    public init(
        _ geometry: ShowO2Geometry, compute: CPUCompute, tasks: ModelTasks, progress: (Double) throws -> Void
    ) throws {
        self.geometry = geometry
        self.compute = compute
        tokenizer = nil
        special =
            geometry.special ?? .firstIDs
        vae = try WanVAE(
            weights: RandomVAEWeights(width: geometry == .shapes ? 16 : 96, latent: geometry.latentChannels),
            mean: geometry.latentMean, std: geometry.latentStd, compute: compute)
        if tasks != [] {
            try Self.check(memory: SystemMemory.available, for: geometry, compute.precision)
            network = try ShowO2Model(
                geometry: geometry, weights: RandomWeights(geometry), compute: compute, tasks: tasks,
                progress: progress)
        } else {
            network = nil
        }
    }

    /// Bytes that a geometry's packed weights, embeddings, caches and intermediates take, roughly.
    package static func bytesNeeded(_ geometry: ShowO2Geometry, _ precision: Precision) -> Int {
        let weights = RandomWeights(geometry)
        let parameters = weights.names.reduce(0) { $0 + (weights.info($1)?.shape.reduce(1, *) ?? 0) }
        let embedding = geometry.vocabulary * geometry.llm.hidden
        // The embedding is kept in bfloat16, and packed once more as the output layer (it is among the parameters).
        return Int(Double(parameters) * weightBytes(precision)) + embedding * 2 + 500_000_000 + geometry.imageTokens
            * 300_000
    }

    /// The packed neurons that a pruned FFN runs: which ones they are does not change the time, so the first stand for the best.
    func neurons(ratio: Double) -> [[Range<Int>]]? {
        let width = geometry.llm.intermediate
        let kept = NeuronOrder.kept(of: width, ratio: ratio)
        return kept < width ? Array(repeating: [0..<kept], count: geometry.llm.layers) : nil
    }

    /// Bytes of a weight.
    static func weightBytes(_ precision: Precision) -> Double {
        switch precision {
        case .f32: 4
        case .bf16: 2
        case .int8: 1
        // What stays in 8 and 16 bits included.
        case .int4: 0.75
        }
    }

    /// - Throws: ``BenchFailure/memory(_:)`` when `available` bytes are too few.
    package static func check(memory available: Int, for geometry: ShowO2Geometry, _ precision: Precision)
        throws(BenchFailure)
    {
        let needed = bytesNeeded(geometry, precision)
        guard available > 0, needed > available else { return }
        func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }
        throw .memory(
            "\(geometry.name) at \(precision.rawValue) needs about \(gigabytes(needed)), \(gigabytes(available)) are free; "
                + (precision == .f32 ? "try --precision bf16" : "close other programs, or take a smaller geometry"))
    }
}

/// Why a benchmark cannot run.
public enum BenchFailure: Error, Equatable, CustomStringConvertible {
    /// Not enough memory.
    case memory(String)
    /// Nothing to answer with.
    case network
    /// Not on a processor.
    case backend

    /// One line for the user.
    public var description: String {
        switch self {
        case .memory(let line): line
        case .network: "there is only the VAE; measuring answers needs the network"
        case .backend: "only the processor's engine can be measured"
        }
    }
}
