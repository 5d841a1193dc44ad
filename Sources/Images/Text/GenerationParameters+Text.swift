extension GenerationParameters {
    private static let negativeKey = "Negative prompt"

    /// The text for a PNG's `parameters` key. Values with commas, colons, quotes or line breaks are JSON strings.
    ///
    /// `init(parsing:)` reverses it exactly, as long as no extra key is empty or one of `fieldNames`.
    public var text: String {
        var pairs: [(key: String, value: String?)] = [
            ("Steps", "\(steps)"), ("Sampler", sampler), ("CFG scale", "\(cfgScale)"), ("Seed", "\(seed)"),
            ("Size", "\(width)x\(height)"), ("Model", model), ("Time shift", timeShift.map { "\($0)" }),
            ("Precision", precision), ("Version", version),
        ]
        var above = prompt
        if Self.negativeStart(above) != nil {
            // The prompt holds a line that would pass for the negative prompt; a pair says what is one.
            pairs.append((Self.negativeKey, negativePrompt ?? ""))
        } else if let negativePrompt {
            above += "\n\(Self.negativeKey): \(negativePrompt)"
        }
        pairs += extra.map { ($0.key, $0.value) }
        let written = pairs.compactMap { key, value in
            value.map { QuotedText.quoted(key) + ": " + QuotedText.quoted($0) }
        }
        return above + "\n" + written.joined(separator: ", ")
    }

    /// Reads such a text, FlashU's or another program's: keys it does not know are kept in `extra`.
    ///
    /// Everything above the last line is the prompt, up to a line that begins with `Negative prompt:`; from there it is the negative one.
    /// - Throws: `GenerationParametersError` if the last line is none of parameters, lacks steps, sampler, CFG scale,
    ///   seed or size, or has numbers that are none.
    public init(parsing text: String) throws(GenerationParametersError) {
        let scalars = text.unicodeScalars
        let lineFeed = scalars.lastIndex(of: "\n")
        let lastLine = lineFeed.map { text[scalars.index(after: $0)...] } ?? text[...]
        guard let pairs = QuotedText.pairs(lastLine), !pairs.isEmpty else { throw .noParameters }
        var fields: [String: String] = [:]
        var extra: [Extra] = []
        for (key, value) in pairs {
            if Self.fieldNames.contains(key), fields[key] == nil {
                fields[key] = value
            } else {
                extra.append(Extra(key: key, value: value))
            }
        }
        let above = lineFeed.map { String(text[..<$0]) } ?? ""
        var (prompt, negative) = (above, fields[Self.negativeKey])
        if let told = negative {
            if told.isEmpty { negative = nil }
        } else if let start = Self.negativeStart(above) {
            let scalars = above.unicodeScalars
            prompt = start == scalars.startIndex ? "" : String(above[..<scalars.index(before: start)])
            let value = scalars[start...].dropFirst(Self.negativeKey.unicodeScalars.count + 1)
            negative = String(value.first == " " ? value.dropFirst() : value)
        }
        let (width, height) = try Self.size(try Self.required("Size", fields))
        self.init(
            prompt: prompt, negativePrompt: negative,
            steps: try Self.number("Steps", try Self.required("Steps", fields)),
            sampler: try Self.required("Sampler", fields),
            cfgScale: try Self.number("CFG scale", try Self.required("CFG scale", fields)),
            seed: try Self.number("Seed", try Self.required("Seed", fields)),
            width: width, height: height, model: fields["Model"],
            timeShift: try Self.optionalNumber("Time shift", fields),
            precision: fields["Precision"], version: fields["Version"], extra: extra)
    }

    /// Where the first line begins that starts with `Negative prompt:`.
    private static func negativeStart(_ text: String) -> String.Index? {
        let scalars = text.unicodeScalars
        let key = (negativeKey + ":").unicodeScalars
        var line = scalars.startIndex
        while true {
            if scalars[line...].starts(with: key) { return line }
            guard let end = scalars[line...].firstIndex(of: "\n") else { return nil }
            line = scalars.index(after: end)
        }
    }

    private static func required(
        _ key: String, _ fields: [String: String]
    ) throws(GenerationParametersError) -> String {
        guard let value = fields[key] else { throw .missing(key: key) }
        return value
    }

    private static func number<Number: LosslessStringConvertible>(
        _ key: String, _ value: String
    ) throws(GenerationParametersError) -> Number {
        guard let number = Number(value) else { throw .invalid(key: key, value: value) }
        return number
    }

    private static func optionalNumber(
        _ key: String, _ fields: [String: String]
    ) throws(GenerationParametersError) -> Double? {
        guard let value = fields[key] else { return nil }
        return try number(key, value) as Double
    }

    private static func size(_ value: String) throws(GenerationParametersError) -> (width: Int, height: Int) {
        let sides = value.split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]) else {
            throw .invalid(key: "Size", value: value)
        }
        return (width, height)
    }
}
