import FlashU

/// A profile under test; for generation at a number of points of the time grid.
struct FrontierConfiguration {
    /// Rivals and mechanisms: `solver`, `head cache`, `tokens keepLowNorm`, ...
    let group: String
    let name: String
    /// Of the time grid; nil = what the profile says.
    let points: Int?
    let profile: AccelerationProfile

    var title: String { "\(group), \(shortTitle)" }

    /// The title without the group.
    var shortTitle: String { name + (points.map { ", \($0) points" } ?? "") }
}

extension FrontierConfiguration {
    /// The exact engine.
    static let exact = FrontierConfiguration(group: "preset", name: "off", points: nil, profile: .off)

    /// The solution of the flow, near enough: what all solvers converge to. Plain Euler has an error of its own.
    static func solution(points: Int) throws -> FrontierConfiguration {
        FrontierConfiguration(
            group: "solver", name: "heun", points: points,
            profile: try AccelerationProfile.off.setting("schedule.sampler", to: "heun"))
    }
}

extension [FrontierConfiguration] {
    /// Adds a profile that differs from "off" by some fields.
    mutating func add(_ group: String, _ name: String, _ points: Int?, _ settings: [String: String]) throws {
        try add(group, name, points, from: .off, settings)
    }

    /// Adds a profile that differs from another by some fields.
    mutating func add(
        _ group: String, _ name: String, _ points: Int?, from base: AccelerationProfile,
        _ settings: [String: String]
    ) throws {
        var profile = base
        for (path, value) in settings.sorted(by: { $0.key < $1.key }) {
            profile = try profile.setting(path, to: value)
        }
        append(FrontierConfiguration(group: group, name: name, points: points, profile: profile))
    }

    /// The paper's profile, whole and without each of its mechanisms of generation.
    mutating func addPaper() throws {
        for (name, settings) in [
            ("whole", [:]), ("without pruning", ["ffn.generationRatio": "0"]),
            ("without hybrid FFN", ["ffn.full": "never"]),
            ("without layer skipping", ["layers.generationRatio": "0"]),
            ("without guidance schedule", ["guidance.earlyFactor": "1"]),
            ("without head cache", ["headCache.interval": "1"]),
        ] {
            try add("paper", name, 35, from: .paper, settings)
        }
    }
}
