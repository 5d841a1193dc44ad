import FlashUTesting
import Tensors
import Testing

import Compute

/// What is compiled for a size is kept for some sizes only.
@Suite struct CacheLimitTests {
    @Test func compiledConvolutions() throws {
        var random = SeededRandom(seed: 1)
        let cpu = try CPUCompute(precision: .f32, threads: 2)
        let geometry = ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1)
        let packed = try cpu.pack(convolution: random.tensor([4, 3, 3, 3]), bias: nil, geometry)
        let weights = try #require(packed as? OneDNNConvolution)
        func run(_ side: Int) throws -> [Float] {
            let x = random.tensor([side, side, 3])
            let out = Tensor(zeros: [geometry.output(of: side), geometry.output(of: side), 4])
            try cpu.convolution(x, weights, edges: .all, accumulate: false, Workspace(), into: out)
            return out.floats()
        }
        for side in 8..<60 {
            #expect(try run(side).allSatisfy(\.isFinite))
            #expect(weights.primitiveCount <= OneDNNConvolution.mostPrimitives)
        }
        #expect(weights.primitiveCount == OneDNNConvolution.mostPrimitives)
    }
}
