internal import CKernels
import Tensors

/// A linear layer's weights in panels of 16 output columns, the inputs rounded up to a multiple of the type's stride. The last panel of a layer (of each of
/// two gated ones) is filled up with zeros.
final class PanelWeights: LinearWeights {
    let inputs: Int
    let outputs: Int
    /// Whether two layers' panels alternate, for ``Activation/swiGLU``.
    let gated: Bool
    let type: PanelType
    /// See ``PanelType/shape(panels:inputs:)``.
    let panels: Tensor
    /// Of int8 and int4 panels, `[panels * 16]`.
    let scales: Tensor?
    let bias: Tensor?

    init(
        inputs: Int, outputs: Int, gated: Bool = false, type: PanelType, panels: Tensor, scales: Tensor? = nil,
        bias: Tensor? = nil
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.gated = gated
        self.type = type
        self.panels = panels
        self.scales = scales
        self.bias = bias
    }

    var depth: Int { type == .int4 ? panels.shape[1] * Int(CK_GROUP) : panels.shape[1] }
    var byteCount: Int { panels.byteCount + (scales?.byteCount ?? 0) + (bias?.byteCount ?? 0) }

    /// Inputs beyond which a sum of int8 products could leave int32.
    static let mostIntegerInputs = 131_072
}
