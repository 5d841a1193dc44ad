import Foundation

/// The checkpoints called HQ (`show-o2-1.5B-HQ`): trained to draw 512 x 512 and 1024 x 1024, which their `config.json` does not say: it
/// repeats the 27 x 27 of the position table. Official files: `configs/showo2_1.5b_demo_512x512.yaml` and `..._1024x1024.yaml`.
enum HighQualityCheckpoint {
    /// The grids that they were trained on, the usual one first.
    static let grids = [TokenGrid(height: 32, width: 32), TokenGrid(height: 64, width: 64)]

    /// Whether a folder holds one, by its name (or the repository's, in a download cache's `models--OWNER--NAME/snapshots/COMMIT`), or by the model
    /// card in it: its header, its title, or else the first checkpoint that it names.
    static func isNamed(by folder: URL) -> Bool {
        let folder = folder.standardizedFileURL.resolvingSymlinksInPath()
        var names = [folder.lastPathComponent]
        let parent = folder.deletingLastPathComponent()
        if parent.lastPathComponent == "snapshots" {
            names.append(parent.deletingLastPathComponent().lastPathComponent)
        }
        if names.contains(where: says) { return true }
        let card = folder.appendingPathComponent("README.md")
        guard let handle = try? FileHandle(forReadingFrom: card), let data = try? handle.read(upToCount: 1 << 16) else {
            return false
        }
        return isNamed(byCard: String(decoding: data, as: UTF8.self))
    }

    /// See ``isNamed(by:)``.
    static func isNamed(byCard text: String) -> Bool {
        var lines = text.split(whereSeparator: \.isNewline)[...]
        if lines.first == "---" {
            lines = lines.dropFirst()
            if lines.prefix(while: { $0 != "---" }).contains(where: says) { return true }
            lines = lines.drop { $0 != "---" }.dropFirst()
        }
        if let title = lines.first(where: { $0.hasPrefix("# ") }), says(title) { return true }
        let named = lines.lazy.flatMap { $0.split { !($0.isLetter || $0.isNumber || "-_.".contains($0)) } }
            .first { $0.lowercased().hasPrefix("show-o2-") }
        return named.map(says) ?? false
    }

    /// Whether HQ stands in a name as a word of its own.
    private static func says(_ name: some StringProtocol) -> Bool {
        name.split { !($0.isLetter || $0.isNumber) }.contains { $0.lowercased() == "hq" }
    }
}
