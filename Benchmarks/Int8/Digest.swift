import ArgumentParser
import Compute
import FlashUTesting
import Tensors

/// One number made of the bits of many products: equal on every instruction set, since sums of integers are exact.
struct Digest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A digest of int8 and int4 products, which no instruction set or thread count may change.",
        discussion: "EXAMPLE\n  FLASHU_MAX_ISA=portable swift run -c release int8 digest")

    @Option(name: [.short, .long], help: "Threads.")
    var threads = 2

    func run() throws {
        let compute = try CPUCompute(precision: .int4, threads: threads)
        var random = SeededRandom(seed: 1)
        var digest: UInt64 = 14_695_981_039_346_656_037
        func add(_ tensor: Tensor) {
            for value in tensor.floats() { digest = (digest ^ UInt64(value.bitPattern)) &* 1_099_511_628_211 }
        }
        for rows in [1, 2, 4, 5, 7, 13, 14, 15, 43, 85, 171] {
            for inputs in [1, 3, 16, 63, 257, 600, 1030] {
                for outputs in [1, 16, 17, 131] {
                    let weight = random.tensor([outputs, inputs])
                    let bias = random.tensor([outputs])
                    let x = random.tensor([rows, inputs])
                    let out = random.tensor([rows, outputs])
                    let store = LinearStore.residual(gate: random.tensor([outputs]), rows: nil)
                    for bits in [WeightBits.eight, .four] {
                        let packed = try compute.pack(
                            [LinearSource(weight: weight, bias: bias)], .stacked, bits: bits)
                        compute.linear(x, packed, .identity, store, into: out)
                        compute.linear(x.toBFloat16(), packed, .identity, .residual, into: out)
                        let from = (inputs - 1) / 32 * 16
                        let part = random.tensor([rows, inputs - from])
                        compute.linear(part, packed, part: .inputs(from..<inputs), .identity, .residual, into: out)
                        add(out)
                        add(compute.quantize(weight, bits: bits).scales)
                    }
                }
            }
        }
        print("\(CPUCompute.instructionSet) \(String(digest, radix: 16))")
    }
}
