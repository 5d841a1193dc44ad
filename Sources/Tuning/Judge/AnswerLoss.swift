import Pipelines

/// How far an answer is from the exact engine's on the same question: what both expect at each token of the exact engine's answer.
public struct AnswerLoss: Sendable, Equatable, Codable {
    /// Mean Kullback-Leibler divergence of the next token's distribution, exact to own, in nats.
    public var divergence: Double
    /// Mean total variation of the same, 0 ... 1: how often a token drawn from one would have to be changed to be one from the other.
    public var variation: Double
    /// Share of the tokens at which another one is the likeliest.
    public var changedTokens: Double
    /// Whether the greedy answer would be another one.
    public var isChanged: Bool
    /// What the exact engine thinks it loses by the first change: the probability that it gave its own token, less that which it gave the other. 0 when
    /// nothing changes; small where it was in doubt itself.
    public var regret: Double
}

/// The exact engine's answer, and what it expected at each of its tokens.
package struct AnswerReference: Sendable {
    package let tokens: [Int]
    package let text: String
    let distributions: [TokenDistribution]

    init(_ answer: FollowedAnswer) {
        (tokens, text) = (answer.tokens, answer.text)
        distributions = answer.logits.map(TokenDistribution.init)
    }

    /// The loss of an engine that was led along the same tokens.
    func loss(_ logits: [[Float]]) -> AnswerLoss {
        var (kl, variation, changed) = (0.0, 0.0, 0)
        var regret: Double?
        for (place, (distribution, logits)) in zip(distributions, logits).enumerated() {
            let (divergence, own) = (distribution.divergence(to: logits), TokenSampler.likeliest(logits))
            kl += divergence.kl
            variation += divergence.variation
            if own != tokens[place] {
                changed += 1
                if regret == nil {
                    regret = max(
                        0, distribution.probability(of: tokens[place]) - distribution.probability(of: own))
                }
            }
        }
        let count = Double(max(1, min(distributions.count, logits.count)))
        return AnswerLoss(
            divergence: kl / count, variation: variation / count, changedTokens: Double(changed) / count,
            isChanged: changed > 0, regret: regret ?? 0)
    }
}
