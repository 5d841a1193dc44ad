import Compute
import FlashUTesting
import Tensors

/// A convolution of random sizes, with or without a bias, into something that is there already or not.
struct ConvolutionCase: CustomStringConvertible {
    let geometry: ConvolutionGeometry
    /// `[outputs, inputs, kernel, kernel]`
    let weight: Tensor
    let bias: Tensor?
    /// `[height, width, inputs]`
    let x: Tensor
    let accumulate: Bool
    let edges: ImageEdges
    /// What the output holds before.
    let start: Tensor

    init(
        _ random: inout SeededRandom, _ geometries: [ConvolutionGeometry], heights: [Int], widths: [Int], inputs: [Int],
        outputs: [Int]
    ) {
        geometry = random.choose(geometries)
        let (height, width) = (random.choose(heights), random.choose(widths))
        let (inputs, outputs) = (random.choose(inputs), random.choose(outputs))
        weight = random.tensor([outputs, inputs, geometry.kernel, geometry.kernel])
        bias = random.choose([nil, random.tensor([outputs])])
        x = random.tensor([height, width, inputs])
        accumulate = random.choose([true, false])
        edges = ImageEdges(top: random.choose([true, false]), bottom: random.choose([true, false]))
        start = random.tensor([geometry.output(of: height, edges), geometry.output(of: width), outputs])
    }

    /// The output, by the weights that the backend packs.
    func run(_ compute: some Compute) throws -> [Float] {
        let out = start.toFloat32()
        compute.convolution(
            x, try compute.pack(convolution: weight, bias: bias, geometry), edges: edges, accumulate: accumulate,
            Workspace(), into: out)
        return out.floats()
    }

    var description: String { "\(geometry) \(edges) \(x.shape) -> \(start.shape)" }
}
