import FlashU

/// What the answer frontier asks: token counts under each selection, where the cut is done, skipped layers, pruned FFNs, presets.
func answerConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    try all.addPresets()
    for selection in TokenSelection.allCases {
        for kept in [75, 50, 35, 25] {
            try all.add(
                "tokens \(selection.rawValue)", "\(kept) %", nil,
                ["tokens.dropRatio": "\(Double(100 - kept) / 100)", "tokens.selection": selection.rawValue])
        }
    }
    for layer in [0, 1, 3, 4, 5] {
        for selection in [TokenSelection.keepLowNorm, .keepHighNorm] {
            try all.add(
                "tokens \(selection.rawValue)", "50 % after layer \(layer)", nil,
                [
                    "tokens.dropRatio": "0.5", "tokens.layer": "\(layer)", "tokens.selection": selection.rawValue,
                ])
        }
    }
    for ratio in [0.1, 0.2, 0.3, 0.5] {
        try all.add("pruned FFN", "\(ratio)", nil, ["ffn.understandingRatio": "\(ratio)"])
    }
    for choice in AccelerationProfile.Layers.Choice.allCases {
        for (count, ratio) in [(1, 0.13), (2, 0.26)] {
            try all.add(
                "layer skipping", "\(count) of 8 by \(choice.rawValue)", nil,
                ["layers.understandingRatio": "\(ratio)", "layers.understandingChoice": choice.rawValue])
        }
    }
    for (name, settings) in [
        ("without pruning", ["ffn.understandingRatio": "0"]),
        ("without layer skipping", ["layers.understandingRatio": "0"]),
        ("without token pruning", ["tokens.dropRatio": "0"]),
    ] {
        try all.add("paper", name, nil, from: .paper, settings)
    }
    return all
}

extension [FrontierConfiguration] {
    /// Every preset, at the number of points that it says.
    mutating func addPresets() throws {
        for (name, profile) in AccelerationProfile.presets.sorted(by: { $0.key < $1.key }) {
            try add("preset", name, nil, from: profile, [:])
        }
    }
}
