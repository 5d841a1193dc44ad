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
