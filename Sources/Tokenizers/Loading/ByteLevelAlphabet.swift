/// GPT-2's way to write any byte as a printable character: printable Latin-1 stands for itself, the other 68 bytes for
/// U+0100 and up. A token's name in `tokenizer.json` is written in it.
enum ByteLevelAlphabet {
    /// The character of every byte.
    static let scalars: [UInt32] = {
        var scalars: [UInt32] = []
        var next: UInt32 = 0x100
        for byte in UInt32(0)...255 {
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xFF).contains(byte) && byte != 0xAD
            scalars.append(isPrintable ? byte : next)
            if !isPrintable { next += 1 }
        }
        return scalars
    }()

    /// The byte of every character below U+0144, negative for the others.
    private static let byteOfScalar: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// Turns the name that `buffer` ends with, from `start` on, into the bytes it stands for; leaves it as it is and
    /// returns false when it has a character from outside the alphabet.
    ///
    /// - Precondition: the name is valid UTF-8.
    static func replaceName(in buffer: inout [UInt8], from start: Int) -> Bool {
        let table = byteOfScalar
        var index = start
        while index < buffer.count {
            let (scalar, width) = UTF8Text.scalar(buffer, at: index)
            guard scalar < 0x144, table[Int(scalar)] >= 0 else { return false }
            index += width
        }
        var end = start
        index = start
        while index < buffer.count {
            let (scalar, width) = UTF8Text.scalar(buffer, at: index)
            buffer[end] = UInt8(truncatingIfNeeded: table[Int(scalar)])
            end += 1
            index += width
        }
        buffer.removeLast(buffer.count - end)
        return true
    }

    /// The name of some bytes.
    static func name(of bytes: ArraySlice<UInt8>) -> String {
        var name: [UInt8] = []
        for byte in bytes { UTF8Text.append(scalars[Int(byte)], to: &name) }
        return String(decoding: name, as: UTF8.self)
    }
}
