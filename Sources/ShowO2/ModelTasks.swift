/// What a network is loaded for. Parts that no task of these runs stay in their file.
public struct ModelTasks: OptionSet, Sendable, Hashable {
    /// See `OptionSet`.
    public let rawValue: Int
    /// See `OptionSet`.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Text to image: with the diffusion head.
    public static let generation = ModelTasks(rawValue: 1)
    /// Answers: with the output projection, which is packed when it is first needed.
    public static let understanding = ModelTasks(rawValue: 2)
    /// Both.
    public static let all: ModelTasks = [.generation, .understanding]
}
