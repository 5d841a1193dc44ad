import Foundation

/// Reads the captions of the shapes world, as `Training/world.py` writes them.
package enum ShapesCaption {
    private static let numbers = ["one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6]
    private static let colours = Set(ShapesWorld.colours.map(\.name))
    private static let sizes: Set = ["small", "large"]

    /// What a caption asks for; nil when it is no caption of this world.
    package static func demands(_ caption: String) -> ShapesPrompt? {
        var text = caption.lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasSuffix(".") { text.removeLast() }
        if text.hasPrefix("a photo of ") { text.removeFirst("a photo of ".count) }
        var background: String?
        if let found = text.firstMatch(of: /\ on an? (.+) background$/) {
            background = String(found.1)
            guard ShapesWorld.backgrounds.contains(where: { $0.name == background }) else { return nil }
            text = String(text[..<found.range.lowerBound])
        }
        for relation in ShapesPrompt.Relation.allCases {
            let parts = text.components(separatedBy: " \(relation.rawValue) ")
            guard parts.count == 2 else { continue }
            // The first thing stands in the relation to the second.
            guard let one = demand(parts[0]), let other = demand(parts[1]) else { return nil }
            var placed = one
            placed.position = .init(relation, 0)
            return ShapesPrompt(task: "caption", prompt: caption, include: [other, placed], background: background)
        }
        let things = text.components(separatedBy: " and ").flatMap { $0.components(separatedBy: ", ") }.map(demand)
        guard !things.isEmpty, !things.contains(where: { $0 == nil }) else { return nil }
        return ShapesPrompt(
            task: "caption", prompt: caption, include: things.compactMap(\.self), background: background)
    }

    /// `two small red circles`.
    private static func demand(_ phrase: String) -> ShapesPrompt.Demand? {
        var words = phrase.split(separator: " ").map(String.init)[...]
        guard let last = words.popLast() else { return nil }
        var count = 1
        if let number = words.first.flatMap({ numbers[$0] }) {
            count = number
            words.removeFirst()
        } else if words.first == "a" || words.first == "an" {
            words.removeFirst()
        }
        guard let shape = ShapesWorld.shapes.first(where: { last == (count > 1 ? plural($0) : $0) }) else { return nil }
        var demand = ShapesPrompt.Demand(shape: shape, count: count)
        for word in words {
            if colours.contains(word) {
                demand.color = word
            } else if sizes.contains(word) {
                demand.size = word
            } else {
                return nil
            }
        }
        return demand
    }

    static func plural(_ shape: String) -> String { shape + (shape.hasSuffix("s") ? "es" : "s") }

    static func number(_ count: Int) -> String { numbers.first { $0.value == count }?.key ?? "\(count)" }
}
