import Foundation

extension SetFormat {
    /// T2I-CompBench (Karine-Huang/T2I-CompBench): `samples/PROMPT_000000.png`, ten images a prompt, numbered through over the whole list.
    ///
    /// The scorers take what stands before the first `_` for the prompt and sort by the number, which goes on from prompt to prompt: the combined score of complex prompts
    /// takes images 10 i ... 10 i + 9 for those of line i. Of a line only what stands before a tab is the prompt.
    public static let t2iCompBench = SetFormat(
        name: "t2i-compbench", summary: "T2I-CompBench: samples/PROMPT_000000.png, 10 a prompt, numbered through",
        samples: 10, allowedSamples: nil, isGrid: false, folderEnding: nil, takesSeveral: false,
        read: { files throws(SetError) in
            var items: [SetItem] = []
            for file in files {
                if let kind = ListKind(file), !kind.formats.contains("t2i-compbench") {
                    throw .list(place: file.place(1), reason: "t2i-compbench takes plain text, a prompt a line")
                }
                for line in try file.lines() {
                    let prompt = line.text.prefix { $0 != "\t" }.trimmingCharacters(in: .whitespaces)
                    if prompt.isEmpty { continue }
                    guard !prompt.utf8.contains(0) else {
                        throw .list(place: file.place(line.number), reason: "the prompt holds a zero byte")
                    }
                    items.append(SetItem(id: "\(items.count)", prompt: prompt, place: file.place(line.number)))
                }
            }
            return items
        },
        path: { item, index, sample, samples in
            "samples/" + fileName(ofPrompt: item.prompt) + String(format: "_%06d.png", index * samples + sample)
        },
        isRenamed: { fileName(ofPrompt: $0.prompt) != $0.prompt }, isRead: { $0.hasPrefix("samples/") })

    /// A prompt as it stands in a file's name: what no name can hold (a slash), or would end the prompt there (an underscore), is a blank, and what is longer
    /// than names can be is cut.
    static func fileName(ofPrompt prompt: String) -> String {
        var name = ""
        // 255 bytes less `_000000.png`; numbers of seven digits need one more.
        var room = 243
        for character in prompt {
            let isHarmless =
                character != "/" && character != "_"
                && !character.unicodeScalars.contains { $0.properties.generalCategory == .control }
            let written: Character = isHarmless ? character : " "
            room -= written.utf8.count
            if room < 0 { break }
            name.append(written)
        }
        return name
    }
}
