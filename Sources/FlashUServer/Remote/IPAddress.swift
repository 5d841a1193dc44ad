import Foundation

/// An internet address, of four or sixteen bytes.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// In network order.
    package let bytes: [UInt8]

    /// The address that a text names, in the usual form only (`127.1` is none); nil for any other text.
    package init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: &v4) { Array($0) }
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bytes = withUnsafeBytes(of: &v6) { Array($0) }
        } else {
            return nil
        }
    }

    /// The address of a socket; nil for one that is none of the internet's.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// As it is written, such as `192.0.2.1` or `2001:db8::1`.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is one of the public internet: none of this machine, of a private network, of a link, of a provider's inside, of documentation, of
    /// many at once, or set aside, nor a form of IPv6 that leads to one of these.
    ///
    /// After IANA's registries of special-purpose addresses (RFC 6890 and its successors). Of IPv6 only what is given out (`2000::/3`) is public, and
    /// of what translates to IPv4 only `64:ff9b::/96` (RFC 6052) and `::ffff:0:0/96`, where the address within is; tunnels (6to4, Teredo) are not.
    package var isPublic: Bool {
        guard bytes.count == 16 else { return !Self.special4.contains { $0.holds(bytes) } }
        if let inner = Self.translated.first(where: { $0.holds(bytes) }).map({ _ in Array(bytes.suffix(4)) }) {
            return IPAddress(bytes: inner).isPublic
        }
        return Self.given.holds(bytes) && !Self.special6.contains { $0.holds(bytes) }
    }

    /// Addresses that begin alike.
    private struct Block: Sendable {
        let beginning: [UInt8]
        let bits: Int

        init(_ bits: Int, _ beginning: UInt8...) { (self.bits, self.beginning) = (bits, beginning) }

        func holds(_ address: [UInt8]) -> Bool {
            for bit in 0..<bits {
                let (byte, mask) = (bit / 8, UInt8(0x80) >> UInt8(bit % 8))
                let wanted = byte < beginning.count ? beginning[byte] : 0
                if (address[byte] ^ wanted) & mask != 0 { return false }
            }
            return true
        }
    }

    private static let special4 = [
        Block(8, 0), Block(8, 10), Block(10, 100, 64), Block(8, 127), Block(16, 169, 254), Block(12, 172, 16),
        Block(24, 192, 0, 0), Block(24, 192, 0, 2), Block(24, 192, 88, 99), Block(16, 192, 168), Block(15, 198, 18),
        Block(24, 198, 51, 100), Block(24, 203, 0, 113), Block(4, 224), Block(4, 240),
    ]
    private static let given = Block(3, 0x20)
    private static let special6 = [
        // What protocols use, Teredo and benchmarks among it; documentation, twice; 6to4.
        Block(23, 0x20, 0x01, 0x00), Block(32, 0x20, 0x01, 0x0D, 0xB8), Block(20, 0x3F, 0xFF),
        Block(16, 0x20, 0x02),
    ]
    private static let translated = [
        Block(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF), Block(96, 0x00, 0x64, 0xFF, 0x9B),
    ]
}
