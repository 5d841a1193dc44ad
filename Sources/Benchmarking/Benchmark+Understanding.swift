import Compute
import FlashU
import Foundation
import ShowO2
import Tensors

extension Benchmark {
    /// One image and one question: VAE, reading the image (by part), the question, and the answer token by token.
    func understanding() throws -> [RawRow] {
        guard let network = subject.network else { return [] }
        let geometry = subject.geometry
        var planner = ReadingPlanner(
            options.profile, layers: geometry.llm.layers,
            neurons: neurons(ratio: options.profile.ffn.understandingRatio), scores: nil)
        progress("an image to ask about")
        let encoding = try encoding(width: geometry.readingSize.width, height: geometry.readingSize.height)

        // What surrounds the image is as long as the chat template makes it, or shorter where the model has less room.
        let room = max(2, geometry.maxSequence - geometry.imageTokens - 3)
        let prefix = Array(repeating: 10, count: min(24, room / 2))
        let question = Array(repeating: 10, count: options.textTokens)
        let reading = try SequenceReader(model: network, special: subject.special)
        let start = reading.sequence.mark
        let latents = noise([
            1, geometry.latentChannels, geometry.readingSize.height / WanVAE.scale,
            geometry.readingSize.width / WanVAE.scale,
        ])

        progress("reading the image")
        var image = PassTimes()
        for i in 0..<(options.repeats > 1 ? options.repeats + 1 : 1) {
            try _Concurrency.Task.checkCancellation()
            reading.sequence.rewind(to: start)
            let clock = StageClock(network.compute.meter)
            try reading.read(
                [.text(prefix), .image(ImagePiece(latents: latents))], planner.imagePlan, cut: planner.cut,
                observe: clock.observe)
            clock.end()
            if i > 0 || options.repeats == 1 { image.add(clock) }
        }
        let mark = reading.sequence.mark

        progress("the question")
        // The first question packs the output layer.
        let asking = try measure(warmsUp: true) {
            reading.sequence.rewind(to: mark)
            _ = try reading.logits(after: question, planner.questionPlan)
        }
        planner.chooseLayers(reading.layerImportance)

        progress("the answer")
        let plan = planner.decodingPlan
        let asked = reading.sequence.mark
        let end = reading.sequence.count + options.answerTokens + 1
        _ = try reading.logits(after: [10], plan)
        let (token, memoryRate) = try measureStreaming(repeats: options.answerTokens) {
            if reading.sequence.count == end { reading.sequence.rewind(to: asked) }
            _ = try reading.logits(after: [10], plan)
        }
        let task = Task.understanding.rawValue
        var rows = [RawRow(task: task, name: "VAE encode", timing: encoding)]
        rows += self.rows(image.parts, task: .understanding)
        rows.append(RawRow(task: task, name: "image read", timing: image.total))
        rows.append(RawRow(task: task, name: "question", timing: asking))
        rows.append(RawRow(task: task, name: "first token", timing: encoding + image.total + asking))
        rows.append(
            RawRow(
                task: task, name: "token", timing: token,
                streaming: Streaming(bytes: bytesOfAToken(token.work), memoryRate: memoryRate)))
        return rows
    }

    /// Bytes of weights, keys and values that one token reads: two operations each.
    private func bytesOfAToken(_ work: OperationMeter.Reading) -> Int { (work.f32 * 4 + work.bf16 * 2 + work.int8) / 2 }
}
