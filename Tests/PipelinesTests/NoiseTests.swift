import FlashUTesting
import Foundation
import Pipelines
import Tensors
import Testing

/// Held to `torch.randn` (file by `Tools/noise_fixtures.py`).
@Suite struct NoiseTests {
    let stored: SafetensorsFile

    init() throws {
        stored = try SafetensorsFile(url: ShapesModel.references.appendingPathComponent("torch_randn.safetensors"))
    }

    static func worst(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Float {
        zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(arguments: [0, 1, 42, (1 << 32) + 5] as [UInt64], [16, 100, 4096])
    func equalsTorch(seed: UInt64, count: Int) throws {
        var noise = TorchNoise(seed: seed)
        let ours = noise.normal(count)
        let theirs = try stored.tensor("\(seed).\(count)").floats()
        #expect(ours.count == theirs.count)
        #expect(Self.worst(ours, theirs) < 2e-6)
    }

    /// The first values of `torch.manual_seed(SEED); torch.randn(COUNT)`, as PyTorch prints them.
    @Test(
        arguments: [
            (0, [1.5410, -0.2934, -2.1788, 0.5684, -1.0845, -1.3986]),
            (1, [0.6614, 0.2669, 0.0617, 0.6213, -0.4519, -0.1661]),
            (42, [0.3367, 0.1288, 0.2345, 0.2303, -1.1229, -0.1863]),
        ] as [(UInt64, [Float])])
    func fewValuesEqualTorch(seed: UInt64, printed: [Float]) {
        for count in 1...printed.count {
            var noise = TorchNoise(seed: seed)
            #expect(Self.worst(noise.normal(count), printed.prefix(count)) < 6e-5)
        }
        // Drawn one after the other: the second of a pair is kept for the next call, across a long draw too.
        var noise = TorchNoise(seed: seed)
        #expect(Self.worst(noise.normal(3) + noise.normal(2) + noise.normal(1), printed) < 6e-5)
        var other = TorchNoise(seed: seed)
        _ = other.normal(1)
        _ = other.normal(20)
        #expect(abs(other.normal(1)[0] - printed[1]) < 6e-5)
    }

    @Test(arguments: [Int.min, -1, 0])
    func noValues(count: Int) {
        var noise = TorchNoise(seed: 1)
        #expect(noise.normal(count).isEmpty)
        #expect(Self.worst(noise.normal(2), [0.6614, 0.2669]) < 6e-5)
    }

    @Test(arguments: 1..<40)
    func anyCount(count: Int) {
        var noise = TorchNoise(seed: 5)
        let values = noise.normal(count)
        #expect(values.count == count && values.allSatisfy(\.isFinite))
    }

    @Test func aSecondDrawContinues() throws {
        var noise = TorchNoise(seed: 7)
        let ours = noise.normal(100) + noise.normal(64)
        #expect(Self.worst(ours, try stored.tensor("7.twice").floats()) < 2e-6)
    }

    /// The initial noise of an image is torch's rounded to bfloat16: equal bits, but for the few values that lie so near a
    /// rounding boundary that the last bit of a logarithm decides.
    @Test func initialNoiseIsRounded() throws {
        let ours = TextToImage.noise(seed: 42, shape: [16, 16, 16])
        let theirs = try stored.tensor("42.4096.bf16").floats()
        #expect(ours.allSatisfy { $0.bitPattern & 0xffff == 0 })
        let different = zip(ours, theirs).filter { $0 != $1 }
        #expect(different.count <= 4)
        #expect(different.allSatisfy { abs($0 - $1) <= abs($1) / 127 })
    }

    @Test func roundsToTheNearestEven() {
        let cases: [(Float, Float)] = [
            (1, 1), (1 + 0x1p-8, 1), (1 + 0x1p-8 + 0x1p-20, 1 + 0x1p-7), (1 + 3 * 0x1p-8, 1 + 0x1p-6), (-0.0, -0.0),
            (-1 - 0x1p-8, -1), (.greatestFiniteMagnitude, .infinity), (.infinity, .infinity),
        ]
        for (value, rounded) in cases { #expect(value.roundedToBFloat16.bitPattern == rounded.bitPattern) }
        #expect(Float.nan.roundedToBFloat16.isNaN)
    }
}
