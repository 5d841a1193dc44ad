/// A dictionary of at most ``capacity`` values: a new key replaces the one that was used longest ago.
///
/// For what is made from a size that requests choose (position tables, compiled operations): a process that is asked for every size must not
/// keep them all. Finding a value takes constant time, making room time in proportion to the capacity: capacities are small.
package struct LRUCache<Key: Hashable, Value> {
    /// The most values held.
    package let capacity: Int

    /// Each value and when it was last used.
    private var entries: [Key: (value: Value, used: UInt64)] = [:]
    private var clock: UInt64 = 0

    /// An empty cache of at most `capacity` values; one that may hold less than one holds one.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Values held.
    package var count: Int { entries.count }

    /// The keys held, that used last first.
    package var keys: [Key] { entries.sorted { $0.value.used > $1.value.used }.map(\.key) }

    /// The value of `key`, or nil. Reading it counts as use. Setting one makes room for it, setting nil removes it.
    package subscript(key: Key) -> Value? {
        mutating get {
            guard let index = entries.index(forKey: key) else { return nil }
            clock += 1
            entries.values[index].used = clock
            return entries.values[index].value
        }
        set {
            guard let newValue else {
                entries[key] = nil
                return
            }
            if entries[key] == nil, entries.count >= capacity,
                let oldest = entries.min(by: { $0.value.used < $1.value.used })
            {
                entries[oldest.key] = nil
            }
            clock += 1
            entries[key] = (newValue, clock)
        }
    }

    /// The value of `key`, which `make` makes if it is not there. What `make` throws is thrown, and the cache stays as it was.
    package mutating func value<Failure: Error>(for key: Key, make: () throws(Failure) -> Value) throws(Failure)
        -> Value
    {
        if let known = self[key] { return known }
        let made = try make()
        self[key] = made
        return made
    }
}

extension LRUCache: Sendable where Key: Sendable, Value: Sendable {}
