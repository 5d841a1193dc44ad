/// A share of a set's work: of `count` shards, whatever their number, each takes the pieces whose place leaves its remainder, so that they are disjoint and complete.
///
/// Indices count from 0 or from 1: `n/n` is `0/n`.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
    /// 0 ..< count.
    public let index: Int
    /// 1 or more.
    public let count: Int

    /// All of the work.
    public static let all = Shard(index: 0, count: 1)

    private init(index: Int, count: Int) { (self.index, self.count) = (index, count) }

    /// `i/n`; nil unless 0 <= i <= n and n is 1 ... 1,000,000.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(SetFormat.isDigit) }),
            let index = Int(parts[0]), let count = Int(parts[1]), (1...1_000_000).contains(count), index <= count
        else { return nil }
        self.init(index: index % count, count: count)
    }

    /// Whether it takes the piece of work at a place.
    public func takes(_ place: Int) -> Bool { place % count == index }

    /// `i/n`, counted from 0.
    public var description: String { "\(index)/\(count)" }
}
