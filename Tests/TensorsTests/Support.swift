import FlashUTesting
import Foundation
import Tensors

/// `Tests/Resources` in the source tree.
let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Resources")

/// The golden models made by the official code.
let goldenModels = resources.appendingPathComponent("golden/models")

/// A folder for one test, gone afterwards.
func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try body(folder.url) }
}

/// The error that `body` ends in, or nil if it succeeds.
func weightError(_ body: () throws -> Void) -> WeightError? {
    do {
        try body()
        return nil
    } catch {
        return error as? WeightError
    }
}

extension Tensor {
    var bytes: [UInt8] { withUnsafeBytes(Array.init) }
}

extension FixedWidthInteger {
    /// Little-endian bytes.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}

/// A safetensors file with that header and that many bytes of data.
func safetensors(_ header: String, data: Int) -> Data {
    let text = Array(header.utf8)
    return Data(UInt64(text.count).littleEndianBytes + text + (0..<data).map { UInt8(truncatingIfNeeded: $0) })
}

/// A fixed-seed generator (SplitMix64), so that a failure repeats.
struct SystematicRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The data with one to four bytes changed, removed or inserted.
    mutating func mutate(_ data: Data) -> Data {
        var bytes = [UInt8](data)
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[at] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &self) ?? 0
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &self)
            case 3: bytes.remove(at: at)
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &self), at: at)
            default: bytes[at] = bytes[Int.random(in: 0..<bytes.count, using: &self)]
            }
        }
        return Data(bytes)
    }
}
