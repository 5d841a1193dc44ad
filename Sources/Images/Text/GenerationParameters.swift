import Tensors

/// How an image was made: what is needed to make it again, as AUTOMATIC1111's web UI writes it into PNG files.
///
/// The prompt stands first, on as many lines as it has, then the negative prompt, if there is one, and one line of `Key: value` pairs:
///
///     a red fox in the snow
///     Negative prompt: blurry
///     Steps: 50, Sampler: Euler, CFG scale: 5.0, Seed: 1, Size: 432x432, Model: show-o2-1.5B, Time shift: 3.0
public struct GenerationParameters: Sendable, Equatable {
    /// A further pair of the last line.
    public struct Extra: Sendable, Equatable {
        /// What stands before the colon. `GenerationParameters.fieldNames` are spoken for.
        public var key: String
        /// What stands behind it.
        public var value: String

        /// A pair.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The key under which this text is kept in a PNG.
    public static let pngKey = "parameters"

    /// The keys of the fields below, in their order.
    public static let fieldNames = [
        "Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Time shift", "Precision", "Version",
        "Negative prompt",
    ]

    /// The text that the image shows.
    public var prompt: String
    /// The text that it was guided away from.
    public var negativePrompt: String?
    /// Points of the time grid.
    public var steps: Int
    /// The integrator.
    public var sampler: String
    /// The guidance scale.
    public var cfgScale: Double
    /// The seed of the noise.
    public var seed: UInt64
    /// In pixels.
    public var width: Int
    /// In pixels.
    public var height: Int
    /// The model's name.
    public var model: String?
    /// How far the time grid is shifted towards the noise.
    public var timeShift: Double?
    /// The arithmetic, such as `bf16`.
    public var precision: String?
    /// The program and its version.
    public var version: String?
    /// Whatever else, in order.
    public var extra: [Extra]

    /// The parameters of one image.
    public init(
        prompt: String, negativePrompt: String? = nil, steps: Int, sampler: String, cfgScale: Double, seed: UInt64,
        width: Int, height: Int,
        model: String? = nil, timeShift: Double? = nil, precision: String? = nil, version: String? = nil,
        extra: [Extra] = []
    ) {
        self.prompt = prompt
        self.negativePrompt = negativePrompt
        self.steps = steps
        self.sampler = sampler
        self.cfgScale = cfgScale
        self.seed = seed
        self.width = width
        self.height = height
        self.model = model
        self.timeShift = timeShift
        self.precision = precision
        self.version = version
        self.extra = extra
    }
}

/// Why a text is not that of generation parameters; `description` is one line.
public enum GenerationParametersError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The last line is no list of `Key: value` pairs.
    case noParameters
    /// A pair is missing.
    case missing(key: String)
    /// A pair's value is not of its kind.
    case invalid(key: String, value: String)

    /// What is wrong, in one line.
    public var description: String {
        switch self {
        case .noParameters: "the text does not end with a line of generation parameters (Steps: 50, Seed: 1, ...)"
        case .missing(let key): "the generation parameters lack \"\(key)\""
        case .invalid(let key, let value):
            "the generation parameter \(key.printable(atMost: 80)): \"\(value.printable(atMost: 80))\" makes no sense"
        }
    }
}
