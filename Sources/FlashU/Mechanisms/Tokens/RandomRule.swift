import ShowO2

/// A random subset of equal chances, always the same one for a seed: what every selection has to beat.
struct RandomRule: TokenRule {
    let seed: UInt64

    var sees: Set<TokenCut.Sight> { [] }

    func kept(_ count: Int, among candidates: [Int], of tokens: ImageTokens) -> [Int] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        var places = candidates
        for i in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            places.swapAt(i, i + Int((state >> 33) % UInt64(places.count - i)))
        }
        return Array(places.prefix(count))
    }
}
