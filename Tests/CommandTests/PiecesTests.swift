import FlashUTesting
import Foundation
import ShowO2
import Tensors
import Testing

@Suite("--pieces: exact sequences") struct PiecesTests {
    private struct Report: Decodable {
        let tokens: [Int]
        let finished: Bool
    }

    private func ids(_ tensor: Tensor) -> [Int] { tensor.floats().map { Int($0) } }

    /// A list of pieces in the working folder.
    private func write(_ pieces: [[String: Any]], _ place: Workplace, _ name: String = "p.json") throws {
        try JSONSerialization.data(withJSONObject: pieces).write(to: place.results.appendingPathComponent(name))
    }

    private func answer(_ pieces: [[String: Any]], model: String, count: Int) throws -> Report {
        let place = try Workplace()
        try write(pieces, place)
        let run = try CommandRun.flashu(
            [
                "ask", "-m", Golden.model(model).path, "--precision", "f32", "--pieces", "p.json", "--max-tokens",
                "\(count)", "--json",
            ],
            in: place.results)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    /// The official `mmu_generate` on images and videos: boi, time token and eoi are each piece's own.
    @Test(arguments: [
        "mmu_image_nano", "mmu_image_nano-eq", "mmu_video4_nano", "mmu_video4_nano-eq", "mmu_video6_nano",
    ])
    func understanding(file: String) throws {
        let golden = try Golden(file)
        let expected = try #require(golden.manifest.output_ids)
        let frames = try golden["image_latents"].shape[0]
        let name = try #require(file.split(separator: "_").last).description
        let path = Golden.folder.appendingPathComponent("\(file).safetensors").path
        let report = try answer(
            [
                ["ids": ids(golden["text_tokens_a"])],
                ["latents": [path, 0, frames], "kind": file.contains("video") ? "video" : "image", "time": 1.0],
                ["ids": Array(ids(golden["text_tokens_b"]).dropFirst(2))],
            ], model: name, count: expected.count)
        #expect(report.tokens == expected)
    }

    /// The official `mm_generate`: images of the history stand at time 0, their time token among those that see each other.
    @Test(arguments: ["nano", "nano-eq"])
    func mixed(name: String) throws {
        let golden = try Golden("mmu_mixed_\(name)")
        let expected = try #require(golden.manifest.output_ids)
        let special = try #require(golden.manifest.special)
        let all = try ids(golden["input_ids"])
        let (begin, end) = (
            try #require(all.firstIndex(of: special.beginOfImage)), try #require(all.firstIndex(of: special.endOfImage))
        )
        let path = Golden.folder.appendingPathComponent("mmu_mixed_\(name).safetensors").path
        let report = try answer(
            [
                ["ids": Array(all[..<begin])], ["latents": [path, 0, 1], "kind": "image", "time": 0.0],
                ["ids": Array(all[(end + 1)...])],
            ], model: name, count: expected.count)
        #expect(report.tokens == expected)
    }

    /// The official `lm_generate`.
    @Test(arguments: ["nano", "nano-eq"])
    func text(name: String) throws {
        let golden = try Golden("lm_\(name)")
        let expected = try #require(golden.manifest.output_ids)
        let all = try ids(golden["input_ids"])
        let report = try answer(
            [["ids": Array(all.prefix(3))], ["ids": Array(all.dropFirst(3))]], model: name, count: expected.count)
        #expect(report.tokens == expected)
    }

    /// A prompt in pieces is drawn as the prompt; one that has seen an image is not.
    @Test func drawing() throws {
        let place = try Workplace()
        let special = try #require(try Golden("mmu_mixed_nano").manifest.special)
        func latents(_ arguments: String..., name: String) throws -> [Float] {
            let run = try CommandRun.flashu(
                [
                    "generate", "-m", Golden.model("nano").path, "--precision", "f32", "--steps", "4", "--no-decode",
                    "--save-latents", name,
                ]
                    + arguments, in: place.results)
            #expect(run.status == 0, "\(run)")
            return try openWeights(file: place.results.appendingPathComponent(name)).tensor("latents").floats()
        }
        let plain = try latents("--prompt-ids", "5,6,7", name: "a.safetensors")
        try write([["ids": [special.beginOfSequence, 5, 6, 7]]], place)
        #expect(try latents("--pieces", "p.json", name: "b.safetensors") == plain)
        try write([["ids": [special.beginOfSequence, 5, 6, 7, special.beginOfImage]]], place)
        #expect(try latents("--pieces", "p.json", name: "c.safetensors") == plain)
        let path = Golden.folder.appendingPathComponent("mmu_mixed_nano.safetensors").path
        try write([["ids": [special.beginOfSequence]], ["latents": [path, 0, 1]], ["ids": [5, 6, 7]]], place)
        let continued = try latents("--pieces", "p.json", name: "d.safetensors")
        #expect(continued != plain && continued.allSatisfy(\.isFinite))
    }

    @Test(
        "What is no list of pieces",
        arguments: [
            ("{}", "JSON list"), ("[]", "no pieces"), ("[1]", "piece 1 is no object"),
            ("[{\"text\":\"a\",\"ids\":[1]}]", "must have one"),
            ("[{\"txt\":\"a\"}]", "no field \"txt\""), ("[{\"ids\":[\"a\"]}]", "piece 1"),
            ("[{\"ids\":[1]},{\"image\":\"x.png\"}]", "x.png"),
            ("[{\"text\":\"a\",\"time\":1}]", "belong to latents"), ("[{\"latents\":[\"x\",0]}]", "piece 1"),
            ("[{", "not JSON"),
            ("[{\"ids\":[99999999]}]", "outside the vocabulary"),
            ("[{\"latents\":[\"nothing.safetensors\",0,1]}]", "nothing.safetensors"),
        ])
    func refused(text: String, word: String) throws {
        let place = try Workplace()
        try Data(text.utf8).write(to: place.results.appendingPathComponent("p.json"))
        for command in ["ask", "generate"] {
            let run = try place.run(command, "-m", Golden.shapes.path, "--pieces", "p.json")
            #expect(run.status == 1 && run.errorLines.count == 1 && run.errors.contains(word), "\(run)")
        }
    }

    @Test("A sequence that is too long: how many frames would fit")
    func tooLong() throws {
        let place = try Workplace()
        let frames = 4000
        let latents = Tensor(zeros: [frames, 16, 12, 12])
        try SafetensorsWriter.write(
            [("image_latents", latents)], to: place.results.appendingPathComponent("l.safetensors"))
        try write([["ids": [1]], ["latents": ["l.safetensors", 0, frames], "kind": "video"], ["ids": [2]]], place)
        let run = try place.run("ask", "-m", Golden.model("nano").path, "--pieces", "p.json")
        #expect(run.status == 1 && run.errors.contains("frames would fit instead of 4000"), "\(run)")
    }
}
