/// CRC-32 as zip archives use it (reflected polynomial 0xEDB88320), eight bytes a step.
package enum CRC32 {
    /// `tables[k][b]`: the effect of byte `b` followed by `k` zero bytes; flattened.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
            tables[byte] = crc
        }
        for k in 1..<8 {
            for byte in 0..<256 {
                let previous = tables[(k - 1) * 256 + byte]
                tables[k * 256 + byte] = previous >> 8 ^ tables[Int(previous & 0xff)]
            }
        }
        return tables
    }()

    /// The checksum of all bytes.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc: UInt32 = ~0
            var at = 0
            while bytes.count - at >= 8 {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ UInt64(crc)
                var next: UInt32 = 0
                for k in 0..<8 { next ^= table[(7 - k) * 256 + Int(word >> (8 * UInt64(k)) & 0xff)] }
                crc = next
                at += 8
            }
            while at < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[at])) & 0xff)]
                at += 1
            }
            return ~crc
        }
    }
}
