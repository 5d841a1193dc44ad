import Compute
import FlashUTesting
import Tensors
import Testing

/// The convolutions that halve an image, at every width: oneDNN has no kernel for some (384 channels, 28 columns to 14), and plain loops instead.
@Suite struct StridedConvolutionTests {
    static let halving = ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1)

    @Test(arguments: [(3, 16), (96, 96), (192, 192), (384, 384)])
    func everyWidth(inputs: Int, outputs: Int) throws {
        var random = SeededRandom(seed: 3)
        let (cpu, reference) = (try CPUCompute(precision: .f32, threads: 2), ReferenceCompute())
        let weight = random.tensor([outputs, inputs, 3, 3])
        let bias = random.tensor([outputs])
        let packed = try cpu.pack(convolution: weight, bias: bias, Self.halving)
        let plain = try reference.pack(convolution: weight, bias: bias, Self.halving)
        let workspace = Workspace()
        /// Seconds for a multiplication, the least of three runs.
        var costs: [(width: Int, seconds: Double)] = []
        for width in stride(from: 4, through: 72, by: 4) {
            let x = random.tensor([16, width, inputs])
            let out = Tensor(zeros: [8, width / 2, outputs])
            var least = Double.infinity
            for _ in 0..<3 {
                let start = ContinuousClock.now
                try cpu.convolution(x, packed, edges: .all, accumulate: false, workspace, into: out)
                least = min(least, (ContinuousClock.now - start).inSeconds)
            }
            costs.append((width, least / Double(8 * width / 2 * 9 * inputs * outputs)))
            guard inputs < 100 || width == 28 else { continue }
            let expected = Tensor(zeros: out.shape)
            try reference.convolution(x, plain, edges: .all, accumulate: false, Workspace(), into: expected)
            #expect(relativeError(out.floats(), expected.floats()) < 1e-5, "\(width) columns")
        }
        let usual = costs.map(\.seconds).sorted()[costs.count / 2]
        // Plain loops take some hundred times as long.
        for (width, seconds) in costs where inputs > 3 {
            #expect(seconds < 60 * usual, "\(width) columns take \(seconds / usual) times as long as others")
        }
    }

    @Test("What is added to stays, where products over patches do it")
    func accumulates() throws {
        var random = SeededRandom(seed: 4)
        let (cpu, reference) = (try CPUCompute(precision: .f32, threads: 2), ReferenceCompute())
        let (weight, x) = (random.tensor([384, 384, 3, 3]), random.tensor([12, 28, 384]))
        let before = random.tensor([6, 14, 384])
        let results = try [cpu as any Compute, reference].map { compute in
            let out = Tensor(before.floats(), shape: before.shape)
            try compute.convolution(
                x, compute.pack(convolution: weight, bias: nil, Self.halving), edges: .all, accumulate: true,
                Workspace(), into: out)
            return out.floats()
        }
        #expect(relativeError(results[0], results[1]) < 1e-5)
    }
}
