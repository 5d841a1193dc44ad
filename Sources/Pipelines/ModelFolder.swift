public import FlashU
public import Foundation
import Images
public import ShowO2
import Synchronization
import Tensors
public import Tokenizers

/// A model folder, looked at without loading its weights: it knows what a request would lack before anything large is read.
///
/// Opening it reads configuration and the directory of the weights. Tokenizer and calibration are read when first needed, once.
public final class ModelFolder: Sendable {
    /// Where it is.
    public let url: URL
    /// Every size of the network.
    public let geometry: ShowO2Geometry
    let weights: any TensorSource
    private let openedTokenizer = Mutex<Tokenizer?>(nil)
    private let readCalibration = Mutex<Calibration??>(nil)

    /// Opens a folder.
    /// - Throws: `WeightError` or `ModelError` when there is no model in it.
    public init(_ url: URL) throws {
        self.url = url
        weights = try openNetworkWeights(in: url)
        geometry = try ShowO2Geometry(folder: url, weights: weights)
    }

    /// No folder: weights of another kind.
    init(_ url: URL, _ geometry: ShowO2Geometry, _ weights: any TensorSource) {
        (self.url, self.geometry, self.weights) = (url, geometry, weights)
    }

    private var tokenizerFile: URL { url.appendingPathComponent("tokenizer.json") }

    /// Whether there is a tokenizer; without one, text goes in and comes out as token ids.
    public var hasTokenizer: Bool { FileManager.default.fileExists(atPath: tokenizerFile.path) }

    /// The folder's tokenizer.
    /// - Throws: `ModelError/missing(_:)` or `TokenizerError`.
    public func tokenizer() throws -> Tokenizer {
        try openedTokenizer.withLock { opened in
            if let opened { return opened }
            guard hasTokenizer else {
                throw ModelError.missing("\(url.path) has no tokenizer.json; copy it from the language model's folder")
            }
            let tokenizer = try Tokenizer(contentsOf: tokenizerFile)
            opened = tokenizer
            return tokenizer
        }
    }

    /// The folder's calibration, or nil if it has none.
    /// - Throws: `WeightError`.
    public func calibration() throws -> Calibration? {
        try readCalibration.withLock { read in
            if let read { return read }
            let calibration = try Calibration(
                folder: url, layers: geometry.llm.layers, neurons: geometry.llm.intermediate)
            read = .some(calibration)
            return calibration
        }
    }

    /// The structural tokens: the folder's, or looked up in the tokenizer; in a folder without one, Qwen2.5's where the vocabulary has room for them.
    /// - Throws: `ModelError/missing(_:)` when the tokenizer has no such tokens, `ModelError/contradiction(_:)` when they are
    ///   outside the model's vocabulary.
    public func specialTokens() throws -> SpecialTokens {
        if let special = geometry.special { return special }
        if !hasTokenizer, geometry.vocabulary > SpecialTokens.qwen25.endOfImage { return .qwen25 }
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

    /// The VAE's file.
    /// - Throws: `ModelError/missing(_:)`.
    func vaeFile() throws(ModelError) -> URL {
        guard let file = UnifiedModel.vaeFile(in: url) else {
            throw ModelError.missing(
                "\(url.path) has no VAE; put \(UnifiedModel.vaeFileNames.prefix(4).joined(separator: " or ")) there")
        }
        return file
    }

    /// Checks a profile against this model.
    /// - Throws: `ProfileError` naming the field that is off, or saying that a calibration is needed; `WeightError` for a damaged calibration.
    public func check(_ profile: AccelerationProfile, for task: Calibration.Task) throws {
        try check(profile, for: task, calibration: calibration())
    }

    func check(_ profile: AccelerationProfile, for task: Calibration.Task, calibration: Calibration?)
        throws(ProfileError)
    {
        try profile.validate(
            layers: geometry.llm.layers, encoderLayers: geometry.vision.layers, for: task)
        guard profile.needsCalibration(for: task) else { return }
        // A calibration of old has no attention, one of a single task only that one's scores.
        if let scores = calibration?.scores[task],
            task == .generation
                ? !profile.needsMagnitude || scores.magnitude != nil
                : !profile.choosesTokensByCalibration || scores.normAttention != nil
        {
            return
        }
        if task == .generation, profile.needsMagnitude {
            throw .missing(
                "the profile \(profile.name) needs generation.magnitude in \(url.path)/\(Calibration.fileName), which "
                    + "\(calibration == nil ? "is not there" : "was made without it"); calibrate again with flashu calibrate "
                    + "-m \(url.path), or take --set velocityCache.policy=easyCache")
        }
        throw .missing(
            "the profile \(profile.name) needs \(task.rawValue)'s scores in \(url.path)/\(Calibration.fileName); make it with flashu "
                + "calibrate -m \(url.path)"
                + (task == .generation ? ", or go without by --set ffn.generationRatio=0" : "")
        )
    }
}
