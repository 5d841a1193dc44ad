import FlashUTesting
import Testing
import Tuning

@Suite("The order of a search") struct SearchOrderTests {
    static func family(_ name: String, _ count: Int, isOrdered: Bool = true) -> SearchOrder.Family {
        .init((0..<count).map { .init("\(name) \($0)", ["x": "\($0)"]) }, isOrdered: isOrdered)
    }

    /// Options in the order in which they are tried, with losses by family and option, until nothing more is asked for.
    static func run(
        _ families: [SearchOrder.Family], limits: [Double] = [1], hopeless: Double = 6,
        loss: (SearchOrder.Place) -> Double
    ) -> [SearchOrder.Place] {
        var order = SearchOrder(families, limits: limits, hopeless: hopeless)
        var tried: [SearchOrder.Place] = []
        while let place = order.next() {
            #expect(!tried.contains(place), "\(place) twice")
            tried.append(place)
            order.record(place, loss: loss(place))
        }
        return tried
    }

    @Test("An ordered family is halved until the last option within each limit is known")
    func halves() {
        for last in -1..<11 {
            let tried = Self.run([Self.family("a", 11)]) { $0.option <= last ? 0.5 : 2 }
            #expect(tried.first?.option == 5 && tried.count <= 4)
            // The last within and the first beyond were both seen.
            #expect(last < 0 || tried.contains { $0.option == last })
            #expect(last >= 10 || tried.contains { $0.option == last + 1 })
        }
        // A second limit takes what the first has shown.
        let both = Self.run([Self.family("a", 11)], limits: [1, 3]) { Double($0.option) / 2 }
        #expect(both.contains { $0.option == 2 } && both.contains { $0.option == 6 } && both.count <= 7)
    }

    @Test("Families take turns, ordered or not")
    func turns() {
        let families = [Self.family("a", 11), Self.family("b", 3, isOrdered: false), Self.family("c", 11)]
        let tried = Self.run(families) { $0.family == 1 ? 100 : 0 }
        #expect(tried.prefix(6).map(\.family) == [0, 1, 2, 0, 1, 2])
        #expect(tried.filter { $0.family == 1 }.map(\.option) == [0, 1, 2])
        #expect(Self.run([]) { _ in 0 }.isEmpty && Self.run([Self.family("a", 0)]) { _ in 0 }.isEmpty)
    }

    @Test("Where families compete, what computes more than something within the limit is not asked for")
    func competing() {
        let work = (0..<11).map { 30 - 2.5 * Double($0) }
        var families = [Self.family("a", 11), Self.family("b", 11)]
        let alone = Self.run(families) { $0.option <= ($0.family == 0 ? 2 : 8) ? 0 : 5 }
        for family in families.indices { families[family].work = work }
        let tried = Self.run(families) { $0.option <= ($0.family == 0 ? 2 : 8) ? 0 : 5 }
        #expect(tried.count < alone.count && tried.contains(.init(family: 1, option: 8)))
        // The other family's middle was within it when the first one's was not.
        #expect(!tried.contains { $0.family == 0 && $0.option < 5 })
    }

    @Test("What lies beyond a hopeless option is never tried, what can't be run stops nothing")
    func hopeless() {
        var order = SearchOrder([Self.family("a", 9)], limits: [1], hopeless: 6)
        let middle = order.next()
        #expect(middle == .init(family: 0, option: 4))
        order.record(.init(family: 0, option: 4), loss: 20, error: 2)
        var tried: [Int] = []
        while let place = order.next() ?? order.rest() {
            tried.append(place.option)
            order.record(place, loss: 0)
        }
        #expect(Set(tried) == [0, 1, 2, 3])

        order = SearchOrder([Self.family("a", 9)], limits: [1], hopeless: 6)
        _ = order.next()
        order.record(.init(family: 0, option: 4), loss: .infinity)
        tried = []
        while let place = order.next() ?? order.rest() {
            tried.append(place.option)
            order.record(place, loss: place.option < 7 ? 0 : 2)
        }
        #expect(Set(tried) == [0, 1, 2, 3, 5, 6, 7, 8])
    }

    @Test("Losses that don't rise evenly end the search all the same", arguments: 0..<200)
    func noise(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let families = (0..<4).map {
            Self.family("\($0)", 1 + Int(random.next() % 12), isOrdered: random.next() % 3 > 0)
        }
        var order = SearchOrder(families, limits: [1, 3, 0.5], hopeless: 6)
        var tried: Set<SearchOrder.Place> = []
        while let place = order.next() ?? order.rest() {
            #expect(tried.insert(place).inserted)
            let loss = Double(random.next() % 1000) / 100 - 1
            order.record(
                place, loss: random.next() % 20 == 0 ? .infinity : loss, error: Double(random.next() % 100) / 50)
        }
        #expect(tried.count <= families.reduce(0) { $0 + $1.options.count } && !tried.isEmpty)
    }
}
