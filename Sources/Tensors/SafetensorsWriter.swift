public import Foundation

/// Writes safetensors files, whole or not at all.
public enum SafetensorsWriter {
    /// Writes tensors to a file. Elements go straight from the tensors' memory to the disk.
    ///
    /// The elements begin on a multiple of 64 bytes (the header is padded with spaces) and wider types come first, so
    /// that every tensor can be read back without a copy. Contents first go to a temporary file beside the target,
    /// which then takes its name: whoever looks sees the old file or the new one. The same input makes the same bytes.
    ///
    /// - Parameters:
    ///   - tensors: names and tensors, each name once.
    ///   - metadata: notes to keep in the file.
    ///   - url: where to; an existing file is replaced.
    /// - Throws: ``WeightError/unwritable(file:reason:)``; then nothing is left behind.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
    ) throws(WeightError) {
        let path = url.path
        let ordered = tensors.enumerated()
            .sorted { ($1.element.tensor.dtype.size, $0.offset) < ($0.element.tensor.dtype.size, $1.offset) }
            .map(\.element)
        let header = try header(ordered, metadata: metadata, file: path)
        try writeAtomically(to: path) { descriptor throws(WeightError) in
            try header.withUnsafeBytesTyped { bytes throws(WeightError) in
                try writeAll(bytes, to: descriptor, file: path)
            }
            for (_, tensor) in ordered {
                try writeAll(
                    UnsafeRawBufferPointer(start: tensor.pointer, count: tensor.byteCount), to: descriptor, file: path)
            }
        }
    }

    private static func header(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String], file: String
    ) throws(WeightError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let notes = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(notes.joined(separator: ","))}")
        }
        var seen: Set<String> = ["__metadata__"]
        var offset = 0
        for (name, tensor) in tensors {
            guard seen.insert(name).inserted else {
                throw .unwritable(file: file, reason: "two tensors would be called '\(name)'")
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quoted(name)):{\"dtype\":\"\(tensor.dtype.safetensorsCode)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(offset + tensor.byteCount)]}")
            offset += tensor.byteCount
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        text += [UInt8](repeating: UInt8(ascii: " "), count: (64 - (8 + text.count) % 64) % 64)
        guard text.count <= SafetensorsHeader.maxHeaderBytes else {
            throw .unwritable(file: file, reason: "too many tensors for one file")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// Lets `body` fill a temporary file beside `path`, flushes it to the disk, and gives it the name.
    private static func writeAtomically(
        to path: String, _ body: (Int32) throws(WeightError) -> Void
    ) throws(WeightError) {
        func fail() -> WeightError { .unwritable(file: path, reason: systemMessage()) }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw .unwritable(file: path, reason: "something that is no regular file has that name")
        }
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().path
        // Created by name, not with mkstemp, so that the process's umask applies.
        var temporary = ""
        var descriptor: Int32 = -1
        for _ in 0..<16 where descriptor < 0 {
            temporary = "\(folder)/.\(url.lastPathComponent.prefix(60)).\(UInt64.random(in: 0...(.max)))"
            descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor < 0, errno != EEXIST { break }
        }
        guard descriptor >= 0 else { throw fail() }
        var isOpen = true
        do throws(WeightError) {
            try body(descriptor)
            guard fsync(descriptor) == 0 else { throw fail() }
            isOpen = false
            guard close(descriptor) == 0, rename(temporary, path) == 0 else { throw fail() }
        } catch {
            if isOpen { close(descriptor) }
            unlink(temporary)
            throw error
        }
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    private static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, file: String
    ) throws(WeightError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = Foundation.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(file: file, reason: systemMessage()) }
            done += count
        }
    }
}

extension [UInt8] {
    fileprivate func withUnsafeBytesTyped(
        _ body: (UnsafeRawBufferPointer) throws(WeightError) -> Void
    ) throws(WeightError) {
        var failure: WeightError?
        withUnsafeBytes { bytes in
            do throws(WeightError) { try body(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
