import Foundation
import Tensors

extension SetFormat {
    /// DPG-Bench (TencentQQGYLab/ELLA, `compute_dpg_bench.py`): flat `NAME.png`, four images in two rows without gaps, and nothing else in the folder.
    ///
    /// The list is the JSON list that comes with Show-o2 (`prompt`, `prompt_file_name`), the benchmark's table (`item_id`, `text`; a line a question), or its folder of
    /// `NAME.txt`. The scorer takes what stands before a file's first dot for its name, and tells of each file that it knows nothing of as failed.
    public static let dpg = SetFormat(
        name: "dpg", summary: "DPG-Bench: NAME.png, a 2 x 2 grid of 4 images a prompt", samples: 4,
        allowedSamples: [1, 4],
        isGrid: true, folderEnding: "txt", takesSeveral: false,
        read: { files throws(SetError) in
            var named: [String: String] = [:]
            var items: [SetItem] = []
            /// Adds a prompt; a table repeats each for all of its questions.
            func add(_ name: String, _ prompt: String, _ place: String, repeats: Bool) throws(SetError) {
                let shown = name.printable(atMost: 60)
                guard !name.isEmpty, !name.contains("."), !name.contains("/"), !name.utf8.contains(0),
                    name.utf8.count <= 250
                else {
                    throw .list(
                        place: place,
                        reason:
                            "\"\(shown)\" can't name a file that the scorer finds; a name has no dot, no slash and at most 250 bytes"
                    )
                }
                guard let other = named[name] else {
                    named[name] = prompt
                    return items.append(SetItem(id: name, prompt: prompt, place: place))
                }
                guard repeats, other == prompt else {
                    throw .list(place: place, reason: "\"\(shown)\" names two prompts")
                }
            }
            if files.count > 1 || files[0].name.hasSuffix(".txt") {
                for file in files {
                    let prompt = try file.text().trimmingCharacters(in: .whitespacesAndNewlines)
                    guard !prompt.isEmpty else { throw .list(place: file.name, reason: "it holds no prompt") }
                    let name = (file.name as NSString).lastPathComponent
                    try add(String(name.dropLast(4)), prompt, file.name, repeats: false)
                }
                return items
            }
            let file = files[0]
            if try file.lines().first?.text.first.map({ "[{".contains($0) }) ?? false {
                for (object, place) in try file.objects() {
                    try add(
                        object.text("prompt_file_name", at: place), object.text("prompt", at: place), place,
                        repeats: false)
                }
                return items
            }
            let table = try CSVTable(file)
            guard let name = table.header.firstIndex(of: "item_id"), let text = table.header.firstIndex(of: "text")
            else {
                throw .list(
                    place: file.place(1), reason: "dpg needs a JSON list, or a table with the columns item_id and text")
            }
            for row in table.rows {
                try add(row.fields[name], row.fields[text], file.place(row.line), repeats: true)
            }
            return items
        },
        path: { item, _, _, _ in item.id + ".png" }, isRead: { _ in true })
}

extension ListFile {
    /// The objects of a JSON list, or of JSON lines, with what messages call them.
    func objects() throws(SetError) -> [(object: JSONObject, place: String)] {
        let lines = try lines()
        var objects: [(object: JSONObject, place: String)] = []
        guard lines.first?.text.hasPrefix("[") == true else {
            for line in lines { objects.append((try object(line), place(line.number))) }
            return objects
        }
        guard case .array(let entries) = try value() else {
            throw .list(place: name, reason: "a JSON list is needed")
        }
        for (index, entry) in entries.enumerated() {
            let place = "\(name), entry \(index + 1)"
            guard case .object(let object) = entry else {
                throw .list(place: place, reason: "a JSON object is needed")
            }
            objects.append((object, place))
        }
        return objects
    }
}
