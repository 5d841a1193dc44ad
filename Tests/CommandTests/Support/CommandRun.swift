import Foundation
import Testing

/// One finished run of the `flashu` binary as a process of its own.
struct CommandRun {
    /// The exit status, or nil if a signal ended it.
    let status: Int32?
    /// The signal that ended it.
    let signal: Int32?
    let output: String
    /// The bytes on standard output.
    let outputData: Data
    let errors: String
    /// Whether it was killed for taking too long.
    let timedOut: Bool

    /// The lines on standard error.
    var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: true) }

    /// Memory that a run may take: address space in KiB. The threads' stacks and arenas are counted too.
    static let memoryLimit = 4 << 20

    /// Runs `flashu` and waits for its end.
    ///
    /// - Parameters:
    ///   - folder: the working directory.
    ///   - input: what standard input holds; nil = nothing.
    ///   - closedOutput: whether standard output is a pipe that nobody reads any more.
    ///   - limits: a shell command that runs first, such as `ulimit -f 100`.
    ///   - whileRunning: called with the process id after the start.
    static func flashu(
        _ arguments: [String], in folder: URL, input: Data? = nil, closedOutput: Bool = false, timeout: Double = 120,
        environment: [String: String] = [:], limits: String = ":", whileRunning: ((pid_t) -> Void)? = nil
    ) throws -> CommandRun {
        let captured = FileManager.default.temporaryDirectory.appendingPathComponent("flashu-io-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: captured, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: captured) }
        let (out, err) = (captured.appendingPathComponent("out").path, captured.appendingPathComponent("err").path)

        let source = input == nil ? "/dev/null" : captured.appendingPathComponent("in").path
        try input?.write(to: URL(fileURLWithPath: source))

        // The shell sets limits and folder; exec makes flashu take its place, process id included.
        let script =
            "\(limits); ulimit -c 0; ulimit -v \(memoryLimit) 2>/dev/null; cd \"$1\" || exit 99; shift; exec \"$@\""
        let words = ["/bin/sh", "-c", script, "sh", folder.path, try binary().path] + arguments
        var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if environment["FLASHU_MODEL"] == nil { variables["FLASHU_MODEL"] = nil }
        let pid = try spawn(words, variables, input: source, out: closedOutput ? nil : out, err: err)
        whileRunning?(pid)

        var status: Int32 = 0
        var timedOut = false
        let end = Date(timeIntervalSinceNow: timeout)
        while waitpid(pid, &status, WNOHANG) == 0 {
            if Date() > end, !timedOut {
                timedOut = true
                kill(pid, SIGKILL)
            }
            usleep(2000)
        }
        let signal = status & 0x7f
        let read = { (path: String) in FileManager.default.contents(atPath: path) ?? Data() }
        let written = closedOutput ? Data() : read(out)
        return CommandRun(
            status: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal,
            output: String(decoding: written, as: UTF8.self), outputData: written,
            errors: String(decoding: read(err), as: UTF8.self), timedOut: timedOut)
    }

    /// The binary that was built together with these tests.
    static func binary() throws -> URL {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        #if DEBUG
            let configuration = "debug"
        #else
            let configuration = "release"
        #endif
        let candidates = [
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
            Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
            root.appendingPathComponent(".build/\(configuration)"),
        ].map { $0.appendingPathComponent("flashu") }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }, "flashu has not been built")
    }

    /// Starts a process with default signal handling, whatever the test runner inherited.
    private static func spawn(
        _ words: [String], _ environment: [String: String], input: String, out: String?, err: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT, 0o600)
        var pipeEnds: [Int32] = [-1, -1]
        if let out {
            posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT, 0o600)
        } else {
            guard pipe(&pipeEnds) == 0 else { throw POSIXError(.EPIPE) }
            close(pipeEnds[0])
            posix_spawn_file_actions_adddup2(&actions, pipeEnds[1], 1)
        }
        defer { if pipeEnds[1] >= 0 { close(pipeEnds[1]) } }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let argv = words.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, argv, envp)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return pid
    }
}
