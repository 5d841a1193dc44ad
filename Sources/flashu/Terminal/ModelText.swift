import Foundation

/// What a model writes, which must not drive the terminal.
package enum ModelText {
    /// Control characters but line breaks and tabs become U+FFFD, and those that turn the writing direction are left out.
    package static func safe(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A: out.append(scalar)
            case 0x202A...0x202E, 0x2066...0x2069: continue
            default: out.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
            }
        }
        return String(out)
    }

    /// The same for standard output, where that is a terminal; a file gets the text as it is.
    static func shown(_ text: String) -> String { isatty(1) == 1 ? safe(text) : text }
}
