import Compute
import FlashU
import Foundation
import ShowO2
import Tensors

extension Benchmark {
    /// One image and one question: VAE, reading the image (by part), the question, and the answer token by token.
    func understanding() throws -> [RawRow] {
        guard subject.network != nil else { return [] }
        let question = try AnswerTrial(subject, options)
        progress("an image to ask about")
        let encoding = try measure(warmsUp: true) { try question.encode() }

        progress("reading the image")
        var image = PassTimes()
        for i in 0..<(options.repeats > 1 ? options.repeats + 1 : 1) {
            try _Concurrency.Task.checkCancellation()
            let clock = try question.readImage()
            if i > 0 || options.repeats == 1 { image.add(clock) }
        }

        progress("the question")
        // The first question packs the output layer.
        let asking = try measure(warmsUp: true) { try question.ask() }

        progress("the answer")
        try question.readToken()
        let (token, memoryRate) = try measureStreaming(repeats: options.answerTokens) { try question.readToken() }
        let task = Task.understanding.rawValue
        let first = encoding + image.total + asking
        var rows = [RawRow(task: task, name: "VAE encode", timing: encoding)]
        rows += self.rows(image.parts, task: .understanding)
        rows.append(RawRow(task: task, name: "image read", timing: image.total))
        rows.append(RawRow(task: task, name: "question", timing: asking))
        rows.append(RawRow(task: task, name: "first token", timing: first))
        rows.append(
            RawRow(
                task: task, name: "token", timing: token,
                streaming: Streaming(bytes: bytesOfAToken(token.work), memoryRate: memoryRate)))
        rows.append(
            RawRow(
                task: task, name: "answer of \(options.answerTokens) tokens",
                timing: first + token * (options.answerTokens - 1)))
        return rows
    }

    /// Bytes of weights, keys and values that one token reads: two operations each.
    private func bytesOfAToken(_ work: OperationMeter.Reading) -> Int {
        (work.f32 * 4 + work.bf16 * 2 + work.int8) / 2 + QuantizedMatrix.byteCount(1, work.int4 / 2, bits: 4)
    }
}
