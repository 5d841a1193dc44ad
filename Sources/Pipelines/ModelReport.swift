import Compute
import FlashU
public import Foundation
public import ShowO2
import Tensors

/// What a model folder holds and what it will take to run it, read without loading the weights.
public struct ModelReport: Sendable, Encodable {
    /// What a task needs, in bytes.
    public struct TaskMemory: Sendable, Encodable {
        /// Packed weights, of the network and of the VAE's direction.
        public let weights: Int
        /// The request itself: keys and values, intermediates, histories.
        public let request: Int
        /// Both.
        public let total: Int
    }

    /// A part of the network.
    public struct Part: Sendable, Encodable {
        /// What it is.
        public let name: String
        /// Parameters stored.
        public let parameters: Int
        /// Bytes stored.
        public let bytes: Int
    }

    /// The model's name.
    public let name: String
    /// Where the weights are.
    public let weights: String
    /// Width and height of what it draws when nothing else is asked for, in pixels.
    public let imageSize: [Int]
    /// Other sizes that it was trained to draw, as far as its files say.
    public let otherTrainedSizes: [[Int]]
    /// Width and height at which it reads images.
    public let readingSize: [Int]
    /// Image tokens without the time token.
    public let imageTokens: Int
    /// Prompt tokens that fit.
    public let promptTokens: Int
    /// Sizes, by name.
    public let geometry: [String: Int]
    /// Parameters by part of the network.
    public let parts: [Part]
    /// Parameters by element type.
    public let dtypes: [String: Int]
    /// Bytes that packed weights will take, by precision.
    public let memory: [String: Int]
    /// Bytes that each task needs in all, by task (`draw` an image of the default size, `ask` about an image) and precision.
    public let tasks: [String: [String: TaskMemory]]
    /// What a user would miss: files that are not there.
    public let missing: [String]
    /// What keeps the network, the VAE or the calibration from being loaded: every tensor that is missing, or has another shape or type than the
    /// loader needs.
    public let problems: [ModelProblem]

    /// Reads a folder.
    /// - Throws: `WeightError` or `ModelError` when there is no model in it, or none whose sizes can be told.
    public init(folder: URL) throws {
        let source = try openNetworkWeights(in: folder)
        let geometry = try ShowO2Geometry(folder: folder, weights: source)
        name = geometry.name
        weights = source.location
        imageSize = [geometry.imageWidth, geometry.imageHeight]
        otherTrainedSizes = geometry.otherTrainedGrids.map {
            [$0.width * geometry.pixelsPerToken, $0.height * geometry.pixelsPerToken]
        }
        readingSize = [geometry.readingSize.width, geometry.readingSize.height]
        imageTokens = geometry.imageTokens
        promptTokens = geometry.maxPromptTokens
        var sizes: [String: Int] = ["vocabulary": geometry.vocabulary, "max sequence": geometry.maxSequence]
        for (part, stack) in [
            ("llm", geometry.llm), ("semantic encoder", geometry.vision), ("diffusion head", geometry.head),
        ] {
            sizes["\(part) hidden"] = stack.hidden
            sizes["\(part) layers"] = stack.layers
            sizes["\(part) heads"] = stack.attention.heads
            sizes["\(part) kv heads"] = stack.attention.keyValueHeads
            sizes["\(part) head dim"] = stack.attention.headDim
            sizes["\(part) ffn"] = stack.intermediate
        }
        self.geometry = sizes

        var missing: [String] = []
        var sources = [(source, false)]
        problems = Self.problems(in: folder, weights: source, geometry: geometry)
        if let vae = UnifiedModel.vaeFile(in: folder) {
            if let weights = try? openWeights(file: vae) { sources.append((weights, true)) }
        } else {
            missing.append(
                "VAE (\(UnifiedModel.vaeFileNames.prefix(4).joined(separator: " or "))): needed to draw and to see images"
            )
        }
        if !FileManager.default.fileExists(atPath: folder.appendingPathComponent("tokenizer.json").path) {
            missing.append("tokenizer.json: needed for text prompts and questions")
        }
        self.missing = missing

        let layers = LayerBits.standard.adapted(to: source)
        var packed: [Precision: Int] = [:]
        var parts: [String: (parameters: Int, bytes: Int)] = [:]
        var dtypes: [String: Int] = [:]
        for (source, isVAE) in sources {
            for name in source.names {
                guard let info = source.info(name) else { continue }
                let count = info.shape.reduce(1, *)
                let part = isVAE ? "VAE" : Self.part(of: name)
                parts[part, default: (0, 0)].parameters += count
                parts[part, default: (0, 0)].bytes += info.storedByteCount
                // The embedding is looked up in the mapped file; the VAE is below.
                if part != "VAE", part != "embedding" {
                    for precision in Precision.allCases {
                        packed[precision, default: 0] += Self.packedBytes(name, info, precision, layers)
                    }
                }
                dtypes[info.elementName, default: 0] += count
            }
        }
        self.parts = Self.order.compactMap { name in
            parts[name].map { Part(name: name, parameters: $0.parameters, bytes: $0.bytes) }
        }
        self.dtypes = dtypes
        let vaeWeights = UnifiedModel.vaeFile(in: folder).flatMap { try? openWeights(file: $0) }
        tasks = Self.tasks(
            geometry, source, layers,
            vae: vaeWeights.flatMap {
                try? WanVAE(
                    weights: $0, mean: geometry.latentMean, std: geometry.latentStd, compute: ReferenceCompute())
            })
        // A tied output projection is a packed copy of the embedding. The VAE's convolutions keep one of three temporal slices, in float32.
        let output = TensorInfo(shape: [geometry.vocabulary, geometry.llm.hidden], dtype: .bfloat16)
        let isTied = parts["output projection"] == nil
        let vae = (parts["VAE"]?.parameters ?? 0) * 4 / 3
        memory = Dictionary(
            uniqueKeysWithValues: Precision.allCases.map {
                let tied = isTied ? Self.packedBytes("showo.lm_head.weight", output, $0, layers) : 0
                return ($0.rawValue, packed[$0, default: 0] + tied + vae)
            })
    }

    /// What keeps a folder's network, VAE and calibration from being loaded, told without reading their elements.
    static func problems(in folder: URL, weights: any TensorSource, geometry: ShowO2Geometry) -> [ModelProblem] {
        var problems = ShowO2Model.problems(geometry: geometry, weights: weights)
        if let vae = UnifiedModel.vaeFile(in: folder) {
            do {
                problems += WanVAE.problems(weights: try openWeights(file: vae), channels: geometry.latentChannels)
            } catch {
                problems.append(ModelProblem(error, file: vae.path))
            }
        }
        let calibration = folder.appendingPathComponent(Calibration.fileName)
        if FileManager.default.fileExists(atPath: calibration.path) {
            problems += Calibration.problems(
                file: calibration, layers: geometry.llm.layers, neurons: geometry.llm.intermediate)
        }
        return problems
    }

    /// Bytes that a tensor takes in an engine.
    private static func packedBytes(_ name: String, _ info: TensorInfo, _ precision: Precision, _ layers: LayerBits)
        -> Int
    {
        let count = info.shape.reduce(1, *)
        guard precision != .f32 else { return 4 * count }
        guard info.shape.count == 2 else { return 2 * count }
        let bits = layers.bits(weight: name, inputs: info.shape[1], in: precision)
        return bits == .sixteen
            ? 2 * count : QuantizedMatrix.byteCount(info.shape[0], info.shape[1], bits: bits.rawValue)
    }

    /// What one request of each task takes on top of the weights that are loaded for it.
    private static func tasks(
        _ geometry: ShowO2Geometry, _ source: any TensorSource, _ layers: LayerBits, vae: WanVAE?
    ) -> [String: [String: TaskMemory]] {
        func weights(_ precision: Precision, of parts: Set<String>) -> Int {
            source.names.reduce(0) { sum, name in
                // adaLN is multiplied as it lies in the file.
                guard let info = source.info(name), parts.contains(part(of: name)), !name.contains("adaLN_modulation")
                else { return sum }
                return sum + packedBytes(name, info, precision, layers)
            }
        }
        let shared: Set = ["language model", "semantic encoder", "fusion and projectors", "time embedding"]
        let text = 40
        var tasks: [String: [String: TaskMemory]] = [:]
        for precision in Precision.allCases {
            var drawing = MemoryEstimate.drawing(
                geometry, grid: geometry.grid, images: 1, prefixes: [text, 2], times: geometry.sampling.steps - 1,
                keeps: [], measures: false, precision: precision)
            var asking = MemoryEstimate.reading(
                geometry, imageTokens: [geometry.readingGrid.tokens], textTokens: 2 * text, answerTokens: 300,
                precision: precision)
            if let vae {
                let (draws, reads) = (geometry, geometry.readingSize)
                if let memory = try? vae.memory(.decoding, width: draws.imageWidth, height: draws.imageHeight) {
                    (drawing.vae, drawing.vaeWeights) = (memory.intermediates, memory.weights)
                }
                if let memory = try? vae.memory(.encoding, width: reads.width, height: reads.height) {
                    (asking.vae, asking.vaeWeights, asking.beginsWithVAE) = (memory.intermediates, memory.weights, true)
                }
            }
            for (name, estimate, parts) in [
                ("draw", drawing, shared.union(["diffusion head"])), ("ask", asking, shared),
            ] {
                let late = estimate.vaeWeights + estimate.outputWeights
                let packed = weights(precision, of: parts)
                tasks[name, default: [:]][precision.rawValue] = TaskMemory(
                    weights: packed + late, request: max(0, estimate.total - late), total: packed + estimate.total)
            }
        }
        return tasks
    }

    private static let order = [
        "embedding", "language model", "output projection", "semantic encoder", "fusion and projectors",
        "time embedding",
        "diffusion head", "VAE", "other",
    ]

    private static func part(of name: String) -> String {
        for (prefix, part) in [
            ("showo.model.embed_tokens", "embedding"), ("showo.lm_head", "output projection"),
            ("showo.", "language model"),
            ("und_trans", "semantic encoder"), ("image_embedder_und", "semantic encoder"),
            ("position_embedding", "semantic encoder"), ("fusion_proj", "fusion and projectors"),
            ("image_embedder_gen", "fusion and projectors"), ("diff_proj", "fusion and projectors"),
            ("time_embed", "time embedding"), ("diffusion_head", "diffusion head"),
        ] where name.hasPrefix(prefix) { return part }
        return "other"
    }
}
