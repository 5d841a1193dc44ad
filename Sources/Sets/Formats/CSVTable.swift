/// A table of comma-separated values (RFC 4180): fields in quotes may hold commas, line breaks and doubled quotes.
struct CSVTable {
    struct Row {
        /// Where it begins, from 1.
        let line: Int
        /// As many as the header has.
        let fields: [String]
    }

    let header: [String]
    let rows: [Row]

    /// - Throws: ``SetError`` with the line of a row that has another number of fields, or of a quote that never ends.
    init(_ file: ListFile) throws(SetError) {
        let bytes = Array(try file.text().utf8)
        var rows: [Row] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var (line, start, at) = (1, 1, 0)
        var isQuoted = false
        let (quote, comma, newline, carriage) = (
            UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")
        )
        func endField() {
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
        }
        func endRow() throws(SetError) {
            endField()
            defer { fields = [] }
            // A blank line is none.
            if fields == [""] { return }
            guard fields.count == rows.first?.fields.count ?? fields.count else {
                throw .list(
                    place: file.place(start),
                    reason: "\(fields.count) fields, and the header has \(rows[0].fields.count)")
            }
            rows.append(Row(line: start, fields: fields))
        }
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == newline { line += 1 }
            if isQuoted {
                if byte != quote {
                    field.append(byte)
                } else if at < bytes.count, bytes[at] == quote {
                    field.append(quote)
                    at += 1
                } else {
                    isQuoted = false
                }
            } else if byte == quote, field.isEmpty {
                isQuoted = true
            } else if byte == comma {
                endField()
            } else if byte == newline {
                try endRow()
                start = line
            } else if byte == carriage, at == bytes.count || bytes[at] == newline {
                continue
            } else {
                field.append(byte)
            }
        }
        guard !isQuoted else { throw .list(place: file.place(start), reason: "a quote that never ends") }
        if !field.isEmpty || !fields.isEmpty { try endRow() }
        guard let header = rows.first else { throw .list(place: file.name, reason: "it is empty") }
        self.header = header.fields
        self.rows = Array(rows.dropFirst())
    }
}
