import Foundation

/// How the next token is chosen.
public struct SamplingOptions: Sendable, Equatable {
    /// 0 = always the likeliest token.
    public var temperature: Double
    /// Only the k likeliest tokens; nil = all.
    public var topK: Int?
    /// Only the likeliest tokens whose probabilities add up to this; nil = all.
    public var topP: Double?
    /// Seed of the random choices.
    public var seed: UInt64

    /// Greedy unless told otherwise, as the official code (`top_k = 1`).
    public init(temperature: Double = 0, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }
}

/// Chooses tokens from logits. The same seed and logits give the same tokens.
package struct TokenSampler {
    private let options: SamplingOptions
    private var state: UInt64

    package init(_ options: SamplingOptions) {
        self.options = options
        state = options.seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    }

    /// The next token for `logits` `[vocabulary]`.
    package mutating func next(_ logits: [Float]) -> Int {
        guard options.temperature > 0, options.topK != 1 else { return Self.likeliest(logits) }
        var order = Array(logits.indices)
        order.sort { logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1] }
        if let k = options.topK { order.removeLast(max(0, order.count - max(1, k))) }
        let most = Double(logits[order[0]])
        var weights = order.map { exp((Double(logits[$0]) - most) / options.temperature) }
        if let p = options.topP {
            let total = weights.reduce(0, +)
            var sum = 0.0
            let kept =
                1
                + (weights.firstIndex { weight in
                    sum += weight / total
                    return sum >= p
                } ?? weights.count - 1)
            weights.removeLast(weights.count - kept)
        }
        var left = uniform() * weights.reduce(0, +)
        for (i, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return order[i] }
        }
        return order[0]
    }

    package static func likeliest(_ logits: [Float]) -> Int {
        var best = 0
        for i in logits.indices where logits[i] > logits[best] { best = i }
        return best
    }

    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
}
