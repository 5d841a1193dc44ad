public import ArgumentParser
import Compute
import FlashU
public import FlashUServer
import Foundation
import Logging
import Pipelines

/// `flashu serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve a model to programs, by OpenAI's API.",
        discussion: """
            Listens on this machine only, unless --host says otherwise; give it keys then. What OpenAI's clients send works: \
            POST /v1/images/generations, POST /v1/chat/completions, GET /v1/models; /health says 503 until the model is loaded. \
            Requests take turns by small units, questions before drawings, clients in fair shares. The first SIGTERM or Ctrl-C lets running \
            requests end, the second ends the program.

            EXAMPLES
              flashu serve -m ~/models/show-o2-1.5B --alias gpt-image-1
              flashu serve --host 0.0.0.0 --api-key-file keys.txt --log-format json
              curl http://127.0.0.1:8080/v1/images/generations -H "Content-Type: application/json" -d '{"prompt": "a red circle"}'
            """)

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions

    @Option(help: ArgumentHelp("Address to listen on; 0.0.0.0 or :: = all.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("Port to listen on; 0 = a free one, which is told.", valueName: "port"))
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "Answer only who sends one of the keys in this file, one a line, as Authorization: Bearer KEY.",
            valueName: "file"), completion: .file())
    var apiKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "A further name by which this server is called while it listens on a loopback address (a proxy's); repeat for several.",
            valueName: "name"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "A further name for the model, such as gpt-image-1, by which clients ask for it; repeat for several.",
            valueName: "name"))
    var alias: [String] = []

    @Option(help: ArgumentHelp("Requests that are computed or wait, 1 to 10000; others get 429.", valueName: "n"))
    var maxQueue = 128

    @Option(
        help: ArgumentHelp(
            "Memory that all requests may take together, beside the weights. (default: what the system has)",
            valueName: "GB"))
    var memory: Double?

    @Option(
        help: ArgumentHelp(
            "Memory that keeps what was read of images for further questions; 0 = none.", valueName: "MB"))
    var imageCache = 512

    @Option(help: ArgumentHelp("Seconds that a request may take in all, 1 to 86400.", valueName: "s"))
    var requestTimeout = 1800

    @Option(help: ArgumentHelp("Seconds that running requests have to end after SIGTERM, 0 to 3600.", valueName: "s"))
    var drainTimeout = 30

    @Option(help: ArgumentHelp("Largest body of a request, 1 to 1024.", valueName: "MB"))
    var maxBody = 64

    @Flag(help: "Refuse sizes that the model can't draw, instead of drawing the nearest that it can.")
    var strictSize = false

    @Flag(help: "Serve no web page, the API alone.")
    var noPage = false

    @Option(help: ArgumentHelp("How the log is written: text or json, on standard error.", valueName: "form"))
    var logFormat = ServerLog.Form.text

    @Flag(help: "Write prompts and questions into the log.")
    var logPrompts = false

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be between 0 and 65535, not \(port).")
        }
        guard !host.isEmpty else { throw ValidationError("--host must be an address.") }
        for (name, value, range) in [
            ("--max-queue", maxQueue, 1...10_000), ("--request-timeout", requestTimeout, 1...86_400),
            ("--drain-timeout", drainTimeout, 0...3600), ("--max-body", maxBody, 1...1024),
            ("--image-cache", imageCache, 0...1_000_000),
        ] where !range.contains(value) {
            throw ValidationError("\(name) must be between \(range.lowerBound) and \(range.upperBound), not \(value).")
        }
        if let memory, !(memory > 0 && memory <= 1_000_000) {
            throw ValidationError("--memory must be above 0 GB and at most a million.")
        }
        for name in alias where name.isEmpty || name.utf8.count > 200 || name.contains(where: \.isNewline) {
            throw ValidationError("--alias must be a name of at most 200 characters on one line.")
        }
    }

    func run() async throws {
        var plan = FilePlan()
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder)
        for task in Calibration.Task.allCases { try folder.check(profile, for: task) }
        var settings = ServerSettings()
        if let keys = try plan.reads(apiKeyFile, "--api-key-file") as InputFile? {
            let list = String(decoding: try keys.data(limit: 1 << 20), as: UTF8.self)
            do {
                settings.keys = try APIKeys(list: list)
            } catch {
                throw CommandError("--api-key-file \(keys.shown): \(error)")
            }
        }
        try plan.check(prints: nil)
        (settings.host, settings.port) = (host, port)
        (settings.hostNames, settings.aliases) = (allowHost, alias)
        settings.maxQueue = maxQueue
        settings.memory = memory.map { Int($0 * 1e9) }
        settings.imageCacheBytes = imageCache * 1_000_000
        settings.requestSeconds = Double(requestTimeout)
        settings.drainSeconds = Double(drainTimeout)
        settings.maxBodyBytes = maxBody * 1_000_000
        settings.isStrictAboutSizes = strictSize
        settings.servesPage = !noPage
        settings.profile = profile
        settings.logsPrompts = logPrompts
        settings.notifySocket = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"]
        let logger = ServerLog.logger(logFormat)
        if !settings.isLoopback, settings.keys.isEmpty {
            logger.warning("anybody who reaches \(host) can use this server; give it keys with --api-key-file FILE")
        }
        let engine = engine
        let precision =
            try engine.namedPrecision ?? acceleration.precision(of: folder, for: .generation) ?? engine.precision
        let server = APIServer(folder, settings: settings, logger: logger) { progress in
            try await UnifiedModel.load(
                folder, precision: precision, threads: engine.threads, progress: progress)
        }
        try await server.run { [settings] port in logger.info("listening on http://\(settings.address(port: port))") }
        // Told to stop, it has: that is no failure.
        if Task.isCancelled { Interruption.leave(0) }
    }
}

extension ServerLog.Form: ExpressibleByArgument {}
