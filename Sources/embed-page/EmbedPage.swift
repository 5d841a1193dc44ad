import Foundation

/// `embed-page FOLDER OUTPUT.swift`: the text files of a folder as a Swift file. Run by the plugin `EmbedPage`.
@main struct EmbedPage {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else { throw Fault("FOLDER and OUTPUT are needed") }
        let folder = URL(filePath: CommandLine.arguments[1], directoryHint: .isDirectory)
        var lines = [
            "/// The files of the web page, as they are in the folder `Files`.", "package enum PageFiles {",
            "    /// Names below the folder, and contents.",
            "    package static let texts: [(name: String, text: String)] = [",
        ]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() {
            var isFolder: ObjCBool = false
            let file = folder.appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            // What would end the Swift text, or begin an expression in it.
            guard text.hasSuffix("\n"), !text.contains("\"\"\"##"), !text.contains("\\##") else {
                throw Fault("\(file.path) holds \"\"\"## or \\##, or does not end with a newline")
            }
            lines += ["(", "\"\(name)\",", "##\"\"\"", text, "\"\"\"##", "),"]
        }
        lines += ["    ]", "}", ""]
        try lines.joined(separator: "\n").write(toFile: CommandLine.arguments[2], atomically: true, encoding: .utf8)
    }

    private struct Fault: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
