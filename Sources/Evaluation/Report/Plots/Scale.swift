import Foundation

/// Maps values to places along an axis, linearly or logarithmically.
package struct Scale {
    package let domain: ClosedRange<Double>
    /// Places of the domain's ends; the first may be the greater one.
    let from: Double
    let to: Double
    package let isLogarithmic: Bool

    /// A domain without extent is widened, so that every value has a place.
    package init(_ low: Double, _ high: Double, from: Double, to: Double, isLogarithmic: Bool = false) {
        let wide = isLogarithmic ? (low / 2, high * 2) : (low - 0.5, high + 0.5)
        domain = high > low ? low...high : wide.0...wide.1
        self.from = from
        self.to = to
        self.isLogarithmic = isLogarithmic
    }

    /// The place of a value; beyond the domain, its nearer end.
    package func callAsFunction(_ value: Double) -> Double {
        let value = min(max(value, domain.lowerBound), domain.upperBound)
        let share =
            isLogarithmic
            ? (log(value) - log(domain.lowerBound)) / (log(domain.upperBound) - log(domain.lowerBound))
            : (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        return from + share * (to - from)
    }

    /// Round values inside the domain, about `count` of them; powers of ten on a logarithmic axis.
    package func ticks(_ count: Int = 5) -> [Double] {
        if isLogarithmic {
            let exponents =
                Int(
                    log10(domain.lowerBound).rounded(.up))...max(
                    Int(log10(domain.lowerBound).rounded(.up)), Int(log10(domain.upperBound).rounded(.down)))
            let step = max(1, exponents.count / count)
            return stride(from: exponents.lowerBound, through: exponents.upperBound, by: step).map {
                pow(10, Double($0))
            }.filter(domain.contains)
        }
        let rough = (domain.upperBound - domain.lowerBound) / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = (domain.lowerBound / step - 1e-9).rounded(.up)
        let last = (domain.upperBound / step + 1e-9).rounded(.down)
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }
}
