import Foundation
import Images

/// A folder of images, as generators and benchmarks leave them: flat, or in folders of folders (GenEval).
struct ImageFolder {
    let url: URL
    /// Paths relative to the folder, sorted.
    let names: [String]

    private static let kinds: Set = ["png", "jpg", "jpeg", "webp"]
    private static let most = 100_000

    /// - Throws: ``CommandError`` when it is no folder, or holds no images.
    init(_ typed: String) throws(CommandError) {
        url = URL(userPath: typed)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandError("\(typed) is no folder of images; judge compares two of them, or profiles")
        }
        var found: [String] = []
        let all = FileManager.default.enumerator(atPath: url.path)
        while let name = all?.nextObject() as? String, found.count < Self.most {
            // A grid of samples is none.
            let file = URL(fileURLWithPath: name)
            if Self.kinds.contains(file.pathExtension.lowercased()), file.lastPathComponent != "grid.png" {
                found.append(name)
            }
        }
        names = found.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
        guard !names.isEmpty else { throw CommandError("\(typed) holds no PNG, JPEG or WebP images") }
    }

    func file(_ name: String) -> URL { url.appendingPathComponent(name) }

    /// What an image shows: the prompt of its own text, or of the `metadata.jsonl` that stands beside its folder (GenEval); nil if neither is there.
    func prompt(of name: String) -> String? {
        struct Line: Decodable { let prompt: String }
        let file = file(name)
        if let data = try? Data(contentsOf: file, options: .mappedIfSafe),
            let text = try? ImageMetadata.parametersText(of: data, name: name),
            let parameters = try? GenerationParameters(parsing: text)
        {
            return parameters.prompt
        }
        for folder in [file.deletingLastPathComponent().deletingLastPathComponent(), file.deletingLastPathComponent()] {
            guard let data = try? Data(contentsOf: folder.appendingPathComponent("metadata.jsonl")),
                data.count < 1 << 20,
                let first = data.split(separator: UInt8(ascii: "\n")).first,
                let line = try? JSONDecoder().decode(Line.self, from: Data(first))
            else { continue }
            return line.prompt
        }
        return nil
    }
}
