package import Foundation

/// A short name for contents: 64 bits, eight bytes a step. It tells contents apart; it is no proof against forgery.
package struct ContentHash {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var count: UInt64 = 0

    package init() {}

    /// Adds bytes. Where one piece ends and the next begins is part of what is hashed.
    package mutating func add(_ data: Data) {
        data.withUnsafeBytes { add($0) }
    }

    /// Adds a text's UTF-8.
    package mutating func add(_ text: String) { add(Data(text.utf8)) }

    /// Adds numbers.
    package mutating func add(_ values: [Float]) { values.withUnsafeBytes { add($0) } }

    /// Sixteen hex digits for all that was added.
    package var hex: String {
        var mixed = state ^ count
        mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
        let digits = String(mixed ^ mixed >> 33, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        while bytes.count - at >= 8 {
            step(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        var rest: UInt64 = 0
        for i in at..<bytes.count { rest = rest << 8 | UInt64(bytes[i]) }
        step(rest)
        step(UInt64(bytes.count))
        count &+= UInt64(bytes.count) &+ 1
    }

    private mutating func step(_ word: UInt64) {
        let mixed = state ^ word &* 0x9fb2_1c65_1e98_df25
        state = (mixed << 29 | mixed >> 35) &* 0x9e37_79b1_85eb_ca87 &+ 0x52dc_e729
    }
}
