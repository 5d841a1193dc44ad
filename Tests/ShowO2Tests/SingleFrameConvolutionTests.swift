import Compute
import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

/// Exact saving 6: a causal 3-D convolution on a single frame is a 2-D one with the kernel's last temporal slice.
@Suite struct SingleFrameConvolutionTests {
    /// frames `[t][h, w, inputs]`, weight `[outputs, inputs, t, k, k]`: the sum over all taps, zero-padded in space.
    static func naive(_ frames: [Tensor], _ weight: Tensor, _ bias: [Float]) -> [Float] {
        let (outputs, inputs, times, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3])
        let (height, width) = (frames[0].shape[0], frames[0].shape[1])
        let (w, images) = (weight.floats(), frames.map { $0.floats() })
        var out: [Float] = []
        for y in 0..<height {
            for x in 0..<width {
                for o in 0..<outputs {
                    var sum = Double(bias[o])
                    for i in 0..<inputs {
                        for t in 0..<times {
                            for dy in 0..<kernel {
                                for dx in 0..<kernel {
                                    let (row, column) = (y + dy - kernel / 2, x + dx - kernel / 2)
                                    guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                                    let tap = w[(((o * inputs + i) * times + t) * kernel + dy) * kernel + dx]
                                    sum += Double(tap * images[t][(row * width + column) * inputs + i])
                                }
                            }
                        }
                    }
                    out.append(Float(sum))
                }
            }
        }
        return out
    }

    @Test(arguments: ["decoder.conv1", "encoder.conv1", "decoder.middle.0.residual.2"])
    func equalsTheCausalConvolutionBehindTwoZeroFrames(name: String) throws {
        let source = try openWeights(file: Golden.model("vae_tiny").appendingPathComponent("vae_tiny.pth"))
        let weight = try source.tensor(name + ".weight").toFloat32()
        let bias = try source.tensor(name + ".bias").toFloat32()
        #expect(weight.shape.suffix(3) == [3, 3, 3])
        var random = SeededRandom(seed: 8)
        let frame = random.tensor([5, 7, weight.shape[1]])
        let zero = Tensor(zeros: frame.shape)
        let expected = Self.naive([zero, zero, frame], weight, bias.floats())
        for compute in [try CPUCompute(threads: 2) as any Compute, ReferenceCompute()] {
            let slice = try compute.pack(
                convolution: weight.lastTemporalSlice(), bias: bias, .same(kernel: 3))
            let out = Tensor(zeros: [5, 7, weight.shape[0]])
            compute.convolution(frame, slice, edges: .all, accumulate: false, Workspace(), into: out)
            #expect(relativeError(out.floats(), expected) < 1e-5)
        }
        // The other slices are not zero: had the frame stood elsewhere, the result would be another.
        #expect(relativeError(Self.naive([zero, frame, zero], weight, bias.floats()), expected) > 1e-2)
    }
}
