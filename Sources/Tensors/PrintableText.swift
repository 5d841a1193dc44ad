extension StringProtocol {
    /// Fit for one line of a terminal, since names and texts come from files that strangers made: control characters are escaped, and what is longer than `count`
    /// characters ends in three dots.
    package func printable(atMost count: Int) -> String {
        var out = ""
        var length = 0
        for scalar in unicodeScalars {
            if length == count { return out + "..." }
            length += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// The same of at most 300 characters.
    package var printable: String { printable(atMost: 300) }
}
