public import Foundation
public import ShowO2
public import Tensors

/// A golden file: tensors that the official code computed, and the manifest beside them.
public struct Golden: Sendable {
    /// The stored tensors.
    public let tensors: SafetensorsFile
    /// What the manifest says of them.
    public let manifest: Manifest

    /// The manifest fields that tests use.
    public struct Manifest: Decodable, Sendable {
        /// Structural token ids.
        public var special: SpecialTokens?
        /// Token ids of each prompt.
        public var prompts_token_ids: [[Int]]?
        /// Points of the time grid.
        public var num_inference_steps: Int?
        /// Guidance scale.
        public var guidance_scale: Float?
        /// Greedy tokens.
        public var output_ids: [Int]?
        /// Questions of the shapes model with their greedy tokens.
        public var answers: [Answer]?
        /// One question.
        public struct Answer: Decodable, Sendable {
            /// Path under `Models/shapes/eval`.
            public var image: String
            /// The question.
            public var question: String
            /// Greedy tokens.
            public var output_ids: [Int]
        }
    }

    /// `Tests/Resources/golden/NAME.safetensors` and `.json`.
    public init(_ name: String) throws {
        let url = Golden.folder.appendingPathComponent(name)
        tensors = try SafetensorsFile(url: url.appendingPathExtension("safetensors"))
        manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: url.appendingPathExtension("json")))
    }

    /// The stored tensor of that name.
    public subscript(name: String) -> Tensor {
        get throws { try tensors.tensor(name) }
    }

    /// `Tests/Resources/golden`.
    public static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Tests/Resources/golden")

    /// A golden model's folder: `nano`, `nano-eq` or `vae_tiny`.
    public static func model(_ name: String) -> URL { folder.appendingPathComponent("models/\(name)") }

    /// The embedded model, `Models/shapes`.
    public static let shapes = folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Models/shapes")
}
