import Foundation
import Synchronization

/// A web site on a loopback address that sends whatever bytes a test likes, a thread for each connection.
final class StubSite: Sendable {
    let port: Int
    private let listener: Int32
    private let requests = Mutex<[String]>([])

    /// The heads of all requests that came.
    var heads: [String] { requests.withLock { $0 } }

    /// One connection, after its request's head was read.
    struct Visitor: Sendable {
        let path: String
        /// The site's own port.
        let port: Int
        fileprivate let descriptor: Int32

        /// Sends bytes; false once the other side takes no more.
        @discardableResult
        func send(_ bytes: Data) -> Bool {
            var rest = bytes
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        @discardableResult
        func send(_ text: String) -> Bool { send(Data(text.utf8)) }

        /// An answer with a body.
        func answer(_ body: Data, type: String = "image/png", status: String = "200 OK", headers: String = "") {
            send("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(headers)\r\n")
            send(body)
        }

        /// An answer that leads elsewhere.
        func redirect(_ location: String) {
            answer(Data(), status: "302 Found", headers: "Location: \(location)\r\n")
        }
    }

    /// - Parameter answer: answers one request; the connection is closed after it.
    init(_ answer: @escaping @Sendable (Visitor) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard result else { throw POSIXError(.EADDRNOTAVAIL) }
        let port = Int(in_port_t(bigEndian: address.sin_port))
        (self.listener, self.port) = (listener, port)
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                Thread.detachNewThread { [self] in
                    defer { close(descriptor) }
                    var head = Data()
                    var byte = UInt8(0)
                    while head.count < 20_000, head.suffix(4) != Data("\r\n\r\n".utf8) {
                        guard recv(descriptor, &byte, 1, 0) == 1 else { return }
                        head.append(byte)
                    }
                    let text = String(decoding: head, as: UTF8.self)
                    requests.withLock { $0.append(text) }
                    let words = text.split(separator: " ")
                    answer(Visitor(path: words.count > 1 ? String(words[1]) : "", port: port, descriptor: descriptor))
                }
            }
        }
    }

    /// Takes no more connections.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}
