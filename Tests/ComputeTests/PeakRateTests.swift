import Compute
import FlashUTesting
import Tensors
import Testing

@Suite struct PeakRateTests {
    /// A loop on registers is faster than a product of the same precision, but for noise: the best of several tries of both.
    @Test(arguments: [Precision.f32, .bf16, .int8])
    func productsDoNotExceedThePeak(precision: Precision) throws {
        let compute = try CPUCompute(precision: precision, threads: 1)
        var random = SeededRandom(seed: 1)
        let (x, weight, out) = (random.tensor([84, 512]), random.tensor([512, 512]), Tensor(zeros: [84, 512]))
        let packed = try compute.pack([LinearSource(weight: weight)], .stacked, bits: .eight)
        let input = precision == .f32 ? x : x.toBFloat16()
        let least = leastSeconds(within: 0.2) { compute.linear(input, packed, .identity, .replace, into: out) }
        let rate = Double(2 * 84 * 512 * 512) / least
        let peak = compute.measuredPeakRate(precision, seconds: 0.2)
        #expect(peak.isFinite && rate < 1.5 * peak, "\(rate / 1e9) of \(peak / 1e9) GFLOP/s")
        #expect(compute.measuredProductLimit(precision, seconds: 0.4) > 0.3 * peak)
    }
}
