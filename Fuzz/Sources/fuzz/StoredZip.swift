import Foundation
import Tensors

/// A zip archive with those entries, stored.
func storedZip(_ entries: [(String, Data)]) -> Data {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    var out = Data()
    var directory = Data()
    for (name, data) in entries {
        let checksum = data.withUnsafeBytes(CRC32.checksum)
        var common = bytes(UInt16(0)) + bytes(UInt32(0)) + bytes(checksum)
        common +=
            bytes(UInt32(data.count)) + bytes(UInt32(data.count)) + bytes(UInt16(name.utf8.count)) + bytes(UInt16(0))
        directory += bytes(UInt32(0x0201_4b50)) + bytes(UInt32(0)) + bytes(UInt16(0)) + common
        directory += [UInt8](repeating: 0, count: 10) + bytes(UInt32(out.count)) + Array(name.utf8)
        out += bytes(UInt32(0x0403_4b50)) + bytes(UInt32(0)) + common + Array(name.utf8)
        out += data
    }
    let start = UInt32(out.count)
    out += directory
    out += bytes(UInt32(0x0605_4b50)) + bytes(UInt32(0)) + bytes(UInt16(entries.count)) + bytes(UInt16(entries.count))
    out += bytes(UInt32(directory.count)) + bytes(start) + bytes(UInt16(0))
    return out
}

/// The entries of a sound archive.
func storedEntries(of file: MappedFile) throws -> [(name: String, range: Range<Int>)] {
    try ZipDirectory(file.bytes, file: file.name).entries.map {
        ($0.name, $0.byteOffset..<$0.byteOffset + $0.byteCount)
    }
}
