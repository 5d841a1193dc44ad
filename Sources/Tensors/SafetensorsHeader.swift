/// The header of a safetensors file, checked: what lies where.
///
/// The format: 8 bytes little-endian header length, a JSON object `{name: {dtype, shape, data_offsets}}` with an
/// optional `__metadata__` of strings, then the elements. The elements must fill the rest of the file without gap
/// or overlap, as the reference implementation demands; so no byte is read twice and none hides.
struct SafetensorsHeader {
    struct Entry: Sendable {
        let name: String
        let content: Content
        /// From the start of the file.
        let byteOffset: Int
        let byteCount: Int
    }

    /// What an entry's bytes are.
    enum Content: Sendable {
        case elements(TensorInfo)
        /// 8-bit floating-point numbers `[shape]`.
        case float8(Float8, shape: [Int])
        /// Of a type that is not read here.
        case rare(String)
    }

    let entries: [Entry]
    let metadata: [String: String]

    /// The reference implementation's limit.
    static let maxHeaderBytes = 100_000_000

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(WeightError) {
        guard let length64 = bytes.littleEndian(UInt64.self, at: 0) else {
            throw .damaged(file: file, reason: "\(bytes.count) bytes are too few for a safetensors file")
        }
        guard length64 <= UInt64(Self.maxHeaderBytes) else {
            throw .damaged(
                file: file, reason: "its header claims \(length64) bytes, more than a safetensors file may have")
        }
        let dataStart = 8 + Int(length64)
        guard let text = bytes.slice(8, Int(length64)) else {
            throw .damaged(
                file: file, reason: "its header of \(length64) bytes does not fit the file's \(bytes.count) bytes")
        }
        guard text.first == UInt8(ascii: "{") else {
            throw .damaged(file: file, reason: "its header is no JSON object")
        }
        let root: JSONObject
        do {
            guard case .object(let object) = try StrictJSON.parse(text, maxDepth: 8) else {
                throw WeightError.damaged(file: file, reason: "its header is no JSON object")
            }
            root = object
        } catch let fault as JSONFault {
            throw .damaged(
                file: file, reason: "its header is not as it must be at byte \(8 + fault.offset): \(fault.reason)")
        } catch let error as WeightError {
            throw error
        } catch {
            throw .damaged(file: file, reason: "\(error)")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(root.keys.count)
        var metadata: [String: String] = [:]
        for name in root.keys {
            if name == "__metadata__" {
                metadata = Self.metadata(root[name])
            } else {
                entries.append(
                    try Self.entry(
                        name, root[name], dataStart: dataStart, dataCount: bytes.count - dataStart, file: file))
            }
        }
        entries.sort { ($0.byteOffset, $0.byteCount) < ($1.byteOffset, $1.byteCount) }
        try Self.checkTiling(entries, from: dataStart, to: bytes.count, file: file)
        self.entries = entries
        self.metadata = metadata
    }

    /// The notes that are text; others (and `null` in their place, which some programs write) say nothing to anyone here.
    private static func metadata(_ value: JSONValue?) -> [String: String] {
        guard case .object(let object) = value else { return [:] }
        var out: [String: String] = [:]
        for key in object.keys {
            if case .string(let text) = object[key] { out[key] = text }
        }
        return out
    }

    private static func entry(
        _ name: String, _ value: JSONValue?, dataStart: Int, dataCount: Int, file: String
    ) throws(WeightError) -> Entry {
        func wrong(_ reason: String) -> WeightError {
            .wrongTensor(
                name: name, file: file, reason: reason + "; the file is damaged, or was written by a faulty program")
        }
        guard case .object(let object) = value else { throw wrong("its entry is no object") }
        guard case .string(let code) = object["dtype"] else { throw wrong("has no dtype") }
        guard case .array(let extents) = object["shape"] else { throw wrong("has no shape") }
        var shape: [Int] = []
        for extent in extents {
            guard case .integer(let extent) = extent, extent >= 0 else { throw wrong("has an impossible shape") }
            shape.append(extent)
        }
        guard shape.count <= 32 else { throw wrong("has \(shape.count) dimensions") }
        guard case .array(let offsets) = object["data_offsets"], offsets.count == 2,
            case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1]
        else { throw wrong("has no pair of data_offsets") }
        guard begin >= 0, begin <= end, end <= dataCount else {
            throw wrong("lies at \(begin)..<\(end), outside the \(dataCount) bytes of data")
        }
        let content: Content
        let stored: TensorInfo?
        if let type = Float8(safetensors: code) {
            (content, stored) = (.float8(type, shape: shape), TensorInfo(shape: shape, dtype: .uint8))
        } else if let dtype = DType(safetensors: code) {
            let info = TensorInfo(shape: shape, dtype: dtype)
            (content, stored) = (.elements(info), info)
        } else {
            (content, stored) = (.rare(code), nil)
        }
        if let stored {
            guard let byteCount = stored.checkedByteCount else {
                throw wrong("has a shape too large for any memory: \(shape)")
            }
            guard end - begin == byteCount else {
                throw wrong("has \(end - begin) bytes where \(shape) of \(code) takes \(byteCount)")
            }
        }
        return Entry(name: name, content: content, byteOffset: dataStart + begin, byteCount: end - begin)
    }

    /// Sorted entries must follow one another from the first byte of data to the last.
    private static func checkTiling(_ entries: [Entry], from start: Int, to end: Int, file: String) throws(WeightError)
    {
        var expected = start
        for entry in entries {
            guard entry.byteOffset == expected else {
                let what = entry.byteOffset < expected ? "overlaps the tensor before it" : "leaves a gap before it"
                throw .wrongTensor(
                    name: entry.name, file: file,
                    reason: "\(what) (data begins at \(entry.byteOffset - start), not \(expected - start)); "
                        + "the file is damaged, or was written by a faulty program")
            }
            expected += entry.byteCount
        }
        guard expected == end else {
            throw .damaged(file: file, reason: "\(end - expected) bytes at its end belong to no tensor")
        }
    }
}

extension Float8 {
    init?(safetensors code: String) {
        switch code {
        case "F8_E4M3": self = .e4m3
        case "F8_E5M2": self = .e5m2
        default: return nil
        }
    }
}

extension DType {
    private static let codes: [(DType, String)] = [
        (.float32, "F32"), (.bfloat16, "BF16"), (.float16, "F16"), (.float64, "F64"), (.int8, "I8"), (.uint8, "U8"),
        (.int16, "I16"), (.int32, "I32"), (.int64, "I64"), (.bool, "BOOL"),
    ]

    static var safetensorsCodes: String { codes.map(\.1).joined(separator: " ") }

    init?(safetensors code: String) {
        guard let found = Self.codes.first(where: { $0.1 == code }) else { return nil }
        self = found.0
    }

    var safetensorsCode: String { Self.codes.first { $0.0 == self }?.1 ?? "" }
}
