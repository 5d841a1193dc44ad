import FlashU
public import Foundation
import Tensors

/// Short names for what an image depends on besides its settings: sixteen hex digits that stay the same wherever the files lie.
public enum ContentFingerprint {
    /// Of a model folder: names, sizes and contents of its configuration, tokenizer, weights and VAE. The calibration has its own.
    ///
    /// Of files above 4 MiB the first mebibyte, where names, shapes and types stand, and 63 blocks of 48 KiB spread over the rest are read: ten gigabytes
    /// take as long as a few megabytes, and a change of single weights between the blocks goes unseen.
    public static func of(model folder: URL) -> String {
        var hash = ContentHash()
        for file in ModelFiles.all(in: folder) where file.lastPathComponent != Calibration.fileName {
            add(file, to: &hash)
        }
        return hash.hex
    }

    /// Of a model folder's calibration, all of it; nil if it has none.
    public static func of(calibration folder: URL) -> String? {
        let file = folder.appendingPathComponent(Calibration.fileName)
        guard let data = try? Data(contentsOf: file, options: .mappedIfSafe) else { return nil }
        var hash = ContentHash()
        hash.add(data)
        return hash.hex
    }

    /// Of numbers, such as an image's noise `[channels, height, width]`, all of them.
    public static func of(_ values: [Float]) -> String {
        var hash = ContentHash()
        hash.add(values)
        return hash.hex
    }

    private static let whole: UInt64 = 4 << 20
    private static let head = 1 << 20
    private static let block = 48 << 10
    private static let blocks: UInt64 = 63

    private static func add(_ file: URL, to hash: inout ContentHash) {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return }
        defer { try? handle.close() }
        let size = (try? handle.seekToEnd()) ?? 0
        hash.add("\(file.lastPathComponent) \(size)")
        func read(at offset: UInt64, _ count: Int) {
            try? handle.seek(toOffset: offset)
            hash.add((try? handle.read(upToCount: count)) ?? Data())
        }
        guard size > whole else { return read(at: 0, Int(size)) }
        read(at: 0, head)
        // The last block ends with the file, where a torch archive has its directory.
        let room = size - UInt64(head) - UInt64(block)
        for i in 0..<blocks {
            let offset = i == blocks - 1 ? room : room / (blocks - 1) * i
            read(at: UInt64(head) + offset, block)
        }
    }
}
