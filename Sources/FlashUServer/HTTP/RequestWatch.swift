import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Tells the guard of a connection's bytes where requests and their answers begin and end.
///
/// A request that asks for another protocol is answered as if it had not, and is the last of its connection: what follows it is not read as HTTP.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let bytes: ConnectionGuard
    private var unanswered = 0
    private var isBodyComing = false
    private var isLast = false

    init(_ limits: ConnectionGuard.Limits) { bytes = ConnectionGuard(limits) }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(bytes, position: .first)
        } catch {
            // The connection ended before it began.
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request):
            unanswered += 1
            if request.headerFields[.upgrade] != nil { isLast = true }
            isBodyComing = true
            bytes.requestBegan()
        case .body: break
        case .end:
            isBodyComing = false
            if unanswered == 0 { bytes.restCame() }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var response) where isLast && unanswered == 1:
            response.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(response)), promise: promise)
        case .end where unanswered > 0:
            context.write(data, promise: promise)
            unanswered -= 1
            guard unanswered == 0 else { return }
            bytes.answered(isRead: !isBodyComing, context)
            guard isLast else { return }
            context.flush()
            context.close(mode: .output, promise: nil)
        default: context.write(data, promise: promise)
        }
    }
}
