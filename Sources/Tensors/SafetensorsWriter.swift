public import Foundation

/// Writes safetensors files, whole or not at all.
public enum SafetensorsWriter {
    /// Writes tensors to a file. Elements go straight from the tensors' memory to the disk.
    ///
    /// The elements begin on a multiple of 64 bytes (the header is padded with spaces) and wider types come first, so
    /// that every tensor can be read back without a copy. The file is written as `AtomicFile` does: whoever looks sees
    /// the old file or the new one. The same input makes the same bytes.
    ///
    /// - Parameters:
    ///   - tensors: names and tensors, each name once.
    ///   - metadata: notes to keep in the file.
    ///   - url: where to; an existing file is replaced.
    /// - Throws: ``WeightError/unwritable(file:reason:)``; then nothing is left behind.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
    ) throws(WeightError) {
        let infos = tensors.map { ($0.name, TensorInfo(shape: $0.tensor.shape, dtype: $0.tensor.dtype)) }
        do {
            try write(infos, metadata: metadata, to: url) { tensors[$0].tensor }
        } catch let error as WeightError {
            throw error
        } catch {
            throw .unwritable(file: url.path, reason: "\(error)")
        }
    }

    /// Writes tensors that are made one by one while the file is written, so that no two of them need to be in memory.
    ///
    /// - Parameters:
    ///   - tensors: names, shapes and types, each name once.
    ///   - metadata: notes to keep in the file.
    ///   - url: where to; an existing file is replaced.
    ///   - make: makes the tensor of that index; called once for each, wider types first. It may throw to stop.
    /// - Throws: ``WeightError/unwritable(file:reason:)`` or what `make` threw; then nothing is left behind.
    public static func write(
        _ tensors: [(name: String, info: TensorInfo)], metadata: [String: String] = [:], to url: URL,
        make: (Int) throws -> Tensor
    ) throws {
        let path = url.path
        let order = tensors.indices.sorted {
            (tensors[$1].info.dtype.size, $0) < (tensors[$0].info.dtype.size, $1)
        }
        let header = try header(order.map { tensors[$0] }, metadata: metadata, file: path)
        do {
            try AtomicFile.write(to: url, allowsDevices: false) { output in
                try header.withUnsafeBytes { try output.write($0) }
                for index in order {
                    let tensor = try make(index)
                    let info = tensors[index].info
                    precondition(
                        tensor.shape == info.shape && tensor.dtype == info.dtype, "another tensor than announced")
                    try tensor.withUnsafeBytes { try output.write($0) }
                }
            }
        } catch let failure as AtomicFile.Failure {
            throw WeightError.unwritable(file: path, reason: failure.reason)
        }
    }

    private static func header(
        _ tensors: [(name: String, info: TensorInfo)], metadata: [String: String], file: String
    ) throws(WeightError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let notes = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(notes.joined(separator: ","))}")
        }
        var seen: Set<String> = ["__metadata__"]
        var offset = 0
        for (name, info) in tensors {
            guard seen.insert(name).inserted else {
                throw .unwritable(file: file, reason: "two tensors would be called '\(name)'")
            }
            let size = info.shape.reduce(1, *) * info.dtype.size
            let shape = info.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quoted(name)):{\"dtype\":\"\(info.dtype.safetensorsCode)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(offset + size)]}")
            offset += size
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
}
