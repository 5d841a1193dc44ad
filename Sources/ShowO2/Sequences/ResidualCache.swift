import Compute
import Tensors

/// What the stacks of layers added to their inputs at the last evaluation that ran all of them: the LLM's first n layers, its others, and the head's.
///
/// DBCache (cache-dit): the first n blocks always run, and what they add is compared with what they added then,
/// change = sum |f - f_i| / sum |f_i|. While it is small the others add what they added then: x + r_i.
///
/// The LLM's and the head's hidden states differ in width where a projection stands between them, so each stack has a residual of its own, and the
/// projection always runs. The image's keys and values in the layers that did not run are old, and nobody sees them: whoever runs a layer
/// puts all rows' keys and values there first.
struct ResidualCache {
    /// `[rows, llm hidden]`
    private var first: Tensor?
    /// `[rows, llm hidden]`
    private var others: Tensor?
    /// `[rows, head hidden]`
    private var head: Tensor?

    /// Bytes of what is remembered.
    var byteCount: Int { [first, others, head].reduce(0) { $0 + ($1?.byteCount ?? 0) } }

    /// How much `residual` of the first layers, `[rows, hidden]`, differs from what is remembered; infinite where nothing is, for so many rows.
    func change(of residual: Tensor) -> Double {
        let rows = residual.shape[0]
        guard let first, others != nil, let head, first.shape[0] >= rows, head.shape[0] >= rows else {
            return .infinity
        }
        let known = first.rows(0..<rows)
        return residual.sumOfMagnitudes(minus: known) / known.sumOfMagnitudes()
    }

    /// Remembers what the first layers added, `[rows, hidden]`, at an evaluation that will run everything.
    mutating func keepFirst(_ residual: Tensor) {
        Self.keep(residual, in: &first)
        if others?.shape[0] != residual.shape[0] { others = nil }
        if head?.shape[0] != residual.shape[0] { head = nil }
    }

    /// Remembers what the LLM's other layers added: `after - before`, `[rows, hidden]`.
    mutating func keepOthers(after: Tensor, before: Tensor) { Self.keep(after, minus: before, in: &others) }

    /// Remembers what the head's layers added: `after - before`, `[rows, hidden]`.
    mutating func keepHead(after: Tensor, before: Tensor) { Self.keep(after, minus: before, in: &head) }

    /// Adds what the LLM's other layers added.
    func addOthers(to hidden: Tensor) {
        if let others { hidden.add(others.rows(0..<hidden.shape[0])) }
    }

    /// Adds what the head's layers added.
    func addHead(to hidden: Tensor) {
        if let head { hidden.add(head.rows(0..<hidden.shape[0])) }
    }

    private static func keep(_ value: Tensor, minus other: Tensor? = nil, in kept: inout Tensor?) {
        let copy = kept?.shape == value.shape ? kept ?? Tensor(zeros: value.shape) : Tensor(zeros: value.shape)
        copy.copy(from: value)
        if let other { copy.add(other, times: -1) }
        kept = copy
    }
}
