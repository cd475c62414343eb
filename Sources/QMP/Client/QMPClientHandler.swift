import NIOCore
import QAPI

/// Cuts what the server sends into messages.
final class QMPClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let exchange: QMPExchange
    private var parser = JSONParser()

    init(exchange: QMPExchange) { self.exchange = exchange }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data).readableBytesView)
        while let outcome = parser.next() {
            switch outcome {
            case .success(let message) where exchange.receive(message): break
            case .success(let message):
                return fail(.notQMP("unexpected message \(message.description.prefix(200))"), context)
            case .failure(let error): return fail(.notQMP(error.description), context)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange.close()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func fail(_ error: QMPClientError, _ context: ChannelHandlerContext) {
        exchange.close(error)
        context.close(promise: nil)
    }
}
