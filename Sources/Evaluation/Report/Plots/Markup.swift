import Foundation

/// HTML and SVG as text.
package enum Markup {
    /// Text that stands between tags or in quotes.
    package static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            // Other control characters are not allowed in HTML, not even as references.
            case _ where scalar.properties.generalCategory == .control: out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// `<name a="b">content</name>`; attributes are escaped, the content is markup already.
    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = ""
    )
        -> String
    {
        let shown = attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
        return content.isEmpty && voids.contains(name) ? "<\(name)\(shown)/>" : "<\(name)\(shown)>\(content)</\(name)>"
    }

    private static let voids: Set<String> = ["rect", "circle", "line", "path", "polyline", "stop"]

    /// A place in a drawing: one decimal, without a needless zero.
    package static func place(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? String(format: "%.0f", tenths) : String(format: "%.1f", tenths)
    }

    /// A number to read: about three digits.
    package static func number(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case ..<0.001, 100_000...: String(format: "%.0e", value)
        case ..<1: String(format: "%.3g", value)
        default: String(format: "%.4g", value)
        }
    }

    /// `12.3 %`
    package static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

    /// `+0.31`, or a dash where there is none.
    package static func signed(_ value: Double?) -> String { value.map { String(format: "%+.2f", $0) } ?? "–" }
}
