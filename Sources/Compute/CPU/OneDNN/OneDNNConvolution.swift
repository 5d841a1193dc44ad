internal import CKernels
internal import COneDNN
import Synchronization
import Tensors

/// A direct convolution: its weights in the layout that oneDNN chose, and the compiled primitives of the shapes that it was last asked for.
package final class OneDNNConvolution: ConvolutionWeights {
    package let inputs: Int
    package let outputs: Int
    package let geometry: ConvolutionGeometry
    private let packed: Tensor
    private let layout: dnnl_memory_desc_t
    private let bias: Tensor
    private let patches = Mutex<PatchConvolution?>(nil)
    private let primitives = Mutex(LRUCache<Strip, OneDNNPrimitive>(capacity: OneDNNConvolution.mostPrimitives))

    /// A size of image needs four at most (first, middle and last strip, and a last one of another height), twice as many with and
    /// without accumulation, each some tens of kilobytes.
    package static let mostPrimitives = 32

    /// What a compiled primitive depends on: some rows of an image, with the zero rows above and below them.
    struct Strip: Hashable {
        var rows: Int
        var outRows: Int
        var width: Int
        var padTop: Int
        var padBottom: Int
        var accumulate: Bool
    }

    init(weight: Tensor, bias: Tensor?, geometry: ConvolutionGeometry) throws(ComputeError) {
        guard weight.shape.count == 4, weight.shape[2] == geometry.kernel, weight.shape[3] == geometry.kernel,
            geometry.upsampling == 1, bias.map({ $0.count == weight.shape[0] }) ?? true
        else { throw .shape("a convolution of shape \(weight.shape) with \(geometry)") }
        outputs = weight.shape[0]
        inputs = weight.shape[1]
        self.geometry = geometry
        self.bias = bias ?? Tensor(zeros: [outputs])

        // Let oneDNN choose the layout on a typical strip, then convert once.
        let side = 32
        let probe = Strip(
            rows: side, outRows: geometry.output(of: side), width: side, padTop: geometry.padBefore,
            padBottom: geometry.padAfter, accumulate: false)
        let free = try OneDNN.descriptor(weight.shape, dnnl_format_tag_any)
        let primitive = try Self.compile(probe, inputs: inputs, outputs: outputs, geometry: geometry, weights: free)
        layout = primitive.weights
        var wanted = layout
        let bytes = dnnl_memory_desc_get_size(&wanted)
        packed = try Tensor(loading: [bytes], dtype: .uint8)
        try Self.reorder(
            weight.pointer, try OneDNN.descriptor(weight.shape, dnnl_abcd), packed.pointer, layout)
    }

    package var byteCount: Int {
        packed.byteCount + bias.byteCount + (patches.withLock { $0?.byteCount } ?? 0)
    }

    /// Compiled primitives held.
    package var primitiveCount: Int { primitives.withLock { $0.count } }

    private static func compile(
        _ strip: Strip, inputs: Int, outputs: Int, geometry: ConvolutionGeometry, weights: dnnl_memory_desc_t
    ) throws(ComputeError) -> OneDNNPrimitive {
        let outWidth = geometry.output(of: strip.width)
        var source = try OneDNN.descriptor([1, inputs, strip.rows, strip.width], dnnl_acdb)
        var target = try OneDNN.descriptor([1, outputs, strip.outRows, outWidth], dnnl_acdb)
        var weights = weights
        var bias = try OneDNN.descriptor([outputs], dnnl_a)
        var operation = dnnl_convolution_desc_t()
        let name = "a convolution \(inputs) -> \(outputs)"
        try OneDNN.check(
            dnnl_convolution_forward_desc_init(
                &operation, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights, &bias, &target,
                [Int64(geometry.stride), Int64(geometry.stride)], [Int64(strip.padTop), Int64(geometry.padBefore)],
                [Int64(strip.padBottom), Int64(geometry.padAfter)]), name)
        return try OneDNNPrimitive(&operation, accumulate: strip.accumulate, name: name)
    }

    private static func reorder(
        _ from: UnsafeMutableRawPointer, _ fromLayout: dnnl_memory_desc_t, _ to: UnsafeMutableRawPointer,
        _ toLayout: dnnl_memory_desc_t
    ) throws(ComputeError) {
        let name = "a weight reorder"
        ck_single_threaded_openmp()
        var (source, target) = (fromLayout, toLayout)
        var description: dnnl_primitive_desc_t?
        try OneDNN.check(
            dnnl_reorder_primitive_desc_create(&description, &source, OneDNN.engine, &target, OneDNN.engine, nil), name)
        defer { dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        try OneDNN.check(dnnl_primitive_create(&primitive, description), name)
        defer { dnnl_primitive_destroy(primitive) }
        try OneDNN.run(
            primitive, [(Int32(DNNL_ARG_SRC_0), fromLayout, from), (Int32(DNNL_ARG_DST_0), toLayout, to)], name: name)
    }

    private func primitive(_ strip: Strip) throws(ComputeError) -> OneDNNPrimitive {
        if let known = primitives.withLock({ $0[strip] }) { return known }
        // Compiled without the lock: two threads may do it twice, neither waits.
        let made = try Self.compile(strip, inputs: inputs, outputs: outputs, geometry: geometry, weights: layout)
        primitives.withLock { $0[strip] = made }
        return made
    }

    /// Some rows of the output, and what makes them.
    struct Work {
        fileprivate let outRows: Range<Int>
        /// The first input row that they need.
        fileprivate let first: Int
        fileprivate let strip: Strip
        let primitive: OneDNNPrimitive
    }

    /// What makes rows `outRows` of the output.
    func work(_ x: Tensor, edges: ImageEdges, outRows: Range<Int>, accumulate: Bool) throws(ComputeError) -> Work {
        let (height, width) = (x.shape[0], x.shape[1])
        let above = edges.top ? geometry.padBefore : 0
        let first = outRows.lowerBound * geometry.stride - above
        let last = (outRows.upperBound - 1) * geometry.stride - above + geometry.kernel
        let strip = Strip(
            rows: min(last, height) - max(first, 0), outRows: outRows.count, width: width, padTop: max(0, -first),
            padBottom: max(0, last - height), accumulate: accumulate)
        return Work(outRows: outRows, first: max(first, 0), strip: strip, primitive: try primitive(strip))
    }

    /// The same convolution as products over patches, made when first asked for.
    func patches(on compute: CPUCompute) throws(ComputeError) -> PatchConvolution {
        if let made = patches.withLock({ $0 }) { return made }
        let shape = [outputs, inputs, geometry.kernel, geometry.kernel]
        let plain = try Tensor(loading: shape)
        try Self.reorder(packed.pointer, layout, plain.pointer, OneDNN.descriptor(shape, dnnl_abcd))
        let made = try compute.packPatches(plain, bias: bias, geometry)
        patches.withLock { $0 = made }
        return made
    }

    /// Makes rows of the output, from the input rows they need.
    func run(_ work: Work, _ x: Tensor, into out: Tensor) throws(ComputeError) {
        let width = x.shape[1]
        let rowBytes = width * inputs * 4
        let outBytes = out.shape[1] * outputs * 4
        try work.primitive.execute(
            [
                (
                    Int32(DNNL_ARG_SRC_0), try OneDNN.descriptor([1, inputs, work.strip.rows, width], dnnl_acdb),
                    x.pointer + work.first * rowBytes
                ),
                (Int32(DNNL_ARG_WEIGHTS_0), layout, packed.pointer),
                (Int32(DNNL_ARG_BIAS), try OneDNN.descriptor([outputs], dnnl_a), bias.pointer),
                (
                    Int32(DNNL_ARG_DST_0),
                    try OneDNN.descriptor([1, outputs, work.outRows.count, out.shape[1]], dnnl_acdb),
                    out.pointer + work.outRows.lowerBound * outBytes
                ),
            ], name: "a convolution \(inputs) -> \(outputs)")
    }
}
