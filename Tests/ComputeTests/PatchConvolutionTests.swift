import Compute
import FlashUTesting
import Tensors
import Testing

/// Convolutions as products, which machines without oneDNN take, against the oracle.
@Suite struct PatchConvolutionTests {
    @Test(arguments: 0..<40)
    func agreement(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let one = ConvolutionCase(
            &random,
            [
                .same(kernel: 3), .same(kernel: 5), .same(kernel: 3, upsampling: 2),
                ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1),
                ConvolutionGeometry(kernel: 4, stride: 4, padBefore: 0, padAfter: 0),
            ], heights: [4, 8, 13, 40], widths: [4, 5, 8, 31], inputs: [1, 3, 8, 20], outputs: [1, 3, 16, 24])
        guard one.x.shape[0] * one.geometry.upsampling >= one.geometry.kernel else { return }
        let cpu = try CPUCompute(precision: .bf16, threads: 2)
        let out = try one.run(cpu) { try cpu.packPatches($0, bias: $1, $2) }
        #expect(relativeError(out, try one.run(ReferenceCompute())) < 3e-6, "\(one)")
    }

    /// More patches than are made at a time.
    @Test func manyRows() throws {
        var random = SeededRandom(seed: 1)
        let geometry = ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1)
        let weight = random.tensor([8, 96, 3, 3])
        let x = random.tensor([150, 150, 96])
        let (reference, cpu) = (ReferenceCompute(), try CPUCompute(precision: .f32, threads: 2))
        let (expected, out) = (Tensor(zeros: [75, 75, 8]), Tensor(zeros: [75, 75, 8]))
        try reference.convolution(
            x, reference.pack(convolution: weight, bias: nil, geometry), edges: .all, accumulate: false, Workspace(),
            into: expected)
        try cpu.convolution(
            x, cpu.packPatches(weight, bias: nil, geometry), edges: .all, accumulate: false, Workspace(), into: out)
        #expect(relativeError(out.floats(), expected.floats()) < 3e-6)
    }
}
