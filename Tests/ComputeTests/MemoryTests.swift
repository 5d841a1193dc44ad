import Foundation
import Tensors
import Testing

import Compute

/// Memory that can't be had: an error where a caller can be told, else one line on standard error and status 1; never a trap or a core dump.
@Suite struct MemoryTests {
    static func line(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test func aTensorLargerThanTheAddressSpace() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [1 << 46])
        }
        #expect(Self.line(result).hasSuffix("out of memory: 281474977 MB more were needed\n"))
    }

    /// Its size is no number.
    @Test func aTensorOfMoreBytesThanCanBeCounted() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [1 << 40, 1 << 40])
        }
        #expect(Self.line(result).contains("out of memory: "))
    }

    @Test func scratchMemory() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            _ = OutOfMemory.scratch(1 << 50)
        }
        #expect(Self.line(result).contains("out of memory: "))
    }

    /// Under a limit, as `ulimit -v` sets it. (Sanitizers need all address space themselves.)
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FLASHU_SANITIZED"] == nil))
    func aLimitedProcess() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            // Threads and libraries are there already: 64 MB more than now, of which a network's pass takes hold bit by bit.
            let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            let used = (pages.first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
            var limit = rlimit(rlim_cur: rlim_t(used + 64 << 20), rlim_max: rlim_t(used + 64 << 20))
            _ = setrlimit(__rlimit_resource_t(9), &limit)  // RLIMIT_AS
            let workspace = Workspace()
            for i in 0..<1000 { workspace.tensor("\(i)", [1 << 18]).fill(1) }
        }
        #expect(Self.line(result).contains("out of memory: 2 MB more were needed"))
    }

    @Test func packingThrows() throws {
        #expect(throws: ComputeError.memory(bytes: 1 << 50)) { try Tensor(loading: [1 << 48]) }
        #expect(throws: ComputeError.memory(bytes: .max)) { try Tensor(loading: [.max, 2]) }
        #expect(ComputeError.memory(bytes: 1_500_000).description == "out of memory: 2 MB more were needed")
    }
}
