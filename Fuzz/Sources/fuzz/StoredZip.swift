import Foundation
import Tensors

/// A file to put into an archive, with its records prepared.
struct StoredEntry: Sendable {
    /// Local header and content.
    let local: [UInt8]
    /// The directory's record up to the offset, and after it.
    let record: [UInt8]
    let name: [UInt8]

    init(_ name: String, _ data: Data) {
        let contents = [UInt8](data)
        let checksum = contents.withUnsafeBytes(CRC32.checksum)
        var common = bytes(UInt16(0)) + bytes(UInt32(0))
        common += bytes(checksum)
        common += bytes(UInt32(contents.count)) + bytes(UInt32(contents.count))
        common += bytes(UInt16(name.utf8.count)) + bytes(UInt16(0))
        self.name = Array(name.utf8)
        local = bytes(UInt32(0x0403_4b50)) + bytes(UInt32(0)) + common + self.name + contents
        record =
            bytes(UInt32(0x0201_4b50)) + bytes(UInt32(0)) + bytes(UInt16(0)) + common + [UInt8](repeating: 0, count: 10)
    }
}

/// A zip archive with those entries, stored.
func storedZip(_ entries: [StoredEntry]) -> Data {
    var out: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
        directory += entry.record
        directory += bytes(UInt32(out.count))
        directory += entry.name
        out += entry.local
    }
    let start = UInt32(out.count)
    out += directory
    out += bytes(UInt32(0x0605_4b50)) + bytes(UInt32(0))
    out += bytes(UInt16(entries.count)) + bytes(UInt16(entries.count))
    out += bytes(UInt32(directory.count)) + bytes(start) + bytes(UInt16(0))
    return Data(out)
}

private func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

/// The entries of a sound archive.
func storedEntries(of file: MappedFile) throws -> [(name: String, range: Range<Int>)] {
    try ZipDirectory(file.bytes, file: file.name).entries.map {
        ($0.name, $0.byteOffset..<$0.byteOffset + $0.byteCount)
    }
}
