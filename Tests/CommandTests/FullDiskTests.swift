import FlashUTesting
import Foundation
import Testing

/// A small file system of its own, in memory. Mounting one needs root.
final class SmallDisk {
    let folder: URL

    /// Whether one can be made here.
    static let isPossible = geteuid() == 0 && (try? SmallDisk(bytes: 8192)) != nil

    init(bytes: Int) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard Self.command(["mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", folder.path]) else {
            try FileManager.default.removeItem(at: folder)
            throw POSIXError(.EPERM)
        }
    }

    deinit {
        _ = Self.command(["umount", folder.path])
        rmdir(folder.path)
    }

    func grow(to bytes: Int) throws {
        try #require(Self.command(["mount", "-o", "remount,size=\(bytes)", folder.path]))
    }

    private static func command(_ words: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite("A disk that is full in the middle of a set", .serialized) struct FullDiskTests {
    static let names = (0..<6).map { String(format: "0000%d.png", $0) }

    /// Bytes that contents take on such a disk.
    private static func pages(_ data: Data) -> Int { (data.count + 4095) / 4096 * 4096 }

    /// Draws six images where there is room.
    private func reference(_ place: Workplace) throws -> [Data] {
        try DrawSetTests.prompts(6, in: place)
        let run = try DrawSetTests.draw("folder", "p.jsonl", place, "-o", "whole")
        #expect(run.status == 0, "\(run)")
        return try Self.names.map { try Data(contentsOf: place.results.appendingPathComponent("whole/\($0)")) }
    }

    @Test(
        "Images that are finished stay, the disk is named, and the same command completes the set once there is room",
        .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func drawing() throws {
        let place = try Workplace()
        let images = try reference(place)
        let record = try Data(contentsOf: place.results.appendingPathComponent("whole.run/run.json"))
        // The record, three images, and half of the fourth.
        let disk = try SmallDisk(
            bytes: Self.pages(record) + images.prefix(3).reduce(0) { $0 + Self.pages($1) } + Self.pages(images[3]) / 2)
        let out = disk.folder.appendingPathComponent("out").path
        let run = try DrawSetTests.draw("folder", "p.jsonl", place, "-o", out)
        #expect(run.status == 1 && run.signal == nil, "\(run)")
        #expect(
            run.errors.contains("no space left") && run.errors.contains("mounted at \(disk.folder.path)")
                && run.errors.contains("3 of 6 files are there and stay"), "\(run)")
        #expect(!run.errors.contains("00005.png"), "a full disk ends the run: \(run)")
        let there = try FileManager.default.subpathsOfDirectory(atPath: disk.folder.path).filter {
            $0.hasSuffix(".png") || $0.hasSuffix(".tmp")
        }
        #expect(there.sorted() == Self.names.prefix(3).map { "out/\($0)" })
        try disk.grow(to: 4 << 20)
        let rest = try DrawSetTests.draw("folder", "p.jsonl", place, "-o", out)
        #expect(rest.status == 0 && rest.output.contains("3 were there"), "\(rest)")
        for (name, image) in zip(Self.names, images) {
            #expect(try Data(contentsOf: disk.folder.appendingPathComponent("out/\(name)")) == image)
        }
        #expect(try DrawSetTests.draw("folder", "p.jsonl", place, "-o", out, "--verify").status == 0)
    }

    @Test(
        "A disk without room for the record leaves no half begun run",
        .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func beginning() throws {
        let place = try Workplace()
        try DrawSetTests.prompts(1, in: place)
        let disk = try SmallDisk(bytes: 4096)
        try Data(count: 4096).write(to: disk.folder.appendingPathComponent("full"))
        let out = disk.folder.appendingPathComponent("out").path
        let run = try DrawSetTests.draw("folder", "p.jsonl", place, "-o", out)
        #expect(run.status == 1 && run.errors.contains("no space left"), "\(run)")
        try disk.grow(to: 1 << 20)
        #expect(try DrawSetTests.draw("folder", "p.jsonl", place, "-o", out).status == 0)
    }

    /// Lines so long that few fit a page.
    private func questions(_ place: Workplace) throws {
        try AskSetTests.write(
            (0..<20).map {
                #"{"id": "\#(String(repeating: "x", count: 400))\#($0)", "image": "\#(AskTests.image)", "question": "what color is it?"}"#
            }, in: place)
    }

    private func ask(_ place: Workplace, _ target: String, limits: String = ":") throws -> CommandRun {
        try CommandRun.flashu(
            ["ask-set", "q.jsonl", "-o", target, "-m", Golden.shapes.path, "--max-tokens", "2", "-t", "1"],
            in: place.results, limits: limits)
    }

    @Test(
        "Answers stay, and the same command goes on",
        .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func asking() throws {
        let place = try Workplace()
        try questions(place)
        let whole = try ask(place, "whole.jsonl")
        #expect(whole.status == 0, "\(whole)")
        let record = try Data(contentsOf: place.results.appendingPathComponent("whole.jsonl.run/run.json"))
        let disk = try SmallDisk(bytes: Self.pages(record) + 4096)
        let target = disk.folder.appendingPathComponent("a.jsonl")
        let run = try ask(place, target.path)
        #expect(run.status == 1 && run.signal == nil, "\(run)")
        #expect(
            run.errors.contains("no space left") && run.errors.contains("mounted at \(disk.folder.path)")
                && run.errors.contains("of 20 answers are there and stay"), "\(run)")
        let lines = try String(contentsOf: target, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count > 4 && lines.count < 12 && lines.last == "", "whole lines only")
        try disk.grow(to: 1 << 20)
        let rest = try ask(place, target.path)
        #expect(rest.status == 0 && rest.output.contains("\(lines.count - 1) were there"), "\(rest)")
        #expect(
            try Data(contentsOf: target) == Data(contentsOf: place.results.appendingPathComponent("whole.jsonl")))
    }

    @Test("A limit of the user's on files (ulimit -f) is an error like others, not a signal")
    func limit() throws {
        let place = try Workplace()
        try questions(place)
        // 8 blocks of 512 bytes, which the record fits.
        let run = try ask(place, "a.jsonl", limits: "ulimit -f 8")
        #expect(run.status == 1 && run.signal == nil && run.errors.contains("file too large"), "\(run)")
        let rest = try ask(place, "a.jsonl")
        #expect(rest.status == 0 && !rest.output.contains(" 0 were there"), "\(rest)")
    }
}
