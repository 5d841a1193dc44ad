import FlashU

/// What the answer frontier asks: smaller images, token counts under each selection, where the cut is done, what becomes of the dropped, skipped layers,
/// pruned FFNs, presets, and combinations.
func answerConfigurations() throws -> [FrontierConfiguration] {
    var all: [FrontierConfiguration] = []
    try all.addPresets()
    for scale in ["0.9", "0.75", "0.6", "0.5"] { try all.add("smaller image", scale, nil, ["reading.scale": scale]) }
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
    try all.addMerging()
    try all.addEncoder()
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
    try all.addCombinations()
    return all
}

extension [FrontierConfiguration] {
    /// The dropped go into their nearest, after the layers where cutting costs something and where it doesn't.
    fileprivate mutating func addMerging() throws {
        for selection in [TokenSelection.keepHighNorm, .stride, .divPrune, .divPruneHighNorm, .v2Drop] {
            for (kept, layer) in [(50, 2), (25, 2), (25, 3), (12, 3)] {
                for fate in AccelerationProfile.Tokens.Fate.allCases where fate == .merge || layer != 2 {
                    try add(
                        "tokens \(selection.rawValue)\(fate == .merge ? " merged" : "")",
                        "\(kept) % after layer \(layer)",
                        nil,
                        [
                            "tokens.dropRatio": "\(Double(100 - kept) / 100)", "tokens.layer": "\(layer)",
                            "tokens.selection": selection.rawValue, "tokens.dropped": fate.rawValue,
                        ])
                }
            }
        }
    }

    /// Tokens dropped before the LLM.
    fileprivate mutating func addEncoder() throws {
        for selection in TokenSelection.allCases where selection != .calibrated {
            for tail in [0, 1] {
                try addEncoder(selection, kept: 50, tail: tail)
            }
        }
        for selection in [
            TokenSelection.keepHighNorm, .keepHighKeyNorm, .stride, .divPrune, .divPruneHighNorm, .v2Drop,
        ] {
            for kept in [75, 35, 25] { try addEncoder(selection, kept: kept, tail: 0) }
            for kept in [75, 50, 25] { try addEncoder(selection, kept: kept, tail: 0, .merge) }
        }
    }

    private mutating func addEncoder(
        _ selection: TokenSelection, kept: Int, tail: Int, _ fate: AccelerationProfile.Tokens.Fate = .vanish
    ) throws {
        try add(
            "encoder \(selection.rawValue)\(fate == .merge ? " merged" : "")", "\(kept) % before its last \(tail)", nil,
            [
                "tokens.dropRatio": "\(Double(100 - kept) / 100)", "tokens.place": "encoder",
                "tokens.encoderTail": "\(tail)", "tokens.selection": selection.rawValue,
                "tokens.dropped": fate.rawValue,
            ])
    }

    /// What was found to cost least, with fewer neurons.
    fileprivate mutating func addCombinations() throws {
        for (name, selection, layer) in [
            ("V-norm", "keepHighNorm", 3), ("DivPrune", "divPrune", 3), ("V2Drop", "v2Drop", 3),
        ] {
            for kept in [50, 30, 20, 10, 5] {
                for ratio in [0.3, 0.4] {
                    for fate in ["vanish", "merge"] {
                        try add(
                            "combined \(name)", "\(kept) % after layer \(layer) \(fate) FFN \(ratio)", nil,
                            [
                                "tokens.dropRatio": "\(Double(100 - kept) / 100)", "tokens.layer": "\(layer)",
                                "tokens.selection": selection, "tokens.dropped": fate,
                                "ffn.understandingRatio": "\(ratio)",
                            ])
                    }
                }
            }
        }
    }

    /// Every preset, at the number of points that it says.
    mutating func addPresets() throws {
        for (name, profile) in AccelerationProfile.presets.sorted(by: { $0.key < $1.key }) {
            try add("preset", name, nil, from: profile, [:])
        }
    }
}
