import Foundation
import Tensors

extension SetFormat {
    /// GenEval (djghosh13/geneval): `00000/metadata.jsonl`, which holds the prompt's own line, and `00000/samples/00000.png`.
    ///
    /// Its scorer goes through the folders whose names are digits and through all files there that are named as digits and `.png`, and averages over what
    /// it finds.
    public static let geneval = SetFormat(
        name: "geneval", summary: "GenEval: NNNNN/metadata.jsonl and NNNNN/samples/00000.png ..., 4 a prompt",
        samples: 4,
        allowedSamples: nil, isGrid: false, folderEnding: nil, takesSeveral: false,
        read: { files throws(SetError) in
            var items: [SetItem] = []
            for file in files {
                for line in try file.lines() {
                    let place = file.place(line.number)
                    let object = try file.object(line)
                    let prompt = try object.text("prompt", at: place)
                    // The scorer looks these two up.
                    _ = try object.text("tag", at: place)
                    guard case .array? = object["include"] else {
                        throw .list(place: place, reason: "it has no \"include\", a list")
                    }
                    items.append(
                        SetItem(
                            id: String(format: "%05d", items.count), prompt: prompt, place: place, metadata: line.text))
                }
            }
            return items
        },
        path: { _, index, sample, _ in String(format: "%05d/samples/%05d.png", index, sample) },
        metadataPath: { String(format: "%05d/metadata.jsonl", $0) },
        isRead: { path in
            let parts = path.split(separator: "/")
            guard let folder = parts.first, folder.allSatisfy(isDigit) else { return false }
            // A folder of digits alone is opened and its metadata are read.
            if parts.count == 1 { return true }
            guard parts.count == 3, parts[1] == "samples" else { return false }
            let digits = parts[2].prefix(while: isDigit)
            return !digits.isEmpty && parts[2].dropFirst(digits.count).hasPrefix(".png")
        })

    static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
