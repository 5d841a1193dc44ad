public import Compute
public import FlashU
public import Foundation
public import ShowO2
import Synchronization
import Tensors
public import Tokenizers

/// A model folder, ready to run: network, tokenizer, VAE, and the scheduler that requests take turns by.
///
/// The folder holds `config.json`, optionally `geometry.json`, the weights (`model.safetensors`, `pytorch_model*.bin`, sharded or not),
/// the VAE (``vaeFileNames``) and `tokenizer.json`. Tokenizer and VAE are opened when first needed.
public final class UnifiedModel: Sendable {
    /// Where it came from.
    public let folder: URL
    /// The network.
    public let network: ShowO2Model
    /// The folder's calibration (`flashu.safetensors`), if there is one; accelerated profiles may need it.
    public let calibration: Calibration?
    /// How the FFN's neurons are packed, for pruning; nil without a calibration.
    let neuronOrder: NeuronOrder?
    let worker = Worker()
    /// Runs the model's jobs in turns.
    public let scheduler = Scheduler()
    private let openedTokenizer = Mutex<Tokenizer?>(nil)
    private let openedVAE = Mutex<WanVAE?>(nil)

    /// Names under which the VAE is looked for.
    public static let vaeFileNames = WanVAE.fileNames

    /// Loads a folder.
    ///
    /// - Parameters:
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
        let compute = try CPUCompute(precision: precision, threads: threads)
        return try await Worker().run {
            try UnifiedModel(folder: folder, compute: compute, tasks: tasks, calibrated: calibrated) {
                try Task.checkCancellation()
                progress($0)
            }
        }
    }

    private init(
        folder: URL, compute: any Compute, tasks: ModelTasks, calibrated: Bool, progress: (Double) throws -> Void
    ) throws {
        self.folder = folder
        let weights = try openNetworkWeights(in: folder)
        let geometry = try ShowO2Geometry(folder: folder, weights: weights)
        calibration =
            calibrated
            ? try Calibration(folder: folder, layers: geometry.llm.layers, neurons: geometry.llm.intermediate) : nil
        neuronOrder = calibration.map {
            NeuronOrder(
                $0, generationRatio: AccelerationProfile.paper.ffn.generationRatio,
                understandingRatio: AccelerationProfile.paper.ffn.understandingRatio)
        }
        network = try ShowO2Model(
            geometry: geometry, weights: weights, compute: compute, tasks: tasks, neuronOrder: neuronOrder?.order,
            progress: progress)
    }

    /// A model of random weights, for measurements: no folder, no tokenizer.
    package init(random geometry: ShowO2Geometry, compute: any Compute) throws {
        folder = URL(fileURLWithPath: "/nonexistent")
        calibration = nil
        neuronOrder = nil
        var geometry = geometry
        geometry.special = geometry.special ?? .firstIDs
        network = try ShowO2Model(geometry: geometry, weights: RandomWeights(geometry), compute: compute)
        let vae = try WanVAE(
            weights: RandomVAEWeights(width: geometry == .shapes ? 16 : 96, latent: geometry.latentChannels),
            mean: geometry.latentMean, std: geometry.latentStd, compute: compute)
        openedVAE.withLock { $0 = vae }
    }

    /// Every size of the network.
    public var geometry: ShowO2Geometry { network.geometry }

    /// The folder's tokenizer.
    /// - Throws: `ModelError/missing(_:)` or `TokenizerError`.
    public func tokenizer() throws -> Tokenizer {
        try openedTokenizer.withLock { opened in
            if let opened { return opened }
            let url = folder.appendingPathComponent("tokenizer.json")
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw ModelError.missing(
                    "\(folder.path) has no tokenizer.json; copy it from the language model's folder")
            }
            let tokenizer = try Tokenizer(contentsOf: url)
            opened = tokenizer
            return tokenizer
        }
    }

    /// The folder's VAE.
    /// - Throws: `ModelError/missing(_:)` or `WeightError`.
    public func vae() throws -> WanVAE {
        try openedVAE.withLock { opened in
            if let opened { return opened }
            guard let url = Self.vaeFile(in: folder) else {
                throw ModelError.missing(
                    "\(folder.path) has no VAE; put \(Self.vaeFileNames.prefix(4).joined(separator: " or ")) there")
            }
            let vae = try WanVAE(
                weights: openWeights(file: url), mean: geometry.latentMean, std: geometry.latentStd,
                compute: network.compute)
            opened = vae
            return vae
        }
    }

    /// The VAE file of a folder, if there is one.
    public static func vaeFile(in folder: URL) -> URL? { WanVAE.file(in: folder) }

    /// The structural tokens: the folder's, or looked up in the tokenizer.
    /// - Throws: `ModelError/missing(_:)` when the tokenizer has no such tokens, `ModelError/contradiction(_:)` when they are
    ///   outside the model's vocabulary.
    public func specialTokens() throws -> SpecialTokens {
        if let special = geometry.special { return special }
        let tokenizer = try tokenizer()
        guard let special = SpecialTokens(lookup: { tokenizer.id(of: $0) }) else {
            throw ModelError.missing(
                "tokenizer.json has no <|im_start|>, <|im_end|>, <|vision_start|> and <|vision_end|>; is it Qwen2.5's?")
        }
        // A tokenizer.json of another model: its ids must not be looked up in this one's embedding.
        for id in [special.beginOfSequence, special.endOfSequence, special.beginOfImage, special.endOfImage]
        where !(0..<geometry.vocabulary).contains(id) {
            throw ModelError.contradiction(
                "tokenizer.json gives the id \(id) to a structural token, the weights have \(geometry.vocabulary) tokens"
            )
        }
        return special
    }

    /// Checks a profile against this model.
    /// - Throws: ``ProfileError`` naming the field that is off, or saying that a calibration is needed.
    func check(_ profile: AccelerationProfile, for task: Calibration.Task) throws(ProfileError) {
        try profile.validate(layers: geometry.llm.layers)
        guard profile.needsCalibration(for: task) else { return }
        // A calibration of old has no attention, one of a single task only that one's scores.
        if let scores = calibration?.scores[task],
            task == .generation || !profile.choosesTokensByCalibration || scores.normAttention != nil
        {
            return
        }
        throw .missing(
            "the profile \(profile.name) needs \(task.rawValue)'s scores in \(folder.path)/\(Calibration.fileName); make it with flashu "
                + "calibrate -m \(folder.path)"
                + (task == .generation ? ", or go without by --set ffn.generationRatio=0" : "")
        )
    }
}
