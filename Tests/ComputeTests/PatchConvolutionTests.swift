import Compute
import FlashUTesting
import Tensors
import Testing

/// Convolutions as products over patches, against the oracle.
@Suite struct PatchConvolutionTests {
    static let halving = ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1)

    @Test(arguments: 0..<60)
    func agreement(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let one = ConvolutionCase(
            &random,
            [
                .same(kernel: 3), .same(kernel: 5), .same(kernel: 5, upsampling: 2), Self.halving,
                ConvolutionGeometry(kernel: 4, stride: 4, padBefore: 0, padAfter: 0),
                ConvolutionGeometry(kernel: 2, stride: 1, padBefore: 3, padAfter: 2),
            ], heights: [4, 8, 13, 40], widths: [4, 5, 8, 31, 90], inputs: [1, 3, 8, 15], outputs: [1, 3, 16, 24])
        guard one.x.shape[0] * one.geometry.upsampling >= one.geometry.kernel else { return }
        let out = try one.run(try CPUCompute(precision: .bf16, threads: 2))
        #expect(relativeError(out, try one.run(ReferenceCompute())) < 3e-6, "\(one)")
    }

    /// The VAE's own, at widths that are cut into parts or not.
    @Test(arguments: [(96, 4), (96, 56), (96, 168), (96, 170), (96, 346), (192, 72), (384, 28)])
    func halving(inputs: Int, width: Int) throws {
        var random = SeededRandom(seed: 3)
        let one = ConvolutionCase(
            &random, [Self.halving], heights: [5, 6], widths: [width], inputs: [inputs], outputs: [inputs])
        let out = try one.run(try CPUCompute(precision: .f32, threads: 2))
        #expect(relativeError(out, try one.run(ReferenceCompute())) < 3e-6, "\(one)")
    }
}
