import Compute
import Foundation
import Testing

/// What a container's or a service's memory limit leaves.
@Suite struct ControlGroupTests {
    /// A tree of groups' files: limit, used and cached bytes by path.
    private func room(_ membership: String, _ groups: [String: (limit: String, used: Int, cached: Int)]) throws -> Int?
    {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-groups-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, group) in groups {
            let folder = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in [
                ("memory.max", group.limit), ("memory.current", "\(group.used)"),
                ("memory.stat", "anon 5\ninactive_file \(group.cached)\nactive_file 7"),
            ] {
                try Data((text + "\n").utf8).write(to: folder.appendingPathComponent(name))
            }
        }
        return SystemMemory.groupRoom(membership, below: root.path)
    }

    @Test func takesTheLeastOfAllGroupsAbove() throws {
        let service = "0::/system.slice/flashu.service\n"
        // A container sees its own group as the root.
        #expect(try room("0::/\n", ["": ("1000", 600, 100)]) == 500)
        // A service's limit stands in its own group.
        #expect(try room(service, ["system.slice/flashu.service": ("1000", 600, 100)]) == 500)
        #expect(
            try room(
                service, ["system.slice": ("900", 850, 0), "system.slice/flashu.service": ("1000", 600, 100)]) == 50)
        #expect(
            try room(service, ["system.slice": ("max", 850, 0), "system.slice/flashu.service": ("max", 600, 100)])
                == nil)
        #expect(try room(service, [:]) == nil)
        // Version 1, or nothing that is known.
        #expect(try room("5:memory:/a\n", ["a": ("1000", 600, 100)]) == nil)
        #expect(try room("0::/../../a\n", ["a": ("1000", 600, 100)]) == 500)
    }
}
