/// Reads the pickles that `torch.save` writes, and only those.
///
/// A pickle is a program for a stack machine that can call anything in Python. This machine knows the instructions
/// that tensors need, recognises a dozen names (``TorchGlobal``), executes nothing, and says what it refuses.
/// Source: the opcode documentation in Python's `pickletools`.
struct Unpickler {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private var at = 0

    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    private(set) var tuples: [[PickleValue]] = []
    private(set) var lists: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [PickledStorage] = []
    private(set) var tensors: [PickledTensor] = []

    /// Far above any model's, and low enough that memory stays bounded: each instruction makes a bounded number of
    /// bytes. A tensor takes about 40 instructions.
    static let maxInstructions = 8_000_000
    static let maxStack = 1_000_000
    static let maxMemo = 2_000_000

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// Runs the program.
    ///
    /// - Returns: its result; containers and tensors are looked up in this unpickler's arrays.
    mutating func run() throws(WeightError) -> PickleValue {
        for _ in 0..<Self.maxInstructions {
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty, at == bytes.count else {
                    throw damaged("does not end with one value")
                }
                return stack[0]
            }
            try execute(opcode)
            guard stack.count <= Self.maxStack, marks.count <= Self.maxStack, memo.count <= Self.maxMemo else {
                throw .refused(file: file, reason: "its pickle needs more room than any model's")
            }
        }
        throw .refused(file: file, reason: "its pickle is longer than any model's")
    }

    private func damaged(_ reason: String) -> WeightError {
        .damaged(file: file, reason: "its pickle (data.pkl) \(reason) at byte \(at)")
    }

    // MARK: Instructions

    private mutating func execute(_ opcode: UInt8) throws(WeightError) {
        switch opcode {
        case 0x80:  // PROTO
            let version = try byte()
            guard (2...5).contains(version) else {
                throw .unsupported(file: file, reason: "its pickle has protocol \(version); 2 to 5 are read")
            }
        case 0x95: _ = try integer(UInt64.self)  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"): stack.append(.integer(Int(try integer(Int32.self))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try byte())))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try integer(UInt16.self))))
        case 0x8a: stack.append(.integer(try long()))
        case UInt8(ascii: "G"): stack.append(.real(Double(bitPattern: try integer(UInt64.self).byteSwapped)))
        case UInt8(ascii: "X"): stack.append(.string(try text(Int(try integer(UInt32.self)))))
        case 0x8c: stack.append(.string(try text(Int(try byte()))))
        case 0x8d: stack.append(.string(try text(Int(clamping: try integer(UInt64.self)))))
        case UInt8(ascii: "T"): stack.append(.string(try text(Int(try integer(Int32.self)))))
        case UInt8(ascii: "U"): stack.append(.string(try text(Int(try byte()))))
        case UInt8(ascii: "B"): try skipBytes(Int(try integer(UInt32.self)))
        case UInt8(ascii: "C"): try skipBytes(Int(try byte()))
        case UInt8(ascii: ")"): pushTuple([])
        case 0x85: pushTuple(try pop(1))
        case 0x86: pushTuple(try pop(2))
        case 0x87: pushTuple(try pop(3))
        case UInt8(ascii: "t"): pushTuple(try popToMark())
        case UInt8(ascii: "]"):
            stack.append(.list(lists.count))
            lists.append([])
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "a"): try append(try pop(1))
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
        case UInt8(ascii: "r"): memo[Int(try integer(UInt32.self))] = try top()
        case 0x94: memo[memo.count] = try top()
        case UInt8(ascii: "h"): stack.append(try recall(Int(try byte())))
        case UInt8(ascii: "j"): stack.append(try recall(Int(try integer(UInt32.self))))
        case UInt8(ascii: "c"): try pushGlobal(module: try line(), name: try line())
        case 0x93:
            let names = try pop(2)
            guard case .string(let module) = names[0], case .string(let name) = names[1] else {
                throw damaged("names something that is no text")
            }
            try pushGlobal(module: module, name: name)
        case UInt8(ascii: "R"):
            let pair = try pop(2)
            stack.append(try reduce(pair[0], arguments: pair[1]))
        case UInt8(ascii: "b"): try build()
        case UInt8(ascii: "Q"): stack.append(try storage(try pop(1)[0]))
        default: throw refusal(of: opcode)
        }
    }

    private func refusal(of opcode: UInt8) -> WeightError {
        let known: [UInt8: String] = [
            UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1",
            0x83: "EXT2", 0x84: "EXT4", UInt8(ascii: "P"): "PERSID", 0x97: "NEXT_BUFFER", 0x96: "BYTEARRAY8",
            0x8f: "EMPTY_SET", 0x91: "FROZENSET", UInt8(ascii: "0"): "POP", UInt8(ascii: "2"): "DUP",
            UInt8(ascii: "S"): "STRING", UInt8(ascii: "V"): "UNICODE", UInt8(ascii: "I"): "INT", 0x8b: "LONG4",
        ]
        let name = known[opcode] ?? "0x" + String(opcode, radix: 16)
        return .refused(
            file: file,
            reason: "its pickle uses the instruction \(name) (byte \(at - 1)), which files of tensors don't need")
    }

    // MARK: Operands

    private mutating func byte() throws(WeightError) -> UInt8 {
        guard at < bytes.count else { throw damaged("ends too early") }
        defer { at += 1 }
        return bytes[at]
    }

    private mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(WeightError) -> T {
        guard let value = bytes.littleEndian(T.self, at: at) else { throw damaged("ends too early") }
        at += MemoryLayout<T>.size
        return value
    }

    /// LONG1: a two's complement number of up to 255 bytes; more than 8 have no meaning here.
    private mutating func long() throws(WeightError) -> Int {
        let length = Int(try byte())
        guard length <= 8 else { throw .refused(file: file, reason: "its pickle has a number of \(length) bytes") }
        guard let digits = bytes.slice(at, length) else { throw damaged("ends too early") }
        at += length
        var value: UInt64 = 0
        for (i, digit) in digits.enumerated() { value |= UInt64(digit) << (8 * UInt64(i)) }
        guard length > 0 else { return 0 }
        let unused = UInt64(64 - 8 * length)
        return Int(Int64(bitPattern: value << unused) >> Int64(unused))
    }

    private mutating func text(_ length: Int) throws(WeightError) -> String {
        guard let slice = bytes.slice(at, length) else { throw damaged("has text that ends outside it") }
        guard let text = String(validating: slice, as: UTF8.self) else { throw damaged("has text that is not UTF-8") }
        at += length
        return text
    }

    private mutating func skipBytes(_ length: Int) throws(WeightError) {
        guard bytes.slice(at, length) != nil else { throw damaged("has bytes that end outside it") }
        at += length
        stack.append(.other)
    }

    private mutating func line() throws(WeightError) -> String {
        let start = at
        while try byte() != UInt8(ascii: "\n") {
            guard at - start <= 1000 else { throw damaged("has a name of more than 1000 characters") }
        }
        guard let text = String(validating: bytes[start..<at - 1], as: UTF8.self) else {
            throw damaged("has a name that is not UTF-8")
        }
        return text
    }

    // MARK: The stack

    /// The topmost values, which must lie above the last mark.
    private mutating func pop(_ count: Int) throws(WeightError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw damaged("takes more from its stack than there is") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(WeightError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw damaged("lacks a mark") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private func top() throws(WeightError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw damaged("looks at an empty stack") }
        return value
    }

    private func recall(_ key: Int) throws(WeightError) -> PickleValue {
        guard let value = memo[key] else { throw damaged("recalls something that it never stored") }
        return value
    }

    // MARK: Containers

    private mutating func pushTuple(_ values: [PickleValue]) {
        stack.append(.tuple(tuples.count))
        tuples.append(values)
    }

    private mutating func pushDictionary() {
        stack.append(.dictionary(dictionaries.count))
        dictionaries.append([])
    }

    private mutating func append(_ values: [PickleValue]) throws(WeightError) {
        guard case .list(let index) = try top() else { throw damaged("appends to something that is no list") }
        lists[index].append(contentsOf: values)
    }

    private mutating func setItems(_ values: [PickleValue]) throws(WeightError) {
        guard case .dictionary(let index) = try top(), values.count.isMultiple(of: 2) else {
            throw damaged("sets items of something that is no dictionary")
        }
        for i in stride(from: 0, to: values.count, by: 2) { dictionaries[index].append((values[i], values[i + 1])) }
    }

    /// BUILD: gives an object its attributes. State dictionaries carry `_metadata` (module versions), which no one needs.
    private mutating func build() throws(WeightError) {
        _ = try pop(1)
        switch try top() {
        case .dictionary, .tensor: break
        default: throw .refused(file: file, reason: "its pickle sets the attributes of something that is no tensor")
        }
    }

    // MARK: Names and calls

    private mutating func pushGlobal(module: String, name: String) throws(WeightError) {
        guard let global = TorchGlobal(module: module, name: name) else {
            if module == "torch", name.hasSuffix("Storage") {
                throw .unsupported(file: file, reason: "it holds tensors of type torch.\(name)")
            }
            throw .refused(file: file, reason: "the file asks to run \(module).\(name); only tensors are read")
        }
        stack.append(.global(global))
    }

    private mutating func reduce(_ callee: PickleValue, arguments: PickleValue) throws(WeightError) -> PickleValue {
        guard case .global(let global) = callee, case .tuple(let index) = arguments else {
            throw .refused(file: file, reason: "its pickle calls something that is no function")
        }
        let arguments = tuples[index]
        switch global {
        case .orderedDictionary:
            guard arguments.isEmpty else { throw damaged("makes an OrderedDict in an unknown way") }
            defer { dictionaries.append([]) }
            return .dictionary(dictionaries.count)
        case .rebuildTensor, .rebuildTensorWithDType: return try tensor(global, arguments)
        case .rebuildParameter:
            guard case .tensor = arguments.first else {
                throw damaged("makes a parameter of something that is no tensor")
            }
            return arguments[0]
        case .size:
            guard arguments.count == 1, case .tuple = arguments[0] else {
                throw damaged("makes a torch.Size in an unknown way")
            }
            return arguments[0]
        case .device: return .other
        case .storage, .untypedStorage, .dtype: throw damaged("calls a type")
        }
    }

    private mutating func tensor(_ global: TorchGlobal, _ arguments: [PickleValue]) throws(WeightError) -> PickleValue {
        // storage, offset, shape, strides, requires_grad, hooks, (v3: dtype)
        guard arguments.count >= 6, case .storage(let index) = arguments[0], case .integer(let offset) = arguments[1],
            let shape = integers(arguments[2]), let strides = integers(arguments[3])
        else { throw damaged("describes a tensor in an unknown way") }
        let storage = storages[index]
        let dtype: DType
        if case .rebuildTensorWithDType = global, arguments.count >= 7, case .global(.dtype(let given)) = arguments[6] {
            dtype = given
        } else if case .rebuildTensor = global, let own = storage.dtype {
            dtype = own
        } else {
            throw damaged("describes a tensor without an element type")
        }
        tensors.append(PickledTensor(storage: storage, dtype: dtype, offset: offset, shape: shape, strides: strides))
        return .tensor(tensors.count - 1)
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let index) = value, tuples[index].count <= 32 else { return nil }
        var out: [Int] = []
        for element in tuples[index] {
            guard case .integer(let integer) = element else { return nil }
            out.append(integer)
        }
        return out
    }

    /// BINPERSID with `('storage', type, key, location, count)`.
    private mutating func storage(_ id: PickleValue) throws(WeightError) -> PickleValue {
        guard case .tuple(let index) = id, tuples[index].count == 5, case .string("storage") = tuples[index][0],
            case .global(let type) = tuples[index][1], case .string(let key) = tuples[index][2],
            case .integer(let count) = tuples[index][4]
        else { throw damaged("refers to something else than stored elements") }
        switch type {
        case .storage(let dtype): storages.append(PickledStorage(key: key, dtype: dtype, count: count))
        case .untypedStorage: storages.append(PickledStorage(key: key, dtype: nil, count: count))
        default: throw damaged("refers to something else than stored elements")
        }
        return .storage(storages.count - 1)
    }
}
