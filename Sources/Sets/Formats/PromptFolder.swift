import Foundation
import Tensors

extension SetFormat {
    /// Any JSON lines with `prompt`, and optionally `seed`, `width`, `height`, `n`, `negative_prompt`, `steps` and `cfg_scale`: `00000.png`, or `00000-1.png`,
    /// `00000-2.png` ... where a line asks for several. Other members are passed over.
    public static let folder = SetFormat(
        name: "folder", summary: "any JSON lines with \"prompt\": NNNNN.png, or NNNNN-1.png ... of several", samples: 1,
        allowedSamples: nil, isGrid: false, folderEnding: nil, takesSeveral: false,
        read: { files throws(SetError) in
            var items: [SetItem] = []
            for file in files {
                for line in try file.lines() {
                    let place = file.place(line.number)
                    let object = try file.object(line)
                    var item = SetItem(
                        id: String(format: "%05d", items.count), prompt: try object.text("prompt", at: place),
                        place: place)
                    item.negativePrompt = try object.optionalText("negative_prompt", at: place)
                    item.seed = try object.optionalInteger("seed", in: 0...Int.max, at: place).map { UInt64($0) }
                    item.width = try object.optionalInteger("width", in: 1...16_384, at: place)
                    item.height = try object.optionalInteger("height", in: 1...16_384, at: place)
                    item.steps = try object.optionalInteger("steps", in: 2...1000, at: place)
                    item.samples = try object.optionalInteger("n", in: 1...10_000, at: place)
                    switch object["cfg_scale"] {
                    case nil, .null: break
                    case .integer(let scale) where scale >= 0: item.cfgScale = Float(scale)
                    case .real(let scale) where scale >= 0 && Float(scale).isFinite: item.cfgScale = Float(scale)
                    default: throw .list(place: place, reason: "\"cfg_scale\" must be a number of 0 or more")
                    }
                    items.append(item)
                }
            }
            return items
        },
        path: { item, _, sample, samples in samples == 1 ? "\(item.id).png" : "\(item.id)-\(sample + 1).png" },
        isRead: { path in
            guard path.hasSuffix(".png") else { return false }
            let parts = path.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
            return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
        })
}
