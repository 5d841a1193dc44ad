import Foundation
import Synchronization

/// Which file a path leads to, whatever it is called: through links, `..`, another case or another spelling of its folder.
enum FileIdentity: Hashable {
    /// A file that is there.
    case file(device: UInt64, node: UInt64)
    /// A name in a folder, where there is no file yet.
    case absent(device: UInt64, node: UInt64, name: String)

    /// Follows a path; nil where it leads to a device that swallows or shows everything (`/dev/null`, a terminal), or nowhere.
    init?(_ path: String) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFCHR else { return nil }
            self.init(status)
            return
        }
        let target = Self.followingLinks(path)
        let (folder, name) = PathName.split(target)
        guard !name.isEmpty, stat(folder.isEmpty ? "." : folder, &status) == 0 else { return nil }
        let ignoresCase = Self.ignoring.withLock { known in
            if let found = known[folder] { return found }
            let found = Self.ignoresCase(folder.isEmpty ? "." : folder)
            known[folder] = found
            return found
        }
        self = .absent(
            device: UInt64(truncatingIfNeeded: status.st_dev), node: UInt64(truncatingIfNeeded: status.st_ino),
            name: ignoresCase ? name.precomposedStringWithCanonicalMapping.lowercased() : name)
    }

    /// What a descriptor is open for, if that is a file.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        self = .file(
            device: UInt64(truncatingIfNeeded: status.st_dev), node: UInt64(truncatingIfNeeded: status.st_ino))
    }

    /// Where a path leads that may end in links to a file which is not there.
    static func followingLinks(_ path: String) -> String {
        var path = path
        for _ in 0..<40 {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = target.hasPrefix("/") ? target : PathName.split(path).folder + target
        }
        return path
    }

    /// What was found of folders: thousands of images may go to one.
    private static let ignoring = Mutex<[String: Bool]>([:])

    /// Whether the folder's disk takes `a` and `A` for one name: something in it, or else the folder itself, is looked up in the other case.
    private static func ignoresCase(_ folder: String) -> Bool {
        func hasTwoNames(_ path: String) -> Bool {
            let (parent, name) = PathName.split(path)
            let other = String(name.map { $0.isLowercase ? Character($0.uppercased()) : Character($0.lowercased()) })
            var (one, two) = (stat(), stat())
            return other != name && stat(path, &one) == 0 && stat(parent + other, &two) == 0
                && one.st_ino == two.st_ino && one.st_dev == two.st_dev
        }
        let entry = FileManager.default.enumerator(atPath: folder)?.lazy.prefix(64).compactMap { $0 as? String }
            .first { $0.contains(where: \.isCased) && !$0.contains("/") }
        return hasTwoNames(entry.map { "\(folder)/\($0)" } ?? folder)
    }
}
