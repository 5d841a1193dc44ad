public import Foundation
public import ShowO2
import Tensors

/// What was measured on a model once, for both tasks: the importance of FFN neurons and of LLM layers.
///
/// Stored as `flashu.safetensors` beside the model: `TASK.wanda`, `TASK.reconstruction` `[layers, neurons]`, `TASK.layers` `[layers]`,
/// `understanding.norm_attention` `[layers]` and `generation.magnitude` `[2, evaluations]`, times and values.
public struct Calibration: Sendable {
    /// The file's name in a model folder.
    public static let fileName = "flashu.safetensors"

    /// The two things that a unified model does.
    public enum Task: String, Sendable, CaseIterable, Codable {
        /// Text to image.
        case generation
        /// Questions on images.
        case understanding
    }

    /// Measurements on one task.
    public struct Scores: Sendable {
        /// Wanda: `||X_j||_2 * sum_i |W_down[i, j]|` of neuron j, `[layers][neurons]`.
        public var wanda: [[Float]]
        /// Reconstruction error of the layer without neuron j, in closed form: `||X_j||_2 * ||W_down[:, j]||_2`, `[layers][neurons]`.
        public var reconstruction: [[Float]]
        /// 1 - mean cosine between a layer's input and output (all span rows in generation, the last token in understanding), `[layers]`.
        public var layers: [Float]
        /// Spearman's correlation of the visual tokens' value norms and the attention that they receive, `[layers]`; nil in generation, and in
        /// files of old versions.
        public var normAttention: [Float]?
        /// How large the velocity's residual is along the trajectory; nil in understanding, and in files of old versions.
        public var magnitude: MagCache.Magnitude?

        /// Given measurements.
        public init(
            wanda: [[Float]], reconstruction: [[Float]], layers: [Float], normAttention: [Float]? = nil,
            magnitude: MagCache.Magnitude? = nil
        ) {
            self.magnitude = magnitude
            self.wanda = wanda
            self.reconstruction = reconstruction
            self.layers = layers
            self.normAttention = normAttention
        }
    }

    /// Measurements by task; a task that was not calibrated is missing.
    public var scores: [Task: Scores]

    /// Given measurements.
    public init(scores: [Task: Scores]) { self.scores = scores }

    /// Reads the file of a model folder, or nil if there is none.
    ///
    /// - Throws: `WeightError` for a damaged file, or one that belongs to a model of another size.
    public init?(folder: URL, layers: Int, neurons: Int) throws {
        let url = folder.appendingPathComponent(Self.fileName)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        try self.init(file: url, layers: layers, neurons: neurons)
    }

    /// Reads a calibration file.
    ///
    /// - Throws: `WeightError` for a damaged file, or one that belongs to a model of another size.
    public init(file url: URL, layers: Int, neurons: Int) throws {
        let file = try openWeights(file: url)
        try self.init(file, layers: layers, neurons: neurons) { name, shape in
            if let objection = file.objection(toWeight: name, shapes: [shape]) { throw objection }
            let values = try file.tensor(name).floats()
            guard values.allSatisfy(\.isFinite) else {
                throw WeightError.wrongTensor(
                    name: name, file: file.location,
                    reason: "holds infinities or not-a-numbers; calibrate the model again")
            }
            return values
        }
    }

    /// All that is wrong with a calibration file's tensors, whose elements are not read.
    public static func problems(file url: URL, layers: Int, neurons: Int) -> [ModelProblem] {
        var problems: [ModelProblem] = []
        do {
            let file = try openWeights(file: url)
            _ = try Calibration(file, layers: layers, neurons: neurons) { name, shape in
                if let objection = file.objection(toWeight: name, shapes: [shape]) {
                    problems.append(ModelProblem(objection, file: url.path))
                }
                return []
            }
        } catch {
            problems.append(ModelProblem(error, file: url.path))
        }
        return problems
    }

    /// - Parameter tensor: the elements of the tensor of that name and shape.
    private init(
        _ file: any TensorSource, layers: Int, neurons: Int, tensor: (String, [Int]) throws -> [Float]
    ) throws {
        scores = [:]
        for task in Task.allCases {
            let name = { (part: String) in "\(task.rawValue).\(part)" }
            guard ["wanda", "reconstruction", "layers", "norm_attention"].contains(where: { file.contains(name($0)) })
            else { continue }
            func matrix(_ part: String) throws -> [[Float]] {
                let values = try tensor(name(part), [layers, neurons])
                return stride(from: 0, to: values.count, by: max(1, neurons)).map { Array(values[$0..<$0 + neurons]) }
            }
            scores[task] = Scores(
                wanda: try matrix("wanda"), reconstruction: try matrix("reconstruction"),
                layers: try tensor(name("layers"), [layers]),
                normAttention: file.contains(name("norm_attention"))
                    ? try tensor(name("norm_attention"), [layers]) : nil,
                magnitude: task == .generation && file.contains(name("magnitude"))
                    ? try Self.magnitude(file, name("magnitude"), tensor) : nil)
        }
    }

    /// Reads `[2, evaluations]`. Without elements (`tensor` only looks at shapes) there is nothing to return.
    private static func magnitude(
        _ file: any TensorSource, _ name: String, _ tensor: (String, [Int]) throws -> [Float]
    ) throws -> MagCache.Magnitude? {
        let shape = file.info(name)?.shape ?? []
        // As many evaluations as there are, at least one.
        let values = try tensor(name, [2, shape.count == 2 ? min(max(1, shape[1]), 10_000) : 1])
        if values.isEmpty { return nil }
        let count = values.count / 2
        guard let magnitude = MagCache.Magnitude(times: Array(values[..<count]), values: Array(values[count...]))
        else {
            throw WeightError.wrongTensor(
                name: name, file: file.location,
                reason: "holds no rising times and magnitudes above 0; calibrate the model again")
        }
        return magnitude
    }

    /// The same of a model whose neurons stand in another order: `order[layer][place]` is the neuron that stands there.
    package func reordered(_ order: [[Int]]) -> Calibration {
        var all = self
        for (task, scores) in scores {
            var moved = scores
            for (layer, neurons) in order.enumerated() {
                moved.wanda[layer] = neurons.map { scores.wanda[layer][$0] }
                moved.reconstruction[layer] = neurons.map { scores.reconstruction[layer][$0] }
            }
            all.scores[task] = moved
        }
        return all
    }

    /// Writes the file into a model folder, whole or not at all.
    /// - Throws: `WeightError`.
    public func write(to folder: URL, metadata: [String: String] = [:]) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        for (task, scores) in scores.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for (name, rows) in [("wanda", scores.wanda), ("reconstruction", scores.reconstruction)] {
                tensors.append(
                    (
                        "\(task.rawValue).\(name)",
                        Tensor(rows.flatMap(\.self), shape: [rows.count, rows.first?.count ?? 0])
                    ))
            }
            for (name, values) in [("layers", scores.layers), ("norm_attention", scores.normAttention)] {
                guard let values else { continue }
                tensors.append(("\(task.rawValue).\(name)", Tensor(values, shape: [values.count])))
            }
            if let magnitude = scores.magnitude {
                tensors.append(
                    (
                        "\(task.rawValue).magnitude",
                        Tensor(magnitude.times + magnitude.values, shape: [2, magnitude.times.count])
                    ))
            }
        }
        try SafetensorsWriter.write(tensors, metadata: metadata, to: folder.appendingPathComponent(Self.fileName))
    }
}
