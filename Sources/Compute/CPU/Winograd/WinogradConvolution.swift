internal import CKernels
import Tensors

/// A 3 x 3 convolution by Winograd's minimal filtering F(4 x 4, 3 x 3): 36 multiplications for 16 outputs where the direct sum takes 144.
///
/// Tiles of 6 x 6 inputs are transformed; at each of their 36 places the channels meet the transformed kernel in one matrix
/// product; the products are transformed back to 4 x 4 outputs. See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.
/// With the kernels' points (`winograd.inc`) an output is within 1e-6 (relative L2) of the exact one. The transformed kernels take four
/// times the memory of the weights.
final class WinogradConvolution: ConvolutionWeights {
    let inputs: Int
    let outputs: Int
    let geometry: ConvolutionGeometry
    /// Panels across the outputs.
    private let panelCount: Int
    /// `[36][panels][inputs][16]`
    private let panels: Tensor
    /// `[outputs]`, zero-filled to whole panels.
    private let bias: Tensor

    /// Whether the geometry is one it can do and there are channels enough that the products outweigh the transforms. Upsampling is done
    /// here whatever the channels: the large image is never made.
    static func suits(_ geometry: ConvolutionGeometry, inputs: Int) -> Bool {
        geometry == .same(kernel: 3, upsampling: geometry.upsampling) && (geometry.upsampling > 1 || inputs >= 16)
    }

    /// weight `[outputs, inputs, 3, 3]`, bias `[outputs]`, float32.
    init(weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, _ pool: ThreadPool)
        throws(ComputeError)
    {
        (outputs, inputs) = (weight.shape[0], weight.shape[1])
        self.geometry = geometry
        let panel = Int(CK_PANEL)
        panelCount = (outputs + panel - 1) / panel
        self.bias = Tensor(
            (bias?.floats() ?? Array(repeating: 0, count: outputs))
                + Array(repeating: 0, count: panelCount * panel - outputs), shape: [panelCount * panel])
        panels = try Tensor(loading: [36, panelCount, inputs, panel])

        let transformed = try Tensor(loading: [36, outputs, inputs])
        let (rows, columns) = (outputs, inputs)
        pool.forEach(rows) { output in
            for input in 0..<columns {
                WinogradKernel.transform(
                    weight.floatPointer + (output * columns + input) * 9,
                    into: transformed.floatPointer + output * columns + input, stride: rows * columns)
            }
        }
        for place in 0..<36 {
            ck_pack.run(
                LinearSource(weight: transformed.matrix(at: place * outputs * inputs, outputs, inputs)), as: .float32,
                into: placePanels(place), scales: nil, first: 0, step: 1, on: pool)
        }
    }

    /// The panels of one of the 36 places, `[panels, inputs, 16]`.
    private func placePanels(_ place: Int) -> Tensor {
        let panel = Int(CK_PANEL)
        return panels.matrix(at: place * panelCount * inputs * panel, panelCount * inputs, panel)
            .reshaped([panelCount, inputs, panel])
    }

    var byteCount: Int { panels.byteCount + bias.byteCount }

    /// Rows `x` `[rows, width, inputs]` into `out` `[rows', width', outputs]`, a bounded number of tiles at a time.
    func run(
        _ x: Tensor, edges: ImageEdges, accumulate: Bool, _ pool: ThreadPool, _ workspace: Workspace, into out: Tensor
    ) {
        let padded = panelCount * Int(CK_PANEL)
        let grid = (rows: (out.shape[0] + 3) / 4, columns: (out.shape[1] + 3) / 4)
        let tiles = grid.rows * grid.columns
        let chunk = min(tiles, Self.tilesAtOnce(channels: inputs + padded))
        let (inputStride, outputStride) = (Self.stride(tiles: chunk, inputs), Self.stride(tiles: chunk, padded))
        let before = workspace.tensor("winograd.inputs", [36, inputStride])  // [36][tiles, inputs], in register tiles
        let after = workspace.tensor("winograd.outputs", [36, outputStride])  // [36][tiles, outputs]
        for first in Swift.stride(from: 0, to: tiles, by: chunk) {
            let some = first..<min(first + chunk, tiles)
            ck_winograd_input.checked(
                x, upsampling: geometry.upsampling, top: edges.top, columns: grid.columns, tiles: some,
                stride: inputStride, into: before
            ).run(on: pool)
            ck_winograd_product.checked(
                before, stride: inputStride, tiles: some.count, panels: panels, into: after, stride: outputStride
            ).run(on: pool)
            ck_winograd_output.checked(
                after, stride: outputStride, padded: padded, bias: bias, columns: grid.columns, tiles: some,
                accumulate: accumulate, into: out
            ).run(on: pool)
        }
    }

    /// Tiles at once: so many that the kernels are read once for many tiles, in a multiple of the register tiles' rows, and what they become
    /// fits a few MB of cache.
    private static func tilesAtOnce(channels: Int) -> Int { max(1, min(3, 16 << 20 / (42 * 36 * 4 * channels))) * 42 }

    /// Floats from one of the 36 matrices to the next: an odd number of cache lines, since at a multiple of 4 KiB they would compete for the same lines.
    private static func stride(tiles: Int, _ channels: Int) -> Int {
        let lines = Int(ck_winograd_floats(Int64(tiles), Int64(channels))) / 16
        return 16 * (lines + (lines % 2 == 0 ? 1 : 0))
    }
}
