/// What one scalar is to the splitter, the normaliser and the matcher of added tokens.
struct ScalarClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// `\p{L}`.
    static let letter = ScalarClass(rawValue: 1)
    /// `\p{N}`.
    static let number = ScalarClass(rawValue: 2)
    /// `\s`.
    static let whitespace = ScalarClass(rawValue: 4)
    /// `\w`, the neighbours that a `single_word` added token refuses.
    static let word = ScalarClass(rawValue: 8)
    /// Carriage return or line feed.
    static let newline = ScalarClass(rawValue: 16)
    /// Text without any such scalar is in normalization form C as it stands.
    static let composes = ScalarClass(rawValue: 32)
}

/// The classes of all scalars: a table of blocks of 128 scalars, equal blocks stored once.
struct ScalarClasses: Sendable {
    /// The only instance: building it takes a few milliseconds.
    static let shared = ScalarClasses()

    private let blockStarts: [UInt16]
    private let classes: [UInt8]

    private init() {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        func mark(_ ranges: [UInt32], _ flag: ScalarClass) {
            for index in stride(from: 0, to: ranges.count - 1, by: 2) {
                for scalar in Int(ranges[index])...Int(ranges[index + 1]) { flat[scalar] |= flag.rawValue }
            }
        }
        mark(UnicodeTables.letters, .letter)
        mark(UnicodeTables.numbers, .number)
        mark(UnicodeTables.whitespace, .whitespace)
        mark(UnicodeTables.word, .word)
        mark([0x0A, 0x0A, 0x0D, 0x0D], .newline)
        for scalar in CanonicalComposition.shared.unstableScalars { flat[Int(scalar)] |= ScalarClass.composes.rawValue }

        var blockStarts: [UInt16] = []
        var classes: [UInt8] = []
        var known: [ArraySlice<UInt8>: UInt16] = [:]
        for start in stride(from: 0, to: flat.count, by: 128) {
            let block = flat[start..<start + 128]
            if let position = known[block] {
                blockStarts.append(position)
            } else {
                let position = UInt16(classes.count / 128)
                known[block] = position
                blockStarts.append(position)
                classes += block
            }
        }
        self.blockStarts = blockStarts
        self.classes = classes
    }

    /// The class of a scalar below 0x110000.
    @inline(__always)
    subscript(scalar: UInt32) -> ScalarClass {
        ScalarClass(rawValue: classes[Int(blockStarts[Int(scalar >> 7)]) << 7 | Int(scalar & 127)])
    }

    /// Class and width in bytes of the scalar that starts at `index`.
    ///
    /// - Precondition: `bytes` is valid UTF-8 and a scalar starts at `index`.
    @inline(__always)
    func read(_ bytes: [UInt8], at index: Int) -> (class: ScalarClass, width: Int) {
        let (scalar, width) = UTF8Text.scalar(bytes, at: index)
        return (self[scalar], width)
    }
}
