import Foundation
import Images

/// How the files of a set stand: which are there and whole.
public struct SetState: Sendable {
    /// A file's state.
    public enum Condition: Sendable, Equatable {
        /// A whole PNG of the right size.
        case whole
        /// Not there.
        case missing
        /// Not an image, or cut off: the reason.
        case broken(String)
        /// Of another size, as `128 x 64 instead of 128 x 128`.
        case otherSize(String)
    }

    /// Looks at a file of a set.
    /// - Parameter size: in pixels; nil = any.
    static func condition(of file: URL, size: (width: Int, height: Int)?) -> Condition {
        guard FileManager.default.fileExists(atPath: file.path) else { return .missing }
        do {
            let data = try Data(contentsOf: file)
            // Decoders stop at the last row; a file that was cut behind it is not whole either.
            guard data.suffix(12) == Self.end else { return .broken("it is cut off, or no PNG") }
            let image = try RGBImage(data: data, name: file.lastPathComponent)
            guard let size, (image.width, image.height) != size else { return .whole }
            return .otherSize("\(image.width) x \(image.height) instead of \(size.width) x \(size.height)")
        } catch {
            return .broken("\(error)")
        }
    }

    /// The chunk that every PNG ends with.
    private static let end = Data([0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
}

/// What a set lacks before its scorer, which averages over what it finds, can be trusted with it.
public struct SetVerification: Sendable, Equatable, Encodable {
    /// A file that is not as it must be.
    public struct Fault: Sendable, Equatable, Encodable {
        /// Below the folder.
        public let file: String
        /// What is wrong with it.
        public let reason: String
    }

    /// Files that there must be.
    public let expected: Int
    /// Files that are whole and of the right size.
    public let whole: Int
    /// Files that are not there.
    public let missing: [String]
    /// Files that are no whole images, or metadata that are not the list's.
    public let broken: [Fault]
    /// Images of another size.
    public let otherSize: [Fault]
    /// Files that the scorer would read, or stumble over, and that are not of the set.
    public let stray: [String]
    /// What failed and was not drawn since.
    public let failed: [RunFolder.Failure]

    /// Whether nothing is wrong.
    public var isComplete: Bool { missing.isEmpty && broken.isEmpty && otherSize.isEmpty && stray.isEmpty }

    /// Looks at every file of a set, or of a shard of it; no model is needed.
    ///
    /// - Parameters:
    ///   - width: of a single image; nil = any.
    ///   - height: of a single image.
    public init(_ set: DrawingSet, in run: RunFolder, shard: Shard = .all, width: Int?, height: Int?) {
        var (missing, broken, otherSize): ([String], [Fault], [Fault]) = ([], [], [])
        let files = set.files(of: shard)
        for file in files {
            let size = width.flatMap { width in height.map { set.size(of: file, width: width, height: $0) } }
            switch SetState.condition(of: run.results.appendingPathComponent(file.path), size: size) {
            case .whole: break
            case .missing: missing.append(file.path)
            case .broken(let reason): broken.append(Fault(file: file.path, reason: reason))
            case .otherSize(let reason): otherSize.append(Fault(file: file.path, reason: reason))
            }
        }
        whole = files.count - missing.count - broken.count - otherSize.count
        var metadata: [String] = []
        for item in Set(files.map(\.item)).sorted() {
            guard let (path, contents) = set.metadata(of: item) else { continue }
            metadata.append(path)
            guard let found = try? Data(contentsOf: run.results.appendingPathComponent(path)) else {
                missing.append(path)
                continue
            }
            if found != contents { broken.append(Fault(file: path, reason: "it is not the list's line")) }
        }
        expected = files.count
        if shard == .all {
            let own = Set(set.files.map(\.path) + metadata)
            var folders: Set<String> = []
            for path in own {
                let parts = path.split(separator: "/")
                for count in 1..<max(parts.count, 1) { folders.insert(parts.prefix(count).joined(separator: "/")) }
            }
            var stray: [String] = []
            let all = FileManager.default.enumerator(atPath: run.results.path)
            while let path = all?.nextObject() as? String {
                if !own.contains(path), !folders.contains(path), set.format.isRead(path) { stray.append(path) }
            }
            self.stray = stray.sorted()
        } else {
            stray = []
        }
        (self.missing, self.broken, self.otherSize) = (missing, broken, otherSize)
        failed = run.failed()
    }
}
