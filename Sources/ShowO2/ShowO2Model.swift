public import Compute
import Foundation
public import Tensors

/// The unified network: immutable, shared by all requests.
///
/// A request reads pieces into a ``TokenSequence`` (``ReadingPass``) and continues it by text (``DecodeBatch``) or by an image (``Denoising``).
public final class ShowO2Model: Sendable {
    /// Every size.
    public let geometry: ShowO2Geometry
    /// The backend.
    public let compute: any Compute
    package let decoder: Qwen2Decoder
    package let fusion: DualPathFusion
    let time: TimeEmbedding
    private let loadedHead: FlowHead?

    /// Packs the weights for a backend.
    ///
    /// - Parameters:
    ///   - geometry: the model's shape.
    ///   - weights: the tensors.
    ///   - compute: the backend.
    ///   - tasks: what it will be asked to do; without generation the diffusion head is not loaded.
    ///   - neuronOrder: per LLM layer, the order in which FFN neurons are packed, a permutation; nil = as stored.
    ///   - layers: which layers `Precision.int8` and `Precision.int4` hold in 8 and 4 bits, unless the file has chosen.
    ///   - progress: told the share done, 0 ... 1, after each layer. It may throw to stop.
    /// - Throws: `WeightError` for tensors that are missing or of another shape, ``ModelError``, `ComputeError`, or what `progress` threw.
    public convenience init(
        geometry: ShowO2Geometry, weights: any TensorSource, compute: any Compute, tasks: ModelTasks = .all,
        neuronOrder: [[Int]]? = nil, layers: LayerBits = .standard,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        let loader = WeightLoader(source: weights, compute: compute, layers: layers.adapted(to: weights))
        try self.init(geometry, loader, tasks: tasks, neuronOrder: neuronOrder, progress: progress)
    }

    /// All that is wrong with a model's weights: tensors that are missing, or of another shape or type than the model needs. Their elements
    /// are not read.
    public static func problems(geometry: ShowO2Geometry, weights: any TensorSource) -> [ModelProblem] {
        let findings = WeightFindings(file: weights.location)
        do {
            let loader = WeightLoader(source: weights, compute: ReferenceCompute(), findings: findings)
            _ = try ShowO2Model(geometry, loader, tasks: .all, neuronOrder: nil) { _ in }
        } catch {
            findings.add(error)
        }
        return findings.problems
    }

    private init(
        _ geometry: ShowO2Geometry, _ loader: WeightLoader, tasks: ModelTasks, neuronOrder: [[Int]]?,
        progress: (Double) throws -> Void
    ) throws {
        self.geometry = geometry
        compute = loader.compute
        if let neuronOrder {
            let neurons = Array(0..<geometry.llm.intermediate)
            guard neuronOrder.count == geometry.llm.layers, neuronOrder.allSatisfy({ $0.sorted() == neurons }) else {
                throw ModelError.contradiction(
                    "the neuron order is not one permutation of \(neurons.count) for each layer")
            }
        }
        // A layer is worth its weights.
        let (llm, vision) = (geometry.llm.layerWeights(ffnMatrices: 3), geometry.vision.layerWeights(ffnMatrices: 2))
        let head = tasks.contains(.generation) ? geometry.head.layerWeights(ffnMatrices: 3) : 0
        let all = llm * geometry.llm.layers + vision * geometry.vision.layers + head * geometry.head.layers
        var loaded = 0
        func tell(_ weights: Int) throws {
            loaded += weights
            try progress(Double(loaded) / Double(all))
        }
        decoder = try Qwen2Decoder(loader, geometry, neuronOrder: neuronOrder) { try tell(llm) }
        fusion = try DualPathFusion(loader, geometry) { try tell(vision) }
        time = try TimeEmbedding(loader, geometry)
        loadedHead = tasks.contains(.generation) ? try FlowHead(loader, geometry) { try tell(head) } : nil
    }

    /// Bytes of the packed weights of the transformer stacks.
    public var byteCount: Int { decoder.byteCount + fusion.encoder.byteCount + (loadedHead?.byteCount ?? 0) }

    /// The diffusion head.
    /// - Throws: ``ModelError/request(_:)`` if the model was loaded without it.
    package var head: FlowHead {
        get throws(ModelError) {
            guard let loadedHead else {
                throw .request("the model was loaded for understanding only; load it with the task generation to draw")
            }
            return loadedHead
        }
    }

    /// The time token and adaLN vectors for each of `times`.
    /// - Throws: as ``head``, `ComputeError`.
    package func conditioning(_ times: [Float]) throws -> TimeConditioning {
        var result: TimeConditioning?
        let stages = Stages()
        addConditioning(to: stages, times) { result = $0 }
        try stages.finish()
        guard let result else { preconditionFailure("the last stage makes it") }
        return result
    }

    /// Adds the stages that compute the time token and adaLN vectors for each of `times`.
    func addConditioning(to stages: Stages, _ times: [Float], then done: @escaping (TimeConditioning) -> Void) {
        stages.add { [self] in
            let (conditioning, tokens) = time(times, compute)
            try head.addModulations(to: stages, conditioning) {
                done(TimeConditioning(tokens: tokens, modulations: $0))
            }
        }
    }

    /// Writes the embeddings of `ids` to rows `first...` of `hidden` `[rows, hidden]`.
    package func embed(_ ids: [Int], into hidden: Tensor, from first: Int) {
        for (i, id) in ids.enumerated() {
            hidden.setRow(first + i, to: id, of: decoder.embedding, rounded: compute.precision != .f32)
        }
    }
}

extension ShowO2Geometry {
    /// Refuses token ids outside the vocabulary.
    package func check(_ ids: some Sequence<Int>) throws(ModelError) {
        if let bad = ids.first(where: { !(0..<vocabulary).contains($0) }) {
            throw .request("token id \(bad) is outside the vocabulary of \(vocabulary)")
        }
    }
}

/// What the network needs to know of each time of a schedule, computed at once: it depends on t alone.
package struct TimeConditioning: Sendable {
    /// `[times, llm hidden]`
    package let tokens: Tensor
    package let modulations: [HeadModulation]
}
