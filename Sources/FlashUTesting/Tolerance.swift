import Foundation

/// `||a - b||_2 / ||b||_2`: the relative error by which this project states its parity with the official code.
public func relativeError(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
        difference += Double(x - y) * Double(x - y)
        norm += Double(y) * Double(y)
    }
    if difference.isNaN { return .infinity }
    return norm == 0 ? difference.squareRoot() : (difference / norm).squareRoot()
}
