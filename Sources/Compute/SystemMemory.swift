import CKernels
import Foundation

/// Memory of this process and this machine, as Linux or macOS tells it.
public enum SystemMemory {
    /// The most that this process has held so far, in bytes (`VmHWM`, `resident_size_max`); 0 where the system doesn't say.
    public static var peak: Int { field("VmHWM", of: "/proc/self/status") ?? told(ck_peak_memory()) ?? 0 }

    /// Starts ``peak`` anew from what is held now, on Linux.
    public static func resetPeak() {
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }

    /// What this process holds now, in bytes (`VmRSS`, `resident_size`); 0 where the system doesn't say.
    public static var resident: Int { field("VmRSS", of: "/proc/self/status") ?? told(ck_resident_memory()) ?? 0 }

    /// Lets all threads share two heaps of the system's allocator, which otherwise makes one for each thread, up to eight for each core, and keeps in every one
    /// of them what was the most that was used there: in a process that runs for long, memory then grows long after its work has stopped to. To be called
    /// before threads are made.
    public static func shareHeaps() { _ = ck_limit_heaps(2) }

    /// Gives the system what the allocator holds and nobody uses: pages in the middle of its heaps, too, which it would otherwise keep for as long as
    /// anything above them is used.
    public static func trimHeaps() { _ = ck_trim_heaps() }

    /// What this process may still take, in bytes: what the machine has without swapping (`MemAvailable`; free, inactive and purgeable pages on
    /// macOS), the control group's limit and the process's own (`ulimit -v`) permitting. `Int.max` where the system doesn't say.
    public static var available: Int {
        let machine = field("MemAvailable", of: "/proc/meminfo") ?? told(ck_free_memory()) ?? Int.max
        return max(0, min(machine, groupRoom ?? Int.max, addressRoom ?? Int.max))
    }

    /// What macOS told, if it did.
    private static func told(_ bytes: Int64) -> Int? { bytes < 0 ? nil : Int(bytes) }

    /// What the control groups (a container's, a service's and those above it) leave: the least of them.
    private static var groupRoom: Int? {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        return groupRoom(groups, below: "/sys/fs/cgroup")
    }

    /// What the control groups of a process leave, in bytes; nil without any limit.
    ///
    /// - Parameters:
    ///   - groups: what `/proc/PID/cgroup` holds. The line of version 2 is `0::PATH`.
    ///   - root: where the groups' files are.
    package static func groupRoom(_ groups: String, below root: String) -> Int? {
        let line = groups.split(separator: "\n").first { $0.hasPrefix("0::/") }
        var path = (line?.dropFirst(4).split(separator: "/").map(String.init) ?? []).filter { $0 != ".." }
        var least: Int?
        while true {
            let folder = ([root] + path).joined(separator: "/")
            if let limit = number(folder + "/memory.max"), let used = number(folder + "/memory.current") {
                // The group's page cache counts as used, and is given up when memory is wanted.
                let room = limit - used + (field("inactive_file", of: folder + "/memory.stat", unit: 1) ?? 0)
                least = min(least ?? room, room)
            }
            if path.popLast() == nil { return least }
        }
    }

    /// What the limit on the address space leaves.
    private static var addressRoom: Int? {
        var limit = rlimit()
        #if os(Linux)
            let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
        #else
            let resource = RLIMIT_AS
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(Int.max) else { return nil }
        return Int(limit.rlim_cur) - (field("VmSize", of: "/proc/self/status") ?? 0)
    }

    private static func number(_ file: String) -> Int? {
        (try? String(contentsOfFile: file, encoding: .utf8)).flatMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// A line `name value` or `name: value kB`.
    private static func field(_ name: String, of file: String, unit: Int = 1024) -> Int? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split { $0 == ":" || $0.isWhitespace }
            if words.count >= 2, words[0] == name, let value = Int(words[1]) { return value * unit }
        }
        return nil
    }
}
