import Foundation
import Tensors

extension SetFormat {
    /// WISE (PKU-YuanGroup/WISE): flat `1.png` ... `1000.png`, named by `prompt_id`. The list is one of its JSON files, all three of them, or their folder.
    public static let wise = SetFormat(
        name: "wise", summary: "WISE: 1.png ... 1000.png, by prompt_id", samples: 1, allowedSamples: [1], isGrid: false,
        folderEnding: "json", takesSeveral: true,
        read: { files throws(SetError) in
            var byID: [Int: SetItem] = [:]
            for file in files {
                for (object, place) in try file.objects() {
                    let prompt = try object.text("Prompt", at: place)
                    guard let id = try object.optionalInteger("prompt_id", in: 0...1_000_000_000, at: place) else {
                        throw .list(place: place, reason: "it has no \"prompt_id\"")
                    }
                    // The folder holds each prompt twice: by category, and merged.
                    if let other = byID[id], other.prompt != prompt {
                        throw .list(
                            place: place,
                            reason: "prompt_id \(id) is another prompt in \(other.place); name the files of one version"
                        )
                    }
                    if byID[id] == nil { byID[id] = SetItem(id: "\(id)", prompt: prompt, place: place) }
                }
            }
            return byID.sorted { $0.key < $1.key }.map(\.value)
        },
        path: { item, _, _, _ in item.id + ".png" },
        isRead: { path in
            path.hasSuffix(".png") && path.count > 4 && path.dropLast(4).allSatisfy(isDigit)
        })
}
