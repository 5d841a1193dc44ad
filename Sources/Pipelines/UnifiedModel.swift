public import Compute
public import FlashU
public import Foundation
public import ShowO2
import Synchronization
package import Tensors
public import Tokenizers

/// A model folder, ready to run: network, tokenizer, VAE, and the scheduler that requests take turns by.
///
/// The folder holds `config.json`, optionally `geometry.json`, the weights (`model.safetensors`, `pytorch_model*.bin`, sharded or not),
/// the VAE (``vaeFileNames``) and `tokenizer.json`. Tokenizer and VAE are opened when first needed.
public final class UnifiedModel: Sendable {
    /// Where it came from.
    public var folder: URL { files.url }
    private let files: ModelFolder
    /// The network.
    public let network: ShowO2Model
    /// The folder's calibration (`flashu.safetensors`), if there is one; accelerated profiles may need it.
    public let calibration: Calibration?
    /// How the FFN's neurons are packed, for pruning; nil without a calibration.
    let neuronOrder: NeuronOrder?
    let worker = Worker()
    /// Runs the model's jobs in turns.
    public let scheduler = Scheduler()
    private let openedVAE = Mutex<WanVAE?>(nil)

    /// Names under which the VAE is looked for.
    public static let vaeFileNames = WanVAE.fileNames

    /// Loads a folder.
    ///
    /// - Parameters:
    ///   - folder: the model's folder.
    ///   - precision: of weights and activations.
    ///   - threads: nil = all cores.
    ///   - tasks: what the model will be asked to do; the diffusion head (a third of Show-o2 1.5B) is loaded for generation only.
    ///   - calibrated: whether to read the folder's calibration and pack the FFN's neurons by it.
    ///   - progress: told the share loaded, 0 ... 1.
    /// - Throws: `WeightError`, `ModelError` or `ComputeError`, each one line; `CancellationError`.
    public static func load(
        _ folder: URL, precision: Precision = .bf16, threads: Int? = nil, tasks: ModelTasks = .all,
        calibrated: Bool = true,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> UnifiedModel {
        try await load(
            ModelFolder(folder), precision: precision, threads: threads, tasks: tasks, calibrated: calibrated,
            progress: progress)
    }

    /// Loads a folder that has been opened; parameters and errors are those of loading by its URL.
    public static func load(
        _ folder: ModelFolder, precision: Precision = .bf16, threads: Int? = nil, tasks: ModelTasks = .all,
        calibrated: Bool = true, progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> UnifiedModel {
        let compute = try CPUCompute(precision: precision, threads: threads)
        return try await Worker().run {
            try UnifiedModel(folder, compute: compute, tasks: tasks, calibrated: calibrated) {
                try Task.checkCancellation()
                progress($0)
            }
        }
    }

    private init(
        _ folder: ModelFolder, compute: any Compute, tasks: ModelTasks, calibrated: Bool,
        progress: (Double) throws -> Void
    ) throws {
        files = folder
        calibration = calibrated ? try folder.calibration() : nil
        neuronOrder = calibration.map(NeuronOrder.standard)
        network = try ShowO2Model(
            geometry: folder.geometry, weights: folder.weights, compute: compute, tasks: tasks,
            neuronOrder: neuronOrder?.order, progress: progress)
    }

    /// A model of random weights, for measurements: no folder, no tokenizer.
    package init(random geometry: ShowO2Geometry, compute: any Compute) throws {
        var geometry = geometry
        geometry.special = geometry.special ?? .firstIDs
        let weights = RandomWeights(geometry)
        files = ModelFolder(URL(fileURLWithPath: "/nonexistent"), geometry, weights)
        calibration = nil
        neuronOrder = nil
        network = try ShowO2Model(geometry: geometry, weights: weights, compute: compute)
        let vae = try WanVAE(
            weights: RandomVAEWeights(width: geometry == .shapes ? 16 : 96, latent: geometry.latentChannels),
            mean: geometry.latentMean, std: geometry.latentStd, compute: compute)
        openedVAE.withLock { $0 = vae }
    }

    /// Every size of the network.
    public var geometry: ShowO2Geometry { network.geometry }

    /// The folder's tokenizer.
    /// - Throws: `ModelError/missing(_:)` or `TokenizerError`.
    public func tokenizer() throws -> Tokenizer { try files.tokenizer() }

    /// The folder's VAE.
    /// - Throws: `ModelError/missing(_:)` or `WeightError`.
    public func vae() throws -> WanVAE {
        try openedVAE.withLock { opened in
            if let opened { return opened }
            let vae = try WanVAE(
                weights: openWeights(file: files.vaeFile()), mean: geometry.latentMean, std: geometry.latentStd,
                compute: network.compute)
            opened = vae
            return vae
        }
    }

    /// The semantic encoder's features of an image without noise, `[tokens, width]` float32.
    /// - Parameter latents: `[1, channels, height, width]` float32, normalised.
    /// - Throws: `ModelError/request(_:)`.
    package func semanticFeatures(of latents: Tensor) async throws -> Tensor {
        try await worker.run { try network.semanticFeatures(of: latents) }
    }

    /// The VAE file of a folder, if there is one.
    public static func vaeFile(in folder: URL) -> URL? { WanVAE.file(in: folder) }

    /// The structural tokens; see ``ModelFolder/specialTokens()``.
    /// - Throws: `ModelError`.
    public func specialTokens() throws -> SpecialTokens { try files.specialTokens() }

    /// Checks a profile against this model.
    /// - Throws: ``ProfileError`` naming the field that is off, or saying that a calibration is needed.
    func check(_ profile: AccelerationProfile, for task: Calibration.Task) throws(ProfileError) {
        try files.check(profile, for: task, calibration: calibration)
    }
}
