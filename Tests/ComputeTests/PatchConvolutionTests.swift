import FlashUTesting
import Tensors
import Testing

import Compute

/// Convolutions as products, which machines without oneDNN take, against the oracle.
@Suite struct PatchConvolutionTests {
    @Test(arguments: 0..<40)
    func agreement(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let geometry = random.choose([
            ConvolutionGeometry.same(kernel: 3), .same(kernel: 5), .same(kernel: 3, upsampling: 2),
            ConvolutionGeometry(kernel: 3, stride: 2, padBefore: 0, padAfter: 1),
            ConvolutionGeometry(kernel: 4, stride: 4, padBefore: 0, padAfter: 0),
        ])
        let (height, width) = (random.choose([4, 8, 13, 40]), random.choose([4, 5, 8, 31]))
        let (inputs, outputs) = (random.choose([1, 3, 8, 20]), random.choose([1, 3, 16, 24]))
        let weight = random.tensor([outputs, inputs, geometry.kernel, geometry.kernel])
        let bias = random.choose([nil, random.tensor([outputs])])
        let x = random.tensor([height, width, inputs])
        let accumulate = random.choose([true, false])
        let edges = ImageEdges(top: random.choose([true, false]), bottom: random.choose([true, false]))
        guard height * geometry.upsampling >= geometry.kernel else { return }
        let start = random.tensor([geometry.output(of: height, edges), geometry.output(of: width), outputs])
        let reference = ReferenceCompute()
        let cpu = try CPUCompute(precision: .bf16, threads: 2)

        let expected = start.toFloat32()
        try reference.convolution(
            x, reference.pack(convolution: weight, bias: bias, geometry), edges: edges, accumulate: accumulate,
            Workspace(), into: expected)
        let out = start.toFloat32()
        try cpu.convolution(
            x, cpu.packPatches(weight, bias: bias, geometry), edges: edges, accumulate: accumulate, Workspace(),
            into: out)
        #expect(
            relativeError(out.floats(), expected.floats()) < 3e-6,
            "\(geometry) \(edges) \(height) x \(width), \(inputs) -> \(outputs)")
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
