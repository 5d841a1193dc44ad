public import Foundation

/// The embedded model and everything that was computed from its weights. When a commit replaces `Models/shapes`, it replaces
/// these too: the goldens by the official code, the rest by `Tools/shapes_reference.py`.
public enum ShapesModel {
    /// `Models/shapes`.
    public static let folder = Golden.shapes
    /// Golden file: text to image, three prompts.
    public static let drawing = "shapes_t2i"
    /// Golden file: ten questions.
    public static let asking = "shapes_mmu"

    /// `Tests/Resources/pipelines`: what `Training/sample.py` makes of the model.
    public static let references = Golden.folder.deletingLastPathComponent().appendingPathComponent("pipelines")

    /// A JSON file of ``references``.
    public static func reference<Value: Decodable>(_ name: String) throws -> Value {
        try JSONDecoder().decode(
            Value.self, from: Data(contentsOf: references.appendingPathComponent(name + ".json")))
    }

    /// A line of `Models/shapes/eval/questions.jsonl`.
    public struct Question: Decodable, Sendable {
        /// Path under `Models/shapes/eval`.
        public var image: String
        /// What is asked.
        public var question: String
    }

    /// All questions of the evaluation set, in order.
    public static func questions() throws -> [Question] {
        try String(contentsOf: folder.appendingPathComponent("eval/questions.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONDecoder().decode(Question.self, from: Data($0.utf8)) }
    }
}
