import Synchronization

/// A product that is made on another thread.
final class Product: Sendable {
    private let product = Mutex(1.0)
    var value: Double { product.withLock { $0 } }
    func multiply(_ factor: Double) { product.withLock { $0 *= factor } }
}

/// A list that is made on another thread.
final class Collected<Element: Sendable>: Sendable {
    private let list = Mutex<[Element]>([])
    var all: [Element] { list.withLock { $0 } }
    func add(_ element: Element) { list.withLock { $0.append(element) } }
}
