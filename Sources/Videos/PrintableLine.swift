import Foundation

/// One printable line of at most 200 characters: programs quote what stands in files.
enum PrintableLine {
    static func of(_ text: String) -> String {
        let printable = text.unicodeScalars.map { scalar -> Character in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029 ? " " : Character(scalar)
        }
        return String(printable.prefix(200)).trimmingCharacters(in: .whitespaces)
    }
}
