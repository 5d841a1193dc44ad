/// Columns of text, padded to line up.
enum TextTable {
    /// The rows as lines; the first column is left-aligned, and so is the last.
    static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let blanks = String(repeating: " ", count: widths[column] - text.count)
                if column == columns - 1 { return text }
                return column == 0 ? text + blanks : blanks + text
            }.joined(separator: "  ")
        }
    }
}
