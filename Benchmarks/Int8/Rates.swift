import ArgumentParser
import Compute
import Foundation
import Tensors

/// Rates of single products at the shapes of Show-o2 1.5B: ours in each precision, quantisation of the input included, and oneDNN's.
struct Rates: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rates of matrix products in int8, bf16 and f32, beside oneDNN's.",
        discussion: "EXAMPLE\n  swift run -c release int8 rates")

    @Option(name: [.short, .long], help: "Threads. Default: all cores.")
    var threads: Int?

    @Option(help: "Seconds for each number.")
    var seconds = 0.7

    /// Rows of one image's span in both branches, of the encoder, of a prompt's two branches, and of one decoded token.
    private static let shapes = [
        (1460, 1536, 2048), (1460, 1536, 1536), (1460, 1536, 17920), (1460, 8960, 1536), (729, 1152, 4304),
        (40, 1536, 17920), (40, 8960, 1536), (1, 1536, 17920), (1, 8960, 1536), (1, 1536, 151_680),
    ]

    func run() throws {
        let compute = try CPUCompute(precision: .int8, threads: threads)
        let peaks = [Precision.int8, .bf16, .f32].map {
            String(format: "\($0.rawValue) %.1f", compute.measuredPeakRate($0, seconds: seconds) / 1e9)
        }
        print("GFLOP/s, best of \(seconds) s; \(compute.threads) threads, \(CPUCompute.instructionSet)")
        print("on registers alone: " + peaks.joined(separator: ", "))
        print(
            "rows x inputs -> outputs        int4    int8    bf16     f32   oneDNN int8  oneDNN bf16   oneDNN f32   int8 weights, int4 weights, GB/s"
        )
        for (rows, inputs, outputs) in Self.shapes {
            let weight = Tensor.random([outputs, inputs], seed: 1, ones: false)
            let x = Tensor.random([rows, inputs], seed: 2, ones: false)
            let ours = try [Precision.int4, .int8, .bf16, .f32].map { precision in
                let engine = compute.with(precision: precision)
                let packed = try engine.pack([LinearSource(weight: weight)], .stacked, bits: .four)
                let input = precision == .f32 ? x.toFloat32() : x
                return rate(engine, input, packed)
            }
            let theirs = [Precision.int8, .bf16, .f32].map {
                compute.measuredGEMMRate($0, rows: rows, inputs: inputs, outputs: outputs, seconds: seconds)
            }
            let read = [ours[1], ours[0] * 17 / 32].map { $0 / Double(2 * rows) / 1e9 }
            print(
                String(format: "%4d x %5d -> %5d      ", rows, inputs, outputs)
                    + ours.map { String(format: "%8.1f", $0 / 1e9) }.joined()
                    + String(
                        format: "%14.1f%13.1f%13.1f%14.1f%14.1f", theirs[0] / 1e9, theirs[1] / 1e9, theirs[2] / 1e9,
                        read[0], read[1]))
        }
    }

    private func rate(_ compute: any Compute, _ x: Tensor, _ weights: any LinearWeights) -> Double {
        let out = Tensor(zeros: [x.shape[0], weights.outputs])
        let least = leastSeconds(within: seconds) { compute.linear(x, weights, .identity, .replace, into: out) }
        return Double(2 * x.shape[0] * weights.inputs * weights.outputs) / least
    }
}
