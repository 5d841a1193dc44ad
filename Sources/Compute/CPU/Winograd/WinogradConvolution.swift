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
    static func suits(_ geometry: ConvolutionGeometry, inputs: Int, outputs: Int) -> Bool {
        geometry == .same(kernel: 3, upsampling: geometry.upsampling)
            && (geometry.upsampling > 1 || (inputs >= 16 && inputs * outputs >= 1024))
    }

    /// weight `[outputs, inputs, 3, 3]`, bias `[outputs]`, float32.
    init(weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, _ pool: ThreadPool) {
        (outputs, inputs) = (weight.shape[0], weight.shape[1])
        self.geometry = geometry
        let panel = Int(CK_PANEL)
        panelCount = (outputs + panel - 1) / panel
        self.bias = Tensor(
            (bias?.floats() ?? Array(repeating: 0, count: outputs))
                + Array(repeating: 0, count: panelCount * panel - outputs), shape: [panelCount * panel])
        panels = Tensor(zeros: [36, panelCount, inputs, panel])

        let transformed = Tensor(zeros: [36, outputs, inputs])
        let (rows, columns) = (outputs, inputs)
        pool.forEach(rows) { output in
            for input in 0..<columns {
                WinogradKernel.transform(
                    weight.floatPointer + (output * columns + input) * 9,
                    into: transformed.floatPointer + output * columns + input, stride: rows * columns)
            }
        }
        for place in 0..<36 {
            var packing = ck_pack()
            packing.source = UnsafeRawPointer(transformed.floatPointer + place * outputs * inputs)
            (packing.source_type, packing.w_type) = (Int32(CK_F32), Int32(CK_F32))
            (packing.n, packing.k, packing.k_stride) = (Int64(outputs), Int64(inputs), Int64(inputs))
            packing.panels = UnsafeMutableRawPointer(panels.floatPointer + place * panelCount * inputs * panel)
            packing.panel_step = 1
            withExtendedLifetime(transformed) { pool.run(ck_pack_task, packing, tasks: ck_pack_tasks([packing])) }
        }
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
        // An odd number of cache lines between the 36 matrices: at a multiple of 4 KiB they would compete for the same lines.
        let (inputStride, outputStride) = (Self.skewed(chunk * inputs), Self.skewed(chunk * padded))
        let before = workspace.tensor("winograd.inputs", [36, inputStride])  // [36][tiles, inputs]
        let after = workspace.tensor("winograd.outputs", [36, outputStride])  // [36][tiles, outputs]
        for first in stride(from: 0, to: tiles, by: chunk) {
            let count = min(chunk, tiles - first)
            let tasks = ck_winograd_tasks(Int64(count))
            let input = ck_winograd_input(
                image: x.floatPointer, height: Int64(x.shape[0]), width: Int64(x.shape[1]), channels: Int64(inputs),
                upsampling: Int32(geometry.upsampling), rows_before: edges.top ? 1 : 0, columns: Int64(grid.columns),
                first_tile: Int64(first), tiles: Int64(count), values: before.floatPointer, stride: Int64(inputStride))
            pool.run(ck_winograd_input_task, input, tasks: tasks)
            multiply(before, inputStride, after, outputStride, tiles: count, pool)
            let output = ck_winograd_output(
                values: after.floatPointer, stride: Int64(outputStride), ldv: Int64(padded), bias: bias.floatPointer,
                columns: Int64(grid.columns), first_tile: Int64(first), tiles: Int64(count), image: out.floatPointer,
                height: Int64(out.shape[0]), width: Int64(out.shape[1]), channels: Int64(outputs),
                accumulate: accumulate ? 1 : 0)
            pool.run(ck_winograd_output_task, output, tasks: tasks)
        }
    }

    /// The 36 products `[tiles, inputs] x [inputs, outputs]`.
    private func multiply(
        _ before: Tensor, _ inputStride: Int, _ after: Tensor, _ outputStride: Int, tiles: Int, _ pool: ThreadPool
    ) {
        let padded = panelCount * Int(CK_PANEL)
        let (depth, panels, size) = (inputs, panels, panelCount * inputs * Int(CK_PANEL))
        @Sendable func product(_ place: Int) -> ck_linear {
            var product = ck_linear()
            product.a = UnsafeRawPointer(before.floatPointer + place * inputStride)
            product.lda = Int64(depth)
            (product.a_type, product.w_type, product.out_type) = (Int32(CK_F32), Int32(CK_F32), Int32(CK_F32))
            product.panels = UnsafeRawPointer(panels.floatPointer + place * size)
            product.k_stride = Int64(depth)
            (product.rows, product.k, product.columns) = (Int64(tiles), Int64(depth), Int64(padded))
            product.out = UnsafeMutableRawPointer(after.floatPointer + place * outputStride)
            product.ldo = Int64(padded)
            return product
        }
        let tasks = Int(ck_linear_tasks([product(0)]))
        pool.forEach(36 * tasks) { i in
            withUnsafePointer(to: product(i / tasks)) { ck_linear_task($0, Int32(i % tasks)) }
        }
    }

    /// Tiles at once: what they become fits a few MB of cache; a multiple of the kernels' row counts.
    private static func tilesAtOnce(channels: Int) -> Int { max(1, 8 << 20 / (36 * 4 * channels) / 42) * 42 }

    private static func skewed(_ floats: Int) -> Int { (floats + 15) / 16 * 16 + (floats / 16 % 2 == 0 ? 16 : 0) }
}
