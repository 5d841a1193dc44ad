extension ShapesPrompt {
    /// The questions that follow from a caption of the shapes world, with the answers that a true image gives; nil when it is no such caption.
    public static func questions(on caption: String) -> [(question: String, answer: String)]? {
        ShapesCaption.demands(caption)?.questions
    }

    /// The questions that follow from what is asked for.
    var questions: [(question: String, answer: String)] {
        let total = include.reduce(0) { $0 + $1.count }
        var questions = [("how many objects are there?", ShapesCaption.number(total))]
        for (place, demand) in include.enumerated() {
            let alike = include.filter { $0.shape == demand.shape }
            // Of a thing whose shape is open there is nothing to call it by.
            guard let name = demand.shape else { continue }
            let isOne = demand.count == 1
            guard alike.count == 1 else {
                // "The circle" would be two: ask for each by its colour.
                if let color = demand.color { questions.append(("is there \(article(color)) \(name)?", "yes")) }
                continue
            }
            let noun = isOne ? "is the \(name)" : "are the \(ShapesCaption.plural(name))"
            questions.append(
                ("how many \(ShapesCaption.plural(name)) are there?", ShapesCaption.number(demand.count)))
            if let color = demand.color { questions.append(("what color \(noun)?", color)) }
            if let size = demand.size { questions.append(("what size \(noun)?", size)) }
            if let position = demand.position, include.indices.contains(position.other), position.other != place,
                let other = include[position.other].shape, other != name
            {
                questions.append(("is the \(name) \(position.relation.rawValue) the \(other)?", "yes"))
            }
        }
        if let background { questions.append(("what color is the background?", background)) }
        return questions
    }

    private func article(_ word: String) -> String { ("aeiou".contains(word.first ?? "x") ? "an " : "a ") + word }
}
