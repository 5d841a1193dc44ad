import Foundation

extension URL {
    /// A path as the user typed it, in which `~` is the home folder.
    init(userPath path: String) { self.init(fileURLWithPath: (path as NSString).expandingTildeInPath) }
}

/// Pieces of paths, as they are typed: nothing is resolved.
enum PathName {
    /// What stands before the last slash (with it) and behind it.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }

    /// A name without its ending.
    static func withoutEnding(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }

    /// The ending of a file's name without its dot, lowercased; empty where there is none. `.png` is a name, not an ending.
    static func ending(_ path: String) -> String {
        let name = split(path).name
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// `out.png` for one file; `out-1.png`, `out-2.png`, ... for several.
    static func numbered(_ path: String, count: Int) -> [String] {
        guard count > 1 else { return [path] }
        let (folder, name) = split(path)
        let dot = name.lastIndex(of: ".").flatMap { $0 > name.startIndex ? $0 : nil } ?? name.endIndex
        return (1...count).map { "\(folder)\(name[..<dot])-\($0)\(name[dot...])" }
    }
}
