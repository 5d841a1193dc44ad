package import Tensors

/// Reading JSON that a user wrote: faults are told in one line.
package enum ParsedJSON {
    /// One value, strictly read.
    /// - Parameter place: what messages call the text.
    /// - Throws: ``CommandError``.
    package static func value(_ bytes: some Sequence<UInt8>, at place: String) throws(CommandError) -> JSONValue {
        do {
            return try StrictJSON.parse(Array(bytes))
        } catch {
            throw CommandError("\(place) is not JSON: \(error.reason)")
        }
    }

    /// What a message shows of a text: its beginning, printable.
    package static func shown(_ text: String) -> String { text.printable(atMost: 40) }

    /// The only member of `names` that an object has. It may have those of `others` beside, and no more.
    package static func only(
        of names: [String], beside others: [String] = [], in object: JSONObject, at place: String
    ) throws(CommandError) -> (name: String, value: JSONValue) {
        if let odd = object.keys.sorted().first(where: { !(names + others).contains($0) }) {
            throw CommandError(
                "\(place): it has no field \"\(shown(odd))\"; there are \((names + others).sorted().joined(separator: ", "))"
            )
        }
        let there = object.keys.filter(names.contains)
        guard there.count == 1, let name = there.first, let value = object[name] else {
            throw CommandError(
                "\(place) must have one of \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "")")
        }
        return (name, value)
    }
}
