import Compute
import FlashU
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// The bits of a list of drawings and answers, at all precisions, presets and solvers: what changes them, changes them on purpose.
///
/// `Tests/Resources/pipelines/outputs.json` holds a hash of each by instruction set, of the exact latents and tokens (pixels are left out: oneDNN
/// may sum in another order on another processor). FLASHU_RECORD_OUTPUTS=all writes it anew for the instruction set at hand
/// (FLASHU_MAX_ISA caps it), FLASHU_RECORD_OUTPUTS=int4 that precision's alone.
@Suite struct UnchangedOutputTests {
    typealias Hashes = [String: [String: String]]

    static let file = ShapesModel.references.appendingPathComponent("outputs.json")

    static func hash(_ values: some Swift.Sequence<UInt32>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for value in values {
            for shift in stride(from: 0, to: 32, by: 8) {
                hash = (hash ^ UInt64(value >> shift & 0xff)) &* 0x100_0000_01b3
            }
        }
        return String(hash, radix: 16)
    }

    static func outputs(_ precisions: [Precision]) async throws -> [String: String] {
        var hashes: [String: String] = [:]
        let golden = try Golden(ShapesModel.asking)
        let latents = try golden.tensors.names.filter { $0.hasPrefix("latents.") }.sorted().map { try golden[$0] }
        let questions = try ShapesModel.questions().prefix(2).map { ImageQuestion.Request.Question.text($0.question) }
        for precision in precisions {
            let model = try await UnifiedModel.load(ShapesModel.folder, precision: precision, threads: 2)
            // Names of the record: the last two are what presets of old were.
            for (name, preset) in [
                ("off", AccelerationProfile.off), ("paper", .paper), ("balanced", .pruned), ("fast", .prunedMore),
            ] {
                for sampler in precision == .int4 ? [.euler] : Sampler.Kind.allCases {
                    let profile = try preset.setting("schedule.sampler", to: sampler.rawValue)
                    let drawn = try await TextToImage(model).images(
                        .init(
                            prompts: [.text("a photo of two red circles"), .ids([64, 335])], steps: 9, seed: 7,
                            decode: false, profile: profile))
                    hashes["draw \(precision.rawValue) \(name) \(sampler.rawValue)"] = hash(
                        drawn.flatMap { $0.latents.floats().map(\.bitPattern) })
                }
                let answers = try await ImageQuestion(model).answers(
                    .init(sources: [.latents(latents[0])], questions: questions, profile: preset))
                hashes["ask \(precision.rawValue) \(name)"] = hash(
                    answers.flatMap { $0.tokens.map { UInt32(truncatingIfNeeded: $0) } })
            }
        }
        return hashes
    }

    @Test func bitsAreThoseOfTheRecord() async throws {
        let asked = ProcessInfo.processInfo.environment["FLASHU_RECORD_OUTPUTS"]
        let some = Precision.allCases.filter { $0.rawValue == asked }
        let outputs = try await Self.outputs(some.isEmpty ? Precision.allCases : some)
        let set = CPUCompute.instructionSet
        var record = (try? JSONDecoder().decode(Hashes.self, from: Data(contentsOf: Self.file))) ?? [:]
        if asked != nil {
            record[set, default: [:]].merge(outputs) { $1 }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(record).write(to: Self.file)
            return
        }
        let expected = try #require(record[set], "no record for \(set)")
        #expect(expected.count == outputs.count && Set(outputs.values).count > outputs.count / 2)
        for (name, hash) in outputs.sorted(by: { $0.key < $1.key }) { #expect(expected[name] == hash, "\(name)") }
    }
}
