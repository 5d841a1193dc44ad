/// Unicode normalization form C (Unicode standard annex 15), with the data of Hugging Face's normaliser.
package struct CanonicalComposition: Sendable {
    /// The only instance.
    static let shared = CanonicalComposition()

    private let combiningClasses: [UInt32: UInt8]
    /// Where in `UnicodeTables.decompositions` a scalar's decomposition stands.
    private let decompositions: [UInt32: Range<Int>]
    /// first << 32 | second -> composite.
    private let compositions: [UInt64: UInt32]

    private init() {
        var combiningClasses: [UInt32: UInt8] = [:]
        let runs = UnicodeTables.combiningClasses
        for index in stride(from: 0, to: runs.count - 2, by: 3) {
            for scalar in runs[index]...runs[index + 1] { combiningClasses[scalar] = UInt8(runs[index + 2]) }
        }
        self.combiningClasses = combiningClasses

        var decompositions: [UInt32: Range<Int>] = [:]
        let table = UnicodeTables.decompositions
        var index = 0
        while index < table.count {
            let end = index + 1 + Int(table[index] >> 24)
            decompositions[table[index] & 0xFF_FFFF] = index + 1..<end
            index = end
        }
        self.decompositions = decompositions

        var compositions: [UInt64: UInt32] = [:]
        let pairs = UnicodeTables.compositions
        for index in stride(from: 0, to: pairs.count - 2, by: 3) {
            compositions[UInt64(pairs[index]) << 32 | UInt64(pairs[index + 1])] = pairs[index + 2]
        }
        self.compositions = compositions
    }

    /// The scalars whose presence may make a text differ from its composed form.
    var unstableScalars: Set<UInt32> {
        var result = Set(combiningClasses.keys)
        result.formUnion(decompositions.keys)
        result.subtract(compositions.values)
        for pair in compositions.keys { result.insert(UInt32(truncatingIfNeeded: pair)) }
        result.formUnion(Hangul.firstVowel..<Hangul.firstVowel + Hangul.vowels)
        result.formUnion(Hangul.firstTail + 1..<Hangul.firstTail + Hangul.tails)
        return result
    }

    /// The composed form of a text.
    package static func composed(_ text: String) -> String {
        String(decoding: shared.normalized(Array(text.utf8)), as: UTF8.self)
    }

    /// The composed form of valid UTF-8. O(n log n) at worst, and no copy of what is composed already.
    func normalized(_ bytes: [UInt8]) -> [UInt8] {
        let classes = ScalarClasses.shared
        var index = 0
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index += 1
                continue
            }
            let (flags, width) = classes.read(bytes, at: index)
            if flags.contains(.composes) { return compose(reordered(decomposed(bytes))) }
            index += width
        }
        return bytes
    }

    /// The full canonical decomposition, marks not yet in order.
    private func decomposed(_ bytes: [UInt8]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (scalar, width) = UTF8Text.scalar(bytes, at: index)
            index += width
            if scalar < 0x80 {
                result.append(scalar)
            } else if !Hangul.decompose(scalar, into: &result) {
                if let range = decompositions[scalar] {
                    result += UnicodeTables.decompositions[range]
                } else {
                    result.append(scalar)
                }
            }
        }
        return result
    }

    /// Sorts every run of marks by combining class, equal ones keeping their order.
    private func reordered(_ scalars: [UInt32]) -> [(scalar: UInt32, class: UInt8)] {
        var result = scalars.map { (scalar: $0, class: $0 < 0x300 ? 0 : combiningClasses[$0] ?? 0) }
        var start = 0
        while start < result.count {
            if result[start].class == 0 {
                start += 1
                continue
            }
            var end = start + 1
            var isSorted = true
            while end < result.count, result[end].class != 0 {
                isSorted = isSorted && result[end - 1].class <= result[end].class
                end += 1
            }
            if !isSorted {
                let run = result[start..<end].enumerated().sorted {
                    ($0.element.class, $0.offset) < ($1.element.class, $1.offset)
                }
                result.replaceSubrange(start..<end, with: run.map(\.element))
            }
            start = end
        }
        return result
    }

    /// Joins starters with the marks and starters that follow them and are not blocked.
    private func compose(_ scalars: [(scalar: UInt32, class: UInt8)]) -> [UInt8] {
        var result: [UInt32] = []
        result.reserveCapacity(scalars.count)
        var starter: Int?
        var lastClass: UInt8 = 0
        for (scalar, combiningClass) in scalars {
            if let position = starter {
                let isAdjacent = position == result.count - 1
                if isAdjacent || (lastClass < combiningClass && lastClass != 0),
                    let composite = composite(result[position], scalar)
                {
                    result[position] = composite
                    continue
                }
            }
            if combiningClass == 0 { starter = result.count }
            lastClass = combiningClass
            result.append(scalar)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(result.count * 2)
        for scalar in result { UTF8Text.append(scalar, to: &bytes) }
        return bytes
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.compose(first, second) ?? compositions[UInt64(first) << 32 | UInt64(second)]
    }
}

/// Hangul syllables compose by arithmetic (Unicode standard, section 3.12).
private enum Hangul {
    static let firstSyllable: UInt32 = 0xAC00
    static let firstLead: UInt32 = 0x1100
    static let firstVowel: UInt32 = 0x1161
    static let firstTail: UInt32 = 0x11A7
    static let leads: UInt32 = 19
    static let vowels: UInt32 = 21
    static let tails: UInt32 = 28

    static func decompose(_ scalar: UInt32, into result: inout [UInt32]) -> Bool {
        guard scalar >= firstSyllable, scalar < firstSyllable + leads * vowels * tails else { return false }
        let index = scalar - firstSyllable
        result.append(firstLead + index / (vowels * tails))
        result.append(firstVowel + index / tails % vowels)
        if index % tails != 0 { result.append(firstTail + index % tails) }
        return true
    }

    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first >= firstLead, first < firstLead + leads, second >= firstVowel, second < firstVowel + vowels {
            return firstSyllable + ((first - firstLead) * vowels + second - firstVowel) * tails
        }
        if first >= firstSyllable, first < firstSyllable + leads * vowels * tails, (first - firstSyllable) % tails == 0,
            second > firstTail, second < firstTail + tails
        {
            return first + second - firstTail
        }
        return nil
    }
}
