import Foundation

/// The probabilities of the next token: those of the likeliest tokens one by one, the rest as one.
///
/// A divergence of such distributions is never above the true one, and as good as equal to it, as the rest of a language model's vocabulary holds next
/// to nothing. It keeps 8 kB of what would be 600 (Qwen2.5).
struct TokenDistribution: Sendable {
    /// Ids of the likeliest tokens.
    let ids: [Int32]
    /// Logarithms of their probabilities.
    let logs: [Float]
    /// The rest's probability.
    let rest: Double

    /// Tokens that are told apart.
    static let width = 1024

    /// Of logits `[vocabulary]`.
    init(_ logits: [Float]) {
        let all = Self.normalizer(logits)
        var order = Array(logits.indices)
        if order.count > Self.width {
            // The least logit that belongs to the likeliest: a sort of values is faster than one of places.
            let bound = logits.sorted(by: >)[Self.width - 1]
            order = Array(order.filter { logits[$0] >= bound }.prefix(Self.width))
        }
        ids = order.map(Int32.init)
        logs = order.map { Float(Double(logits[$0]) - all) }
        rest = order.count == logits.count ? 0 : max(0, 1 - logs.reduce(0) { $0 + exp(Double($1)) })
    }

    /// log sum exp: a logit less this is the logarithm of a probability.
    static func normalizer(_ logits: [Float]) -> Double {
        let most = Double(logits.max() ?? 0)
        return most + log(logits.reduce(0) { $0 + exp(Double($1) - most) })
    }

    /// Kullback-Leibler divergence from this distribution to that of other logits, in nats, and half of the sum of absolute differences (total
    /// variation).
    func divergence(to logits: [Float]) -> (kl: Double, variation: Double) {
        let all = Self.normalizer(logits)
        var (kl, variation, seen) = (0.0, 0.0, 0.0)
        for (id, log) in zip(ids, logs) {
            let (own, otherLog) = (exp(Double(log)), Double(logits[Int(id)]) - all)
            let other = exp(otherLog)
            seen += other
            kl += own * (Double(log) - otherLog)
            variation += abs(own - other)
        }
        let left = max(0, 1 - seen)
        if rest > 0 { kl += rest * Foundation.log(rest / max(left, 1e-12)) }
        variation += abs(rest - left)
        return (max(0, kl), variation / 2)
    }

    /// The probability of a token; of one beyond the likeliest, the rest's.
    func probability(of token: Int) -> Double {
        ids.firstIndex(of: Int32(token)).map { exp(Double(logs[$0])) } ?? rest
    }
}
