import FlashU
import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import Pipelines
import ServiceLifecycle

/// A server of one model: OpenAI's API for drawing and asking, and what clients and operators need beside it.
///
/// ```swift
/// let folder = try ModelFolder(URL(fileURLWithPath: "Models/shapes"))
/// let server = APIServer(folder, settings: .init(), logger: Logger(label: "flashu")) { progress in
///     try await UnifiedModel.load(folder, progress: progress)
/// }
/// try await server.run()
/// ```
///
/// It answers at once; what needs the model is refused with 503 until it is loaded. Cancelling the task that runs it lets running requests end, for
/// ``ServerSettings/drainSeconds`` at most.
public struct APIServer: Sendable {
    let settings: ServerSettings
    let resident: ResidentModel
    let logger: Logger
    let load: @Sendable (@escaping @Sendable (Double) -> Void) async throws -> UnifiedModel

    /// A server of the model in a folder.
    ///
    /// - Parameters:
    ///   - logger: told of requests, never of what is in them unless ``ServerSettings/logsPrompts`` says so.
    ///   - load: loads the model, telling the share that is loaded.
    public init(
        _ folder: ModelFolder, settings: ServerSettings, logger: Logger,
        load: @escaping @Sendable (@escaping @Sendable (Double) -> Void) async throws -> UnifiedModel
    ) {
        (self.settings, self.logger, self.load) = (settings, logger, load)
        resident = ResidentModel(folder)
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter listening: told the port once it is open.
    /// - Throws: what loading the model throws; ``ServerError``.
    public func run(listening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        TemporaryVideo.removeLeftovers()
        let service = APIService(settings: settings, resident: resident)
        let manager = ServiceManager(socket: settings.notifySocket, logger: logger)
        let responder = APIResponder(
            routes: Routes(service.routes), keys: settings.keys, hosts: HostRule(settings), memory: settings.memory,
            logger: logger, observe: { service.metrics.request($0, status: $1, seconds: $2) })
        let settings = settings
        let connections = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ClientConnection(), RequestWatch(.init(settings))],
            // Longer than a body may take, so that this is answered.
            idleTimeout: .milliseconds(Int64(settings.uploadSeconds * 2000)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: settings.maxHeaderBytes, maxHeaderListSize: settings.maxHeaderBytes,
                maxHeaderFieldCount: 100))
        let application = Application(
            responder: responder, server: .http1(configuration: connections),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.maxConnections)),
            onServerRunning: {
                listening($0.localAddress?.port ?? 0)
                manager.done(.listening)
            }, logger: quiet)
        let loading = ModelLoading(resident: resident, load: load, memory: settings.memory) { [logger] in
            logger.info("the model is loaded")
            manager.done(.loaded)
        }
        var configuration = ServiceGroupConfiguration(services: [loading, application, HeapTrimming()], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.drainSeconds)
        let group = ServiceGroup(configuration: configuration)
        try await withTaskCancellationHandler {
            // Not cancelled with this task: running requests end first.
            do {
                try await Task { try await group.run() }.value
            } catch let error as IOError {
                throw ServerError.address(address, reason: String(cString: strerror(error.errnoCode)).lowercased())
            } catch let error as SocketAddressError {
                throw ServerError.address(address, reason: "\(error)")
            } catch is SocketAddressError.UnknownHost {
                throw ServerError.address(address, reason: "no host of this name is known")
            }
        } onCancel: {
            logger.info("stopping; running requests have \(Int(settings.drainSeconds)) s to end")
            service.queue.drain()
            manager.stopping(seconds: settings.drainSeconds)
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// All paths of the API with their methods.
    package var paths: [String: Set<String>] {
        Dictionary(grouping: APIService(settings: settings, resident: resident).routes.filter(\.isOfAPI), by: \.path)
            .mapValues { Set($0.map(\.method.rawValue)) }
    }

    private var address: String { settings.address(port: settings.port) }

    /// The frameworks' own chatter is for those who look for it.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = logger.logLevel <= .debug ? logger.logLevel : .warning
        return quiet
    }
}
