import Compute
import Tensors

/// The parts of a forward pass that time and operations are put down to.
enum Part: String, CaseIterable {
    case semanticEncoder = "semantic encoder"
    case tokenChoice = "choice of tokens"
    case fusion = "fusion"
    case llmAttention = "LLM attention"
    case llmFFN = "LLM FFN"
    case head = "diffusion head"
    case finalLayer = "final layer"
    case other = "guidance and rest"
}

/// Puts the time of a forward pass down to its parts. The network tells of its intermediates as they come into being (`Observer`); what passed
/// since the last one belongs to the part that made it. A network that nobody observes tells nothing, so measuring costs others nothing.
final class StageClock {
    private let meter: OperationMeter
    private let clock = ContinuousClock()
    private var time: ContinuousClock.Instant
    private var operations: OperationMeter.Reading
    private(set) var parts: [Part: (seconds: Double, work: OperationMeter.Reading)] = [:]

    /// Starts the clock.
    init(_ meter: OperationMeter) {
        self.meter = meter
        operations = meter.reading
        time = clock.now
    }

    /// The network's observer.
    func observe(_ name: String, _ tensor: Tensor) { add(to: Self.part(of: name)) }

    /// Ends the pass: what is left since the last intermediate is nobody's.
    func end() { add(to: .other) }

    /// All parts together.
    var total: (seconds: Double, work: OperationMeter.Reading) {
        parts.values.reduce((0, .init())) { ($0.0 + $1.seconds, $0.1 + $1.work) }
    }

    private func add(to part: Part) {
        let (now, count) = (clock.now, meter.reading)
        let before = parts[part] ?? (0, .init())
        parts[part] = (before.seconds + (now - time).inSeconds, before.work + (count - operations))
        (time, operations) = (now, count)
    }

    /// The part that makes the intermediate of this name.
    static func part(of name: String) -> Part {
        switch name {
        case "image_embedder_gen", "fusion_proj", "llm.input": .fusion
        case "head_final": .finalLayer
        case "tokens.chosen": .tokenChoice
        case _ where name.hasPrefix("image_embedder_und") || name.hasPrefix("und_trans"): .semanticEncoder
        case _ where name.hasPrefix("llm.layer"):
            name.hasSuffix(".qkv") || name.hasSuffix(".attention") ? .llmAttention : .llmFFN
        case _ where name.hasPrefix("head_layer") || name == "llm.final_norm" || name == "diff_proj": .head
        default: .other
        }
    }
}

/// Passes of one kind, timed by part.
struct PassTimes {
    private var seconds: [Part: [Double]] = [:]
    private var work: [Part: OperationMeter.Reading] = [:]
    private var totals: [Double] = []
    private var totalWork = OperationMeter.Reading()

    /// Adds a pass that has ended.
    mutating func add(_ clock: StageClock) {
        for part in Part.allCases {
            let (time, count) = clock.parts[part] ?? (0, .init())
            seconds[part, default: []].append(time)
            work[part] = count
        }
        totals.append(clock.total.seconds)
        totalWork = clock.total.work
    }

    /// By part.
    var parts: [Part: Timing] {
        seconds.reduce(into: [:]) { $0[$1.key] = Timing(seconds: $1.value, work: work[$1.key] ?? .init()) }
    }

    /// Whole passes.
    var total: Timing { Timing(seconds: totals, work: totalWork) }
}
