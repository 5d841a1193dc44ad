/// Reads the pickles that `torch.save` writes, and only those.
///
/// A pickle is a program for a stack machine that can call anything in Python. This machine executes nothing: it does itself what the dozen
/// names that make tensors would do (``TorchGlobal``), and of every other value keeps only what made it, since nobody needs it. Files that
/// mention a name that only an attack needs are refused.
/// Source: the opcode documentation in Python's `pickletools`.
struct Unpickler {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    /// Where the program has come to.
    private(set) var at = 0
    private let isWhole: Bool

    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    /// Elements of lists that became dictionaries.
    private var copied = 0

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

    /// - Parameter isWhole: whether `bytes` hold this pickle and nothing else.
    init(_ bytes: UnsafeRawBufferPointer, file: String, isWhole: Bool = true) {
        self.bytes = bytes
        self.file = file
        self.isWhole = isWhole
    }

    /// Runs the program.
    ///
    /// - Returns: its result; containers and tensors are looked up in this unpickler's arrays.
    mutating func run() throws(WeightError) -> PickleValue {
        for _ in 0..<Self.maxInstructions {
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty, !isWhole || at == bytes.count else {
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
        .damaged(file: file, reason: "its pickle \(reason) at byte \(at)")
    }

    // MARK: Instructions

    private mutating func execute(_ opcode: UInt8) throws(WeightError) {
        switch opcode {
        case 0x80:  // PROTO
            let version = try byte()
            guard version <= 5 else {
                throw .unsupported(file: file, reason: "its pickle has protocol \(version); up to 5 are read")
            }
        case 0x95: _ = try integer(UInt64.self)  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"): stack.append(.integer(Int(try integer(Int32.self))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try byte())))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try integer(UInt16.self))))
        case 0x8a: stack.append(try long(Int(try byte())))
        case 0x8b: stack.append(try long(Int(try integer(Int32.self))))
        case UInt8(ascii: "I"), UInt8(ascii: "L"), UInt8(ascii: "F"), UInt8(ascii: "S"), UInt8(ascii: "V"):
            // Numbers and texts as PyTorch never writes them.
            _ = try line()
            stack.append(.other)
        case UInt8(ascii: "G"): stack.append(.real(Double(bitPattern: try integer(UInt64.self).byteSwapped)))
        case UInt8(ascii: "X"): stack.append(.string(try text(Int(try integer(UInt32.self)))))
        case 0x8c: stack.append(.string(try text(Int(try byte()))))
        case 0x8d: stack.append(.string(try text(Int(clamping: try integer(UInt64.self)))))
        case UInt8(ascii: "T"): stack.append(.string(try text(Int(try integer(Int32.self)))))
        case UInt8(ascii: "U"): stack.append(.string(try text(Int(try byte()))))
        case UInt8(ascii: "B"): try skipBytes(Int(try integer(UInt32.self)))
        case UInt8(ascii: "C"): try skipBytes(Int(try byte()))
        case 0x8e, 0x96: try skipBytes(Int(clamping: try integer(UInt64.self)))
        case UInt8(ascii: "0"): _ = try pop(1)
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): stack.append(try top())
        case UInt8(ascii: ")"): pushTuple([])
        case 0x85: pushTuple(try pop(1))
        case 0x86: pushTuple(try pop(2))
        case 0x87: pushTuple(try pop(3))
        case UInt8(ascii: "t"): pushTuple(try popToMark())
        case UInt8(ascii: "]"):
            stack.append(.list(lists.count))
            lists.append([])
        case UInt8(ascii: "l"):
            let values = try popToMark()
            stack.append(.list(lists.count))
            lists.append(values)
        case 0x8f: stack.append(.other)
        case 0x90:
            _ = try popToMark()
            _ = try top()
        case 0x91:
            _ = try popToMark()
            stack.append(.other)
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "d"):
            let values = try popToMark()
            pushDictionary()
            try setItems(values)
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
        case 0x81:
            let pair = try pop(2)
            stack.append(try instance(of: pair[0], arguments: pair[1]))
        case 0x92:
            let parts = try pop(3)
            stack.append(try instance(of: parts[0], arguments: parts[1]))
        case UInt8(ascii: "i"):
            let (module, name) = (try line(), try line())
            _ = try popToMark()
            stack.append(.opaque(try known(module: module, name: name)))
        case UInt8(ascii: "o"):
            guard let type = try popToMark().first else { throw damaged("makes an object of nothing") }
            stack.append(.opaque(Self.name(of: type)))
        case 0x82: try registered(Int(try byte()))
        case 0x83: try registered(Int(try integer(UInt16.self)))
        case 0x84: try registered(Int(try integer(Int32.self)))
        case UInt8(ascii: "b"): try build()
        case UInt8(ascii: "Q"): stack.append(try storage(try pop(1)[0]))
        default: throw refusal(of: opcode)
        }
    }

    private func refusal(of opcode: UInt8) -> WeightError {
        let known: [UInt8: String] = [
            UInt8(ascii: "P"): "PERSID", UInt8(ascii: "g"): "GET", UInt8(ascii: "p"): "PUT", 0x97: "NEXT_BUFFER",
            0x98: "READONLY_BUFFER",
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

    /// LONG1, LONG4: a two's complement number.
    private mutating func long(_ length: Int) throws(WeightError) -> PickleValue {
        guard let digits = bytes.slice(at, length) else { throw damaged("ends too early") }
        at += length
        // More bytes than a number of PyTorch's has are of no interest.
        guard length <= 8 else { return length <= 16 ? .wide(Array(digits)) : .other }
        var value: UInt64 = 0
        for (i, digit) in digits.enumerated() { value |= UInt64(digit) << (8 * UInt64(i)) }
        guard length > 0 else { return .integer(0) }
        let unused = UInt64(64 - 8 * length)
        return .integer(Int(Int64(bitPattern: value << unused) >> Int64(unused)))
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
        switch try top() {
        case .list(let index): lists[index].append(contentsOf: values)
        case .opaque, .other: break
        default: throw damaged("appends to something that is no list")
        }
    }

    private mutating func setItems(_ values: [PickleValue]) throws(WeightError) {
        guard values.count.isMultiple(of: 2) else { throw damaged("sets a name without a value") }
        let index: Int
        switch try top() {
        case .dictionary(let place): index = place
        case .opaque, .other: return
        default: throw damaged("sets items of something that is no dictionary")
        }
        for i in stride(from: 0, to: values.count, by: 2) { dictionaries[index].append((values[i], values[i + 1])) }
    }

    /// BUILD: gives an object its attributes. State dictionaries carry `_metadata` (module versions), which no one needs.
    private mutating func build() throws(WeightError) {
        _ = try pop(1)
        switch try top() {
        case .dictionary, .tensor, .opaque, .other: break
        default: throw damaged("sets the attributes of something that has none")
        }
    }

    // MARK: Names and calls

    private mutating func pushGlobal(module: String, name: String) throws(WeightError) {
        if let global = TorchGlobal(module: module, name: name) {
            stack.append(.global(global))
        } else {
            stack.append(.opaque(try known(module: module, name: name)))
        }
    }

    /// `module.name`, which is not called.
    /// - Throws: ``WeightError/refused(file:reason:)`` for what only an attack mentions.
    private func known(module: String, name: String) throws(WeightError) -> String {
        guard !TorchGlobal.isHostile(module: module, name: name) else {
            throw .refused(
                file: file,
                reason:
                    "its pickle would have \(module).\(name) called, which no file of weights needs; nothing of it was run, "
                    + "but don't trust this file")
        }
        return "\(module).\(name)"
    }

    /// A name of Python's registry of extensions, whatever it stands for.
    private mutating func registered(_ code: Int) throws(WeightError) {
        stack.append(.opaque("extension \(code)"))
    }

    private static func name(of value: PickleValue) -> String {
        if case .opaque(let name) = value { name } else { "an object" }
    }

    /// NEWOBJ: `type.__new__(type, *arguments)`.
    private mutating func instance(of type: PickleValue, arguments: PickleValue) throws(WeightError) -> PickleValue {
        guard case .global(.orderedDictionary) = type else { return .opaque(Self.name(of: type)) }
        return try reduce(type, arguments: arguments)
    }

    private mutating func reduce(_ callee: PickleValue, arguments: PickleValue) throws(WeightError) -> PickleValue {
        if case .opaque = callee { return callee }
        guard case .global(let global) = callee, case .tuple(let index) = arguments else {
            throw damaged("calls something that is no function")
        }
        let arguments = tuples[index]
        switch global {
        case .orderedDictionary: return try dictionary(arguments)
        case .rebuildFromType:
            guard arguments.count >= 3, case .global(let inner) = arguments[0] else {
                return .opaque(arguments.first.map(Self.name) ?? "an object")
            }
            if case .rebuildFromType = inner { return .opaque("an object") }
            return try reduce(arguments[0], arguments: arguments[2])
        case .rebuildOldTensor, .rebuildTensor, .rebuildTensorWithDType: return try tensor(global, arguments)
        case .rebuildParameter:
            switch arguments.first {
            case .tensor(let index): return .tensor(index)
            case .opaque(let name): return .opaque(name)
            default: throw damaged("makes a parameter of something that is no tensor")
            }
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
        // storage, offset, shape, strides, (v2: requires_grad, hooks, v3: dtype)
        if case .opaque(let name) = arguments.first { return .opaque(name) }
        let isOld = if case .rebuildOldTensor = global { true } else { false }
        guard arguments.count >= (isOld ? 4 : 6), case .storage(let index) = arguments[0],
            case .integer(let offset) = arguments[1],
            let shape = integers(arguments[2]), let strides = integers(arguments[3])
        else { throw damaged("describes a tensor in an unknown way") }
        let storage = storages[index]
        let element: TorchElement
        switch global {
        case .rebuildTensorWithDType where arguments.count >= 7:
            switch arguments[6] {
            case .global(.dtype(let given)): element = given
            // A type that PyTorch has and we have not heard of.
            case .opaque(let name): return .opaque(name)
            default: throw damaged("describes a tensor without an element type")
            }
        case .rebuildTensor, .rebuildOldTensor:
            guard let own = storage.element else { throw damaged("describes a tensor without an element type") }
            element = own
        default: throw damaged("describes a tensor without an element type")
        }
        tensors.append(
            PickledTensor(storage: storage, element: element, offset: offset, shape: shape, strides: strides))
        return .tensor(tensors.count - 1)
    }

    /// An `OrderedDict` of nothing, or of a list of pairs as Python 2 wrote them.
    private mutating func dictionary(_ arguments: [PickleValue]) throws(WeightError) -> PickleValue {
        var pairs: [(key: PickleValue, value: PickleValue)] = []
        if !arguments.isEmpty {
            guard arguments.count == 1, case .list(let index) = arguments[0] else {
                throw damaged("makes an OrderedDict in an unknown way")
            }
            // A list may be used many times.
            copied += lists[index].count
            guard copied <= Self.maxStack else {
                throw .refused(file: file, reason: "its pickle needs more room than any model's")
            }
            for element in lists[index] {
                let pair: [PickleValue]
                switch element {
                case .list(let index): pair = lists[index]
                case .tuple(let index): pair = tuples[index]
                default: pair = []
                }
                guard pair.count == 2 else { throw damaged("makes an OrderedDict in an unknown way") }
                pairs.append((pair[0], pair[1]))
            }
        }
        dictionaries.append(pairs)
        return .dictionary(dictionaries.count - 1)
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

    /// BINPERSID with `('storage', type, key, location, count)`, before 1.6 followed by None or `(view key, offset, count)`; or `('module', ...)`,
    /// the source text of a network.
    private mutating func storage(_ id: PickleValue) throws(WeightError) -> PickleValue {
        guard case .tuple(let index) = id, let first = tuples[index].first, case .string(let kind) = first else {
            throw damaged("refers to something else than stored elements")
        }
        let fields = tuples[index]
        if kind == "module" { return .opaque("a module's source") }
        guard kind == "storage", (5...6).contains(fields.count), case .string(let key) = fields[2],
            case .integer(let count) = fields[4]
        else { throw damaged("refers to something else than stored elements") }
        let element: TorchElement?
        switch fields[1] {
        case .global(.storage(let type)): element = type
        case .global(.untypedStorage): element = nil
        case .opaque(let name): return .opaque(name)
        default: throw damaged("refers to something else than stored elements")
        }
        var storage = PickledStorage(key: key, element: element, count: count)
        if fields.count == 6, case .tuple(let view) = fields[5] {
            guard tuples[view].count == 3, case .integer(let offset) = tuples[view][1],
                case .integer(let count) = tuples[view][2]
            else { throw damaged("refers to a part of stored elements in an unknown way") }
            storage.part = (offset, count)
        }
        storages.append(storage)
        return .storage(storages.count - 1)
    }
}
