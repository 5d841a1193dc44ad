/// What a file is, told by its first bytes.
enum WeightFormat {
    case safetensors
    case torch
    /// What `torch.save` wrote before version 1.6: pickles and elements one after the other.
    case legacyTorch
    /// Some other thing that is found in the place of weights; what it is and what to do.
    case other(String)

    init(_ bytes: UnsafeRawBufferPointer) {
        func starts(_ text: StaticString) -> Bool {
            let prefix = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            return bytes.count >= prefix.count && bytes.prefix(prefix.count).elementsEqual(prefix)
        }
        if starts("PK\u{3}\u{4}") || starts("PK\u{5}\u{6}") {
            self = .torch
        } else if let length = bytes.littleEndian(UInt64.self, at: 0),
            length <= UInt64(SafetensorsHeader.maxHeaderBytes),
            bytes.count > 8, bytes[8] == UInt8(ascii: "{")
        {
            self = .safetensors
        } else if starts("version https://git-lfs") {
            self = .other("it is a Git LFS pointer, not the file itself; run 'git lfs pull' in its folder")
        } else if LegacyTorchLayout.hasMagic(bytes) {
            self = .legacyTorch
        } else if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
            self = .other("it is a pickle, but not one of torch.save's; save the state dictionary with torch.save")
        } else if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
            self = .other(
                "it is a tar archive, as PyTorch before 0.1.10 wrote them; convert it with PyTorch: "
                    + "torch.save(torch.load('FILE'), 'NEW')")
        } else if starts("GGUF") {
            self = .other("it is a GGUF file; get the model as safetensors")
        } else if starts("<") {
            self = .other("it is a web page; download the file itself")
        } else {
            self = .other("it is neither a safetensors file nor a PyTorch archive")
        }
    }

    /// Why a file of this format can't be read as `wanted`, or nil.
    func objection(toReadingAs wanted: WeightFormat) -> String? {
        switch (self, wanted) {
        case (.safetensors, .safetensors), (.torch, .torch), (.legacyTorch, .torch): nil
        case (.safetensors, _): "it is a safetensors file, not a PyTorch archive"
        case (.legacyTorch, _): "it is a PyTorch file, not a safetensors file"
        case (.torch, _): "it is a zip archive (PyTorch), not a safetensors file"
        case (.other(let what), _): what
        }
    }
}
