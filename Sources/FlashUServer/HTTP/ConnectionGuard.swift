import NIOCore

/// Looks after the bytes of one connection, below HTTP:
///
/// - A client that takes nothing of what is sent to it is hung up on, which frees the work that was done for it.
/// - A head that takes too long, or the rest of a body that nobody reads any more, ends the connection.
/// - When the server has said its last word it goes on to read for a while, and forgets what it reads: a connection that is closed while bytes are on
///   their way is reset by the system, and the client may lose the answer, which says what was wrong with them (RFC 9112, 9.6; nginx calls it
///   `lingering_close`).
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = NIOAny

    /// How long things may take.
    struct Limits: Sendable {
        /// For a head, or the rest of a body that is not read.
        var upload = TimeAmount.seconds(60)
        /// In which a client must take ``Limits/least`` of what waits for it.
        var write = TimeAmount.seconds(60)
        /// Bytes.
        let least = 16 << 10
        /// After the last word, without a byte.
        let quiet = TimeAmount.seconds(5)
        /// After the last word, in all.
        let linger = TimeAmount.seconds(30)
        /// Bytes that are forgotten after the last word.
        let forgotten = 256 << 20
        /// Bytes that the system keeps for the client. A large buffer would hide that nobody reads.
        let systemBuffer: ChannelOptions.Types.SocketOption.Value = 128 << 10
    }

    private let limits: Limits
    private var timer: Scheduled<Void>?
    /// When what the client is sending must be there.
    private var expected: NIODeadline?
    /// Bytes that were written, and the state of things at the beginning of the time in which more must be taken.
    private var written = 0
    private var window: (begin: NIODeadline, taken: Int)?
    /// After the last word: its time, that of the last byte since, and bytes since.
    private var lingering: (begin: NIODeadline, last: NIODeadline, bytes: Int)?
    /// Whether what comes belongs to no request yet.
    private var isBetweenRequests = true

    init(_ limits: Limits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: limits.systemBuffer)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    // MARK: What HTTP tells

    /// A request's head is complete.
    func requestBegan() {
        isBetweenRequests = false
        expected = nil
    }

    /// All requests that began are answered.
    ///
    /// - Parameter isRead: whether all of their bodies have come.
    func answered(isRead: Bool, _ context: ChannelHandlerContext) {
        isBetweenRequests = isRead
        if !isRead { expect(context) }
    }

    /// The body has come whose answer was there before.
    func restCame() {
        isBetweenRequests = true
        expected = nil
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard lingering == nil else {
            lingering?.last = .now()
            lingering?.bytes += unwrapInboundIn(data).readableBytes
            return
        }
        if isBetweenRequests, expected == nil { expect(context) }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody else asks for what is forgotten.
        if lingering != nil { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if lingering != nil, let event = event as? ChannelEvent, event == .inputClosed { end(context) }
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let before = waiting(context)
        if window == nil { window = (.now(), written - before) }
        context.write(data, promise: promise)
        written += waiting(context) - before
        schedule(context)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output, lingering == nil {
            lingering = (.now(), .now(), 0)
            expected = nil
            schedule(context)
            context.read()
        }
        context.close(mode: mode, promise: promise)
    }

    // MARK: Time

    /// Bytes that wait to be taken by the system.
    private func waiting(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func expect(_ context: ChannelHandlerContext) {
        expected = .now() + limits.upload
        schedule(context)
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if let expected, now >= expected { return end(context) }
        if let lingering {
            guard now - lingering.last < limits.quiet, now - lingering.begin < limits.linger,
                lingering.bytes < limits.forgotten
            else { return end(context) }
        }
        if let window {
            let waiting = waiting(context)
            let taken = written - waiting
            if waiting == 0 {
                self.window = nil
            } else if taken >= window.taken + limits.least {
                self.window = (now, taken)
            } else if now - window.begin >= limits.write {
                return end(context)
            }
        }
        schedule(context)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        guard timer == nil, expected != nil || lingering != nil || window != nil, context.channel.isActive else {
            return
        }
        let pause = min(
            TimeAmount.seconds(1), TimeAmount.nanoseconds(min(limits.upload, limits.write).nanoseconds / 4))
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in
            self?.timer = nil
            self?.look(context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        stop()
        context.close(promise: nil)
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        (expected, window) = (nil, nil)
    }
}

extension ConnectionGuard.Limits {
    init(_ settings: ServerSettings) {
        upload = .milliseconds(Int64(settings.uploadSeconds * 1000))
        write = .milliseconds(Int64(settings.writeSeconds * 1000))
    }
}
