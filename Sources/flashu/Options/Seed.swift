import ArgumentParser

/// A seed, or one that is drawn: `random`, which people elsewhere write as -1.
struct Seed: ExpressibleByArgument, CustomStringConvertible {
    let value: UInt64
    /// Whether it was drawn, so that it must be told.
    let isRandom: Bool

    init(_ value: UInt64) { (self.value, isRandom) = (value, false) }

    init?(argument: String) {
        if ["random", "-1"].contains(argument.lowercased()) {
            self = .random()
        } else if let value = UInt64(argument) {
            self.init(value)
        } else {
            return nil
        }
    }

    /// One of 2^32: PyTorch's generator looks at no more.
    static func random() -> Seed { Seed(drawn: UInt64(UInt32.random(in: .min ... .max))) }

    private init(drawn: UInt64) { (value, isRandom) = (drawn, true) }

    var description: String { "\(value)" }

    /// Tells a drawn seed where no result does.
    func tellIfRandom() {
        if isRandom { Terminal.hint("the seed is \(value)") }
    }
}
