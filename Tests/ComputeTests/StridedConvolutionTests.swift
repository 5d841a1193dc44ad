import Compute
import FlashUTesting
import Tensors
import Testing

/// The convolutions that halve an image, at every width: for some (384 channels, 28 columns to 14) oneDNN has no kernel but plain loops.
@Suite struct StridedConvolutionTests {
    static let halving = ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1)

    @Test(arguments: [(96, 96), (192, 192), (384, 384)])
    func everyWidth(inputs: Int, outputs: Int) throws {
        var random = SeededRandom(seed: 3)
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let (weight, bias) = (random.tensor([outputs, inputs, 3, 3]), random.tensor([outputs]))
        let usual = try cpu.pack(convolution: weight, bias: bias, Self.halving)
        let products = try cpu.packPatches(weight, bias: bias, Self.halving)
        let workspace = Workspace()
        for width in stride(from: 4, through: 72, by: 4) {
            let x = random.tensor([16, width, inputs])
            /// The least of three runs.
            func run(_ weights: any ConvolutionWeights) throws -> (out: [Float], seconds: Double) {
                let out = Tensor(zeros: [8, width / 2, outputs])
                var least = Double.infinity
                for _ in 0..<3 {
                    let start = ContinuousClock.now
                    try cpu.convolution(x, weights, edges: .all, accumulate: false, workspace, into: out)
                    least = min(least, (ContinuousClock.now - start).inSeconds)
                }
                return (out.floats(), least)
            }
            let (own, expected) = (try run(usual), try run(products))
            #expect(relativeError(own.out, expected.out) < 1e-5, "\(width) columns")
            // Plain loops take some hundred times as long.
            #expect(own.seconds < 40 * expected.seconds, "\(width) columns")
        }
    }

    @Test("What is added to stays, where products over patches do it")
    func accumulates() throws {
        var random = SeededRandom(seed: 4)
        let (weight, x) = (random.tensor([384, 384, 3, 3]), random.tensor([12, 28, 384]))
        let before = random.tensor([6, 14, 384])
        let results = try [CPUCompute(precision: .f32, threads: 2) as any Compute, ReferenceCompute()].map { compute in
            let out = Tensor(before.floats(), shape: before.shape)
            try compute.convolution(
                x, compute.pack(convolution: weight, bias: nil, Self.halving), edges: .all, accumulate: true,
                Workspace(), into: out)
            return out.floats()
        }
        #expect(relativeError(results[0], results[1]) < 1e-5)
    }
}
