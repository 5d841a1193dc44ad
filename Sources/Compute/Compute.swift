public import Tensors

/// The operations that a transformer and a convolutional decoder need: coarse, on opaque tensors, so that a backend can be
/// a CPU, a GPU or an oracle.
///
/// Row matrices are `[rows, width]`, images `[height, width, channels]`. "Activations" are inputs of matrix products and of
/// type ``activationType``; everything else is float32. Outputs are written into tensors that the caller owns; shapes
/// must fit (a mismatch is a programming error and stops the program).
public protocol Compute: Sendable {
    /// How weights and activations are held.
    var precision: Precision { get }
    /// Element type of activations.
    var activationType: DType { get }

    /// The same engine, threads shared, at another precision.
    func with(precision: Precision) -> any Compute

    /// Operations done by this engine, at all precisions.
    var meter: OperationMeter { get }

    /// Packs layers that share an input into one product.
    ///
    /// - Parameter bits: the fewest that these weights are held in; a precision that has no so few takes its own fewest.
    /// - Throws: ``ComputeError/shape(_:)`` when the sources do not share an input width.
    func pack(_ sources: [LinearSource], _ arrangement: LinearArrangement, bits: WeightBits) throws(ComputeError)
        -> any LinearWeights

    /// `out (+)= activation(x W + b)`; x `[rows, inputs]` activations or float32, out `[rows, outputs]` (half of it after
    /// ``Activation/swiGLU``), float32 or activations.
    ///
    /// - Parameter part: a range of the outputs or the inputs; `out` or `x` then has only those columns.
    func linear(
        _ x: Tensor, _ weights: any LinearWeights, part: LinearPart, _ activation: Activation, _ store: LinearStore,
        into out: Tensor)

    /// `out = x W + b` of a layer that is needed once: its weights are not kept. x `[rows, inputs]` and out `[rows, outputs]` float32, and the
    /// product too, with weights of the precision.
    func linear(_ x: Tensor, once source: LinearSource, into out: Tensor)

    /// Normalises float32 rows `[rows, width]` into `out` `[rows, width]`, float32 or activations; with `silu`, followed by SiLU.
    func norm(_ x: Tensor, _ norm: Norm, _ modulation: Modulation?, silu: Bool, into out: Tensor)

    /// An empty cache for one attention layer of one sequence.
    func makeCache(_ geometry: AttentionGeometry) -> any KeyValueCache

    /// Splits `fused` `[rows, fusedWidth]` float32 into heads, applies q/k norms and rotation, writes keys and values to the
    /// slots that `rows` names, and the queries, scaled by `1 / sqrt(headDim)`, to `queries` `[rows, queryWidth]` float32.
    ///
    /// - Parameter caches: of the sequences that `rows` numbers.
    func heads(
        _ fused: Tensor, _ geometry: AttentionGeometry, _ norm: QueryKeyNorm?, _ rotary: RotaryTable?,
        _ rows: RowLayout, _ caches: [any KeyValueCache], into queries: Tensor)

    /// `softmax(q k^T) v` over the slots that each row may see, into `out` `[rows, queryWidth]`, float32 or activations.
    func attention(
        _ queries: Tensor, _ geometry: AttentionGeometry, _ rows: RowLayout, _ caches: [any KeyValueCache],
        into out: Tensor)

    /// Packs a convolution's weight `[outputs, inputs, kernel, kernel]` float32 and bias `[outputs]`.
    /// - Throws: ``ComputeError/shape(_:)`` when weight, bias and geometry don't fit, ``ComputeError/memory(bytes:)``.
    func pack(convolution weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) throws(ComputeError)
        -> any ConvolutionWeights

    /// Convolves rows `x` `[rows, width, inputs]` float32 of an image into `out` `[rows', width', outputs]` float32; adds to it if
    /// `accumulate`. rows' is ``ConvolutionGeometry/output(of:_:)``.
    ///
    /// - Parameter workspace: for the intermediates of algorithms that have some, of bounded size.
    func convolution(
        _ x: Tensor, _ weights: any ConvolutionWeights, edges: ImageEdges, accumulate: Bool, _ workspace: Workspace,
        into out: Tensor)

    /// Runs `body(0)` ... `body(count - 1)` on all threads: for data movement between the operations.
    func parallel(_ count: Int, _ body: @Sendable (Int) -> Void)
}

extension Compute {
    /// Packs layers that no precision holds in fewer bits than bfloat16; see ``pack(_:_:bits:)``.
    public func pack(_ sources: [LinearSource], _ arrangement: LinearArrangement) throws(ComputeError)
        -> any LinearWeights
    {
        try pack(sources, arrangement, bits: .sixteen)
    }

    /// The whole layer; see ``linear(_:_:part:_:_:into:)``.
    public func linear(
        _ x: Tensor, _ weights: any LinearWeights, _ activation: Activation, _ store: LinearStore, into out: Tensor
    ) {
        linear(x, weights, part: .all, activation, store, into: out)
    }
}
