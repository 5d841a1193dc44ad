import Compute
import Tensors

/// The part of an evaluation that costs: everything before the head's final layer.
extension Denoising {
    /// Adds the stages of semantic encoder, fusion, LLM and head layers: latents -> the head's last hidden states
    /// `states` `[sequences * span, head hidden]`.
    func addBackbone(
        to stages: Stages, _ latents: Tensor, step: Int, _ plan: StepPlan, _ conditioning: TimeConditioning,
        sequences: Int, into states: Tensor, probe: ProbeSink?, observe: Observer?
    ) {
        let (width, span) = (model.geometry.llm.hidden, span)
        let tokens = span - 1

        // Dual-path embedding of the images, shared by both branches.
        // [images * frames * grid tokens, hidden]
        let embeddings = addEmbedding(to: stages, latents, step: step, plan.features, observe: observe)
        let hidden = workspace.tensor("hidden", [sequences * span, width])  // [sequences * span, hidden]
        stages.add { [images] in
            let timeToken = conditioning.tokens.rows(step..<step + 1)  // [1, hidden]
            for sequence in 0..<sequences {
                let image = sequence % images
                let rows = hidden.rows(sequence * span..<(sequence + 1) * span)
                rows.rows(0..<1).copy(from: timeToken)
                rows.rows(1..<span).copy(from: embeddings.rows(image * tokens..<(image + 1) * tokens))
            }
            observe?("llm.input", hidden)
        }

        if plan.measuresLayers { stages.add { [self] in layerImportance = [] } }
        let pass = Pass(
            plan: plan, time: schedule.time(step), modulation: conditioning.modulations[step], sequences: sequences,
            hidden: hidden, states: states, probe: probe, observe: observe)
        if case .reuseBeyond(let first, let bound) = plan.blocks {
            addLayers(to: stages, pass, first: min(max(0, first), model.decoder.layers.count), bound: bound)
        } else {
            addDecoder(to: stages, pass, model.decoder.layers.indices)
            stages.add { [self] in project(pass) }
            addHeadLayers(to: stages, pass)
        }
    }

    /// What the stages of one evaluation share.
    private struct Pass {
        let plan: StepPlan
        let time: Float
        let modulation: HeadModulation
        let sequences: Int
        /// The LLM's hidden states `[sequences * span, hidden]`.
        let hidden: Tensor
        /// The head's hidden states `[sequences * span, head hidden]`.
        let states: Tensor
        let probe: ProbeSink?
        let observe: Observer?
    }

    /// The first layers run; whether the others do is decided then (``ResidualCache``).
    private func addLayers(to stages: Stages, _ pass: Pass, first: Int, bound: Double) {
        let (hidden, states) = (pass.hidden, pass.states)
        let residual = workspace.tensor("blocks.residual", hidden.shape)  // [sequences * span, hidden]
        let between = workspace.tensor("blocks.between", hidden.shape)  // [sequences * span, hidden]
        stages.add { residual.copy(from: hidden) }
        addDecoder(to: stages, pass, 0..<first)
        stages.add { [self] in
            // hidden - input = -(input - hidden)
            between.copy(from: residual)
            residual.copy(from: hidden)
            residual.add(between, times: -1)
            let change = residuals.change(of: residual)
            if change.isFinite || bound > 0 {
                checks.blocks = EvaluationCheck(measured: change, limit: bound, isReused: change < bound)
            }
            if change < bound {
                residuals.addOthers(to: hidden)
                project(pass)
                residuals.addHead(to: states)
                return
            }
            residuals.keepFirst(residual)
            between.copy(from: hidden)
            addDecoder(to: stages, pass, first..<model.decoder.layers.count)
            let projected = workspace.tensor("blocks.projected", states.shape)  // [sequences * span, head hidden]
            stages.add { [self] in
                residuals.keepOthers(after: hidden, before: between)
                project(pass)
                projected.copy(from: states)
            }
            addHeadLayers(to: stages, pass)
            stages.add { [self] in residuals.keepHead(after: states, before: projected) }
        }
    }

    /// Layers of the LLM, in place.
    private func addDecoder(to stages: Stages, _ pass: Pass, _ layers: Range<Int>) {
        let (plan, sequences, compute) = (pass.plan, pass.sequences, model.compute)
        let rows = sequences == self.sequences.count ? decoderRows.both : decoderRows.conditional
        let count = pass.hidden.shape[0]
        model.decoder.add(
            to: stages, pass.hidden, rows: { rows[$0] },
            caches: { [decoderCaches] in Array(decoderCaches[$0].prefix(sequences)) },
            workspace, layers: layers, skipping: plan.measuresLayers ? [] : plan.skippedLayers, neurons: plan.neurons,
            measure: plan.measuresLayers
                ? { [self] in layerImportance.append(1 - $1.meanCosine(to: $2, rows: 0..<count)) } : nil,
            probes: pass.probe.flatMap { plan.probes.layerProbe(model.decoder, compute, $0) }.map { [$0] } ?? [],
            observe: pass.observe)
    }

    /// The LLM's hidden states -> the head's.
    private func project(_ pass: Pass) {
        let (compute, hidden) = (model.compute, pass.hidden)
        let normed = workspace.tensor("hidden.normed", hidden.shape, compute.activationType)
        compute.norm(hidden, model.decoder.finalNorm, nil, silu: false, into: normed)
        pass.observe?("llm.final_norm", normed)
        head.project(normed, into: pass.states, workspace)  // [sequences * span, head hidden]
        pass.observe?("diff_proj", pass.states)
    }

    /// The head's layers, in place.
    private func addHeadLayers(to stages: Stages, _ pass: Pass) {
        let (sequences, modulation) = (pass.sequences, pass.modulation)
        let rows = sequences == self.sequences.count ? headRows.both : headRows.conditional
        func add(_ layers: Range<Int>) {
            head.add(
                to: stages, pass.states, rows, caches: { [headCaches] in Array(headCaches[$0].prefix(sequences)) },
                modulation, workspace, layers: layers, observe: pass.observe)
        }
        guard keeps.contains(.headInput) else { return add(head.layers.indices) }
        let last = head.layers.indices.suffix(1)
        add(0..<last.lowerBound)
        stages.add { [self] in headInputs.record(pass.states, at: pass.time) }
        add(last.lowerBound..<head.layers.count)
    }

    /// The embeddings `[images * frames * tokens, hidden]`, each frame's by itself, the semantic path computed or extrapolated.
    private func addEmbedding(
        to stages: Stages, _ latents: Tensor, step: Int, _ features: StepPlan.Features, observe: Observer?
    ) -> Tensor {
        let time = schedule.time(step)
        var given: Tensor?
        if case .extrapolate(let order) = features, semanticFeatures.covers(rows: latents.shape[0] * grid.tokens) {
            let forecast = workspace.tensor(
                "features", [latents.shape[0] * grid.tokens, model.geometry.vision.hidden])
            stages.add { [self] in semanticFeatures.forecast(at: time, order: order, into: forecast) }
            given = forecast
        }
        return model.fusion.add(
            to: stages, latents, features: given, model.compute, workspace,
            computed: keeps.contains(.features) ? { [self] in semanticFeatures.record($0, at: time) } : nil,
            observe: observe)
    }
}
