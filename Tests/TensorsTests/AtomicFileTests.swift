import Foundation
import Testing

import Tensors

/// Files are replaced whole or not at all, and keep what the user gave them.
@Suite struct AtomicFileTests {
    /// A folder of one's own for one test.
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("atomic-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            chmod(folder.path, 0o755)
            try? FileManager.default.removeItem(at: folder)
        }
        try body(folder)
    }

    private func write(_ text: String, _ url: URL) throws(AtomicFile.Failure) {
        try AtomicFile.write(Data(text.utf8), to: url)
    }

    private func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }

    private func status(_ url: URL) -> stat {
        var status = stat()
        lstat(url.path, &status)
        return status
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func newFilesHaveTheModeOfTheUmask() throws {
        try inFolder { folder in
            // Compared with a file that the system makes, as the umask cannot be read without changing it.
            let (ours, theirs) = (folder.appendingPathComponent("ours"), folder.appendingPathComponent("theirs"))
            close(open(theirs.path, O_CREAT | O_WRONLY, 0o666))
            try write("x", ours)
            #expect(status(ours).st_mode == status(theirs).st_mode)
            #expect(try names(folder) == ["ours", "theirs"])
        }
    }

    @Test(arguments: [0o600, 0o644, 0o664, 0o755, 0o222] as [mode_t])
    func modesAreKept(mode: mode_t) throws {
        try inFolder { folder in
            let url = folder.appendingPathComponent("a")
            try write("old", url)
            chmod(url.path, mode)
            let inode = status(url).st_ino
            try write("new", url)
            #expect(status(url).st_mode & 0o7777 == mode)
            #expect(status(url).st_ino != inode, "it was replaced, not overwritten")
            chmod(url.path, 0o644)
            #expect(try text(url) == "new")
        }
    }

    @Test func readOnlyFilesAreRefused() throws {
        try inFolder { folder in
            let url = folder.appendingPathComponent("a")
            let link = folder.appendingPathComponent("link")
            try write("old", url)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: url)
            for mode in [0o444, 0o400, 0o555] as [mode_t] {
                chmod(url.path, mode)
                for name in [url, link] {
                    #expect(throws: AtomicFile.Failure(reason: "it is read-only")) { try write("new", name) }
                    #expect(throws: AtomicFile.Failure(reason: "it is read-only")) { try AtomicFile.check(name) }
                }
            }
            #expect(try text(url) == "old")
            #expect(try names(folder) == ["a", "link"])
        }
    }

    @Test func linksStay() throws {
        try inFolder { folder in
            let (url, other) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("sub"))
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
            try write("old", url)
            // Absolute, relative, through a folder, and a link to a link.
            let paths = [("l1", url.path), ("l2", "a"), ("l3", "sub/../a"), ("l4", "l2"), ("sub/l5", "../l4")]
            for (name, target) in paths {
                let link = folder.appendingPathComponent(name)
                symlink(target, link.path)
                try write(name, link)
                #expect(status(link).st_mode & S_IFMT == S_IFLNK)
                #expect(try text(url) == name)
            }
            #expect(status(url).st_mode & S_IFMT == S_IFREG)
            #expect(try names(other) == ["l5"])
        }
    }

    @Test func danglingLinksMakeTheirFile() throws {
        try inFolder { folder in
            let sub = folder.appendingPathComponent("sub")
            try FileManager.default.createDirectory(at: sub, withIntermediateDirectories: false)
            let (link, nowhere, circle) = (
                folder.appendingPathComponent("l"), folder.appendingPathComponent("n"),
                folder.appendingPathComponent("c")
            )
            symlink("sub/new", link.path)
            symlink("missing/new", nowhere.path)
            symlink("c", circle.path)
            try AtomicFile.check(link)
            try write("x", link)
            #expect(status(link).st_mode & S_IFMT == S_IFLNK)
            #expect(try text(sub.appendingPathComponent("new")) == "x")
            #expect(throws: AtomicFile.Failure(reason: "the folder does not exist")) { try write("x", nowhere) }
            #expect(throws: AtomicFile.Failure.self) { try write("x", circle) }
        }
    }

    /// The other names of a file show its new contents, longer or shorter.
    @Test func hardLinksStayOneFile() throws {
        try inFolder { folder in
            let (url, other) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
            try write("old", url)
            chmod(url.path, 0o640)
            link(url.path, other.path)
            for contents in ["a much longer text than before", "s", ""] {
                try write(contents, url)
                #expect(try text(other) == contents)
                #expect(status(url).st_ino == status(other).st_ino && status(url).st_nlink == 2)
                #expect(status(url).st_mode & 0o7777 == 0o640)
            }
            #expect(try names(folder) == ["a", "b"])
        }
    }

    @Test func failuresLeaveTheOldFile() throws {
        struct Stop: Error {}
        try inFolder { folder in
            for isLinked in [false, true] {
                let url = folder.appendingPathComponent("a\(isLinked)")
                try write("old", url)
                if isLinked { link(url.path, folder.appendingPathComponent("b").path) }
                #expect(throws: Stop.self) {
                    try AtomicFile.write(to: url) { output in
                        try Data("half".utf8).withUnsafeBytes { try output.write($0) }
                        throw Stop()
                    }
                }
                #expect(try text(url) == "old")
            }
            #expect(try names(folder) == ["afalse", "atrue", "b"])
        }
    }

    /// A file that grows beyond `ulimit -f`: an error like a full disk, and the process lives.
    @Test func theLimitOfAFilesSizeIsAnError() async throws {
        await #expect(processExitsWith: .success) {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("limit-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var limit = rlimit(rlim_cur: 1 << 16, rlim_max: 1 << 16)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            for isLinked in [false, true] {
                let url = folder.appendingPathComponent("a\(isLinked)")
                try AtomicFile.write(Data("old".utf8), to: url)
                if isLinked { link(url.path, folder.appendingPathComponent("b").path) }
                #expect(throws: AtomicFile.Failure(reason: "file too large")) {
                    try AtomicFile.write(Data(count: 1 << 20), to: url)
                }
                #expect(try Data(contentsOf: url) == Data("old".utf8))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        }
    }

    /// On a disk of 256 KB, which takes root's rights to make.
    @Test func aFullDiskLeavesTheOldFile() throws {
        try inFolder { folder in
            guard mount("tmpfs", folder.path, "tmpfs", 0, "size=256k") == 0 else { return }
            defer { umount2(folder.path, Int32(MNT_DETACH)) }
            for isLinked in [false, true] {
                let url = folder.appendingPathComponent("a\(isLinked)")
                let old = Data(repeating: 1, count: 40_000)
                try AtomicFile.write(old, to: url)
                if isLinked { link(url.path, folder.appendingPathComponent("b").path) }
                for size in [150_000, 300_000] where isLinked || size > 256_000 {
                    #expect(throws: AtomicFile.Failure(reason: "no space left on device"), "\(isLinked) \(size)") {
                        try AtomicFile.write(Data(count: size), to: url)
                    }
                    #expect(try Data(contentsOf: url) == old)
                }
            }
            #expect(try names(folder) == ["afalse", "atrue", "b"])
        }
    }

    /// Takes root's rights to set up: the owner stays, also where a folder takes no new files.
    @Test func ownersAreKept() async throws {
        guard getuid() == 0 else { return }
        try inFolder { folder in
            let url = folder.appendingPathComponent("a")
            try write("old", url)
            chown(url.path, 65_534, 65_534)
            chmod(url.path, 0o640)
            try write("new", url)
            #expect(status(url).st_uid == 65_534 && status(url).st_gid == 65_534)
            #expect(status(url).st_mode & 0o7777 == 0o640)
        }
        await #expect(processExitsWith: .success) {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("owner-\(UUID().uuidString)")
            let (own, other, new) = (
                folder.appendingPathComponent("own"), folder.appendingPathComponent("other"),
                folder.appendingPathComponent("new")
            )
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for url in [own, other] { try AtomicFile.write(Data("old".utf8), to: url) }
            chmod(folder.path, 0o755)
            chown(own.path, 65_534, 65_534)
            try #require(seteuid(65_534) == 0)
            let denied = AtomicFile.Failure(reason: "permission denied")
            try AtomicFile.check(own)
            try AtomicFile.write(Data("new".utf8), to: own)
            #expect(try Data(contentsOf: own) == Data("new".utf8))
            for url in [other, new] {
                #expect(throws: denied) { try AtomicFile.check(url) }
                #expect(throws: denied) { try AtomicFile.write(Data("new".utf8), to: url) }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["other", "own"])
            try #require(seteuid(0) == 0)
            try FileManager.default.removeItem(at: folder)
        }
    }

    @Test func placesThatTakeNoFileAreNamed() throws {
        try inFolder { folder in
            let long = folder.appendingPathComponent(String(repeating: "n", count: 300))
            try write("x", folder.appendingPathComponent("file"))
            let cases: [(URL, String)] = [
                (folder, "it is a folder"), (folder.appendingPathComponent("no/such"), "the folder does not exist"),
                (long, "file name too long"), (folder.appendingPathComponent("file/x"), "not a directory"),
            ]
            for (url, reason) in cases {
                #expect(throws: AtomicFile.Failure(reason: reason)) { try AtomicFile.check(url) }
                #expect(throws: AtomicFile.Failure(reason: reason)) { try write("x", url) }
            }
            try AtomicFile.check(URL(fileURLWithPath: "/dev/null"))
            try write("x", URL(fileURLWithPath: "/dev/null"))
            #expect(throws: AtomicFile.Failure(reason: "no space left on device")) {
                try write("x", URL(fileURLWithPath: "/dev/full"))
            }
            #expect(throws: AtomicFile.Failure.self) {
                try AtomicFile.write(to: URL(fileURLWithPath: "/dev/null"), allowsDevices: false) { _ in }
            }
        }
    }

    @Test func pipesAreWrittenTo() throws {
        try inFolder { folder in
            let pipe = folder.appendingPathComponent("pipe")
            try #require(mkfifo(pipe.path, 0o600) == 0)
            let reader = open(pipe.path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try write("through", pipe)
            var bytes = [UInt8](repeating: 0, count: 32)
            #expect(read(reader, &bytes, 32) == 7)
            #expect(status(pipe).st_mode & S_IFMT == S_IFIFO)
        }
    }
}
