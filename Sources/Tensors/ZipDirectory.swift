/// The entries of a zip archive whose files are stored, not compressed, as `torch.save` writes them.
///
/// Sources: PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3. Because nothing is ever inflated and entries may not
/// overlap, an archive can't claim more content than it has bytes: there is no zip bomb to fear.
package struct ZipDirectory {
    /// A stored file.
    package struct Entry {
        package let name: String
        /// Of the first byte of content, from the start of the file.
        package fileprivate(set) var byteOffset: Int
        package let byteCount: Int
        package let checksum: UInt32
        fileprivate let headerOffset: Int
        fileprivate let flags: UInt16
    }

    /// In the order of their content.
    package private(set) var entries: [Entry] = []

    static let maxEntries = 500_000

    private let bytes: UnsafeRawBufferPointer
    private let file: String

    /// Reads and checks the directory of an archive.
    package init(_ bytes: UnsafeRawBufferPointer, file: String) throws(WeightError) {
        self.bytes = bytes
        self.file = file
        let directory = try findDirectory()
        var at = directory.offset
        entries.reserveCapacity(directory.count)
        for _ in 0..<directory.count {
            let (entry, length) = try centralEntry(at: at, end: directory.offset + directory.size)
            entries.append(entry)
            at += length
        }
        try checkLayout(directoryOffset: directory.offset)
    }

    private func damaged(_ reason: String) -> WeightError { .damaged(file: file, reason: reason) }

    private func u16(_ at: Int) -> Int? { bytes.littleEndian(UInt16.self, at: at).map { Int($0) } }
    private func u32(_ at: Int) -> Int? { bytes.littleEndian(UInt32.self, at: at).map { Int($0) } }
    private func u64(_ at: Int) -> Int? { bytes.littleEndian(UInt64.self, at: at).flatMap { Int(exactly: $0) } }

    // MARK: The directory

    /// Where the central directory lies and how many entries it has; end-of-directory records in both sizes.
    private func findDirectory() throws(WeightError) -> (offset: Int, size: Int, count: Int) {
        let last = bytes.count - 22
        guard last >= 0, let end = stride(from: last, through: max(0, last - 65_535), by: -1).first(where: isEnd) else {
            throw damaged("its zip directory, which stands at the end, is missing")
        }
        guard let disk = u16(end + 4), let diskOfDirectory = u16(end + 6), let countHere = u16(end + 8),
            var count = u16(end + 10), var size = u32(end + 12), var offset = u32(end + 16)
        else { throw damaged("its zip directory is cut off") }
        var limit = end
        if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
            let locator = end - 20
            guard u32(locator) == 0x0706_4b50, let end64 = u64(locator + 8), end64 <= locator - 56,
                u32(end64) == 0x0606_4b50, let count64 = u64(end64 + 32), let size64 = u64(end64 + 40),
                let offset64 = u64(end64 + 48), u32(end64 + 16) == 0, u32(end64 + 20) == 0, u64(end64 + 24) == count64
            else { throw damaged("its zip64 directory is missing or wrong") }
            (count, size, offset, limit) = (count64, size64, offset64, end64)
        } else {
            guard disk == 0, diskOfDirectory == 0, countHere == count else {
                throw .unsupported(file: file, reason: "it is a zip archive in several volumes")
            }
        }
        guard count <= Self.maxEntries, count * 46 <= size else {
            throw damaged("its zip directory claims \(count) entries in \(size) bytes")
        }
        guard offset <= limit, size <= limit - offset else { throw damaged("its zip directory lies outside the file") }
        return (offset, size, count)
    }

    private func isEnd(_ at: Int) -> Bool {
        guard u32(at) == 0x0605_4b50, let comment = u16(at + 20) else { return false }
        return at + 22 + comment == bytes.count
    }

    private func centralEntry(at: Int, end: Int) throws(WeightError) -> (Entry, length: Int) {
        guard at + 46 <= end, u32(at) == 0x0201_4b50, let flags = u16(at + 8), let method = u16(at + 10),
            let checksum = u32(at + 16), var packed = u32(at + 20), var unpacked = u32(at + 24),
            let nameLength = u16(at + 28), let extraLength = u16(at + 30), let commentLength = u16(at + 32),
            var disk = u16(at + 34), var header = u32(at + 42)
        else { throw damaged("its zip directory is cut off or overwritten") }
        let length = 46 + nameLength + extraLength + commentLength
        guard at + length <= end, let nameBytes = bytes.slice(at + 46, nameLength) else {
            throw damaged("its zip directory is cut off")
        }
        guard let name = String(validating: nameBytes, as: UTF8.self), !name.isEmpty else {
            throw damaged("a name in its zip directory is no text")
        }
        if unpacked == 0xffff_ffff || packed == 0xffff_ffff || header == 0xffff_ffff || disk == 0xffff {
            guard var field = zip64Field(at + 46 + nameLength, extraLength) else {
                throw damaged("the zip64 sizes of '\(name)' are missing")
            }
            func next(_ value: inout Int, ifEqual marker: Int, bytes count: Int) throws(WeightError) {
                guard value == marker else { return }
                guard field.length >= count, let wide = count == 8 ? u64(field.at) : u32(field.at) else {
                    throw damaged("the zip64 sizes of '\(name)' are cut off")
                }
                value = wide
                field = (field.at + count, field.length - count)
            }
            try next(&unpacked, ifEqual: 0xffff_ffff, bytes: 8)
            try next(&packed, ifEqual: 0xffff_ffff, bytes: 8)
            try next(&header, ifEqual: 0xffff_ffff, bytes: 8)
            try next(&disk, ifEqual: 0xffff, bytes: 4)
        }
        guard flags & 1 == 0 else { throw .unsupported(file: file, reason: "its entry '\(name)' is encrypted") }
        guard method == 0 else {
            throw .refused(
                file: file,
                reason: "its entry '\(name)' is compressed, and torch.save never compresses; unpack it and save it anew"
            )
        }
        guard disk == 0, packed == unpacked else {
            throw damaged("the sizes of its entry '\(name)' contradict each other")
        }
        let entry = Entry(
            name: name, byteOffset: 0, byteCount: unpacked, checksum: UInt32(checksum), headerOffset: header,
            flags: UInt16(flags))
        return (entry, length)
    }

    /// The zip64 field among the extra fields.
    private func zip64Field(_ at: Int, _ length: Int) -> (at: Int, length: Int)? {
        var at = at
        let end = at + length
        while at + 4 <= end, let id = u16(at), let size = u16(at + 2), at + 4 + size <= end {
            if id == 1 { return (at + 4, size) }
            at += 4 + size
        }
        return nil
    }

    // MARK: The entries

    /// Finds each entry's content, behind its local header, and refuses overlaps and equal names.
    private mutating func checkLayout(directoryOffset: Int) throws(WeightError) {
        entries.sort { $0.headerOffset < $1.headerOffset }
        var names = Set<String>(minimumCapacity: entries.count)
        for i in entries.indices {
            let entry = entries[i]
            guard names.insert(entry.name).inserted else { throw damaged("it has two entries named '\(entry.name)'") }
            let end = i + 1 < entries.count ? entries[i + 1].headerOffset : directoryOffset
            let content = try contentOffset(entry)
            guard end <= directoryOffset, content <= end, entry.byteCount <= end - content else {
                throw damaged("its entry '\(entry.name)' overlaps what follows it")
            }
            entries[i].byteOffset = content
        }
    }

    private func contentOffset(_ entry: Entry) throws(WeightError) -> Int {
        let at = entry.headerOffset
        guard at <= bytes.count - 30, u32(at) == 0x0403_4b50, let flags = u16(at + 6), let method = u16(at + 8),
            let packed = u32(at + 18), let unpacked = u32(at + 22), let nameLength = u16(at + 26),
            let extraLength = u16(at + 28), let name = bytes.slice(at + 30, nameLength)
        else { throw damaged("its entry '\(entry.name)' does not begin where the directory says") }
        guard method == 0, flags & 1 == 0, name.elementsEqual(entry.name.utf8) else {
            throw damaged("its entry '\(entry.name)' and the directory contradict each other")
        }
        // Bit 3: sizes follow the content. 0xffffffff: sizes stand in an extra field.
        for size in [packed, unpacked] where flags & 8 == 0 && size != 0xffff_ffff && size != entry.byteCount {
            throw damaged("its entry '\(entry.name)' and the directory disagree about its size")
        }
        return at + 30 + nameLength + extraLength
    }
}
