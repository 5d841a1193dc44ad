extension Duration {
    /// As seconds.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The fewest seconds that `body` takes when it is run again and again for `limit` seconds, at least once.
package func leastSeconds(within limit: Double, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(limit)
    var least = Double.infinity
    repeat { least = min(least, try clock.measure(body).inSeconds) } while clock.now < deadline
    return least
}
