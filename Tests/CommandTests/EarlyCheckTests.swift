import FlashUTesting
import Foundation
import Tensors
import Testing

/// What a request lacks is said before the weights are loaded: these folders' weights can't be.
@Suite("Early checks") struct EarlyCheckTests {
    /// The shapes model without a tensor that the loader needs: only loading finds out.
    func broken(_ place: Workplace, without absent: Set<String> = []) throws -> URL {
        try place.model(Golden.shapes, without: absent, replacing: "model.safetensors") { data in
            let name = Data("showo.model.norm.weight".utf8)
            let range = try #require(data.range(of: name))
            return data.replacingCharacters(in: range)
        }
    }

    func refuse(_ arguments: [String], without absent: Set<String> = [], _ words: String...) throws {
        let place = try Workplace()
        let model = try broken(place, without: absent)
        let run = try CommandRun.flashu(arguments + ["-m", model.path], in: place.results)
        #expect(run.status == 1 && run.remarks.count == 1 && run.output == "", "\(arguments): \(run)")
        for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
        #expect(place.leftovers == [])
    }

    @Test("The weights of these tests do fail")
    func control() throws {
        try refuse(["generate", "a red circle", "--steps", "2"], "showo.model.norm.weight")
    }

    @Test("A missing tokenizer, VAE or calibration")
    func parts() throws {
        try refuse(["generate", "x"], without: ["tokenizer.json"], "tokenizer.json")
        try refuse(["generate", "x"], without: ["vae.safetensors"], "VAE")
        try refuse(["generate", "--prompt-ids", "1"], without: ["vae.safetensors", "tokenizer.json"], "VAE")
        try refuse(["generate", "x", "--accelerate", "paper"], without: ["flashu.safetensors"], "calibrate")
        try refuse(["ask", AskTests.image, "x"], without: ["tokenizer.json"], "tokenizer.json")
        try refuse(["ask", AskTests.image, "x"], without: ["vae.safetensors"], "VAE")
        try refuse(["compare", "x"], without: ["vae.safetensors"], "VAE")
        try refuse(["compare", AskTests.image, "x"], without: ["tokenizer.json"], "tokenizer.json")
        try refuse(["compare", "x", "--profile", "paper"], without: ["flashu.safetensors"], "calibrate")
        try refuse(["eval", "generation", "--accelerate", "paper"], without: ["flashu.safetensors"], "calibrate")
        try refuse(["calibrate"], without: ["tokenizer.json"], "tokenizer.json")
        try refuse(["calibrate"], without: ["vae.safetensors"], "VAE")
        try refuse(["analyze"], without: ["vae.safetensors"], "VAE")
    }

    @Test("Profiles, sizes, prompts, ids, images and latents")
    func requests() throws {
        try refuse(["generate", "x", "--set", "headCache.interval=0"], "headCache.interval")
        try refuse(["generate", "x", "-W", "100"], "multiples of 16")
        try refuse(["generate", String(repeating: "a red circle ", count: 40)], "room for 27")
        try refuse(
            ["generate", "x", "--negative-prompt", String(repeating: "a red circle ", count: 40)], "negative prompt")
        try refuse(["generate", "--prompt-ids", "99999"], "vocabulary")
        try refuse(["ask", "absent.png", "x"], "no such file")
        try refuse(
            ["ask", AskTests.image, "x", "--set", "tokens.dropRatio=0.5", "--set", "tokens.layer=99"], "tokens.layer")
        try refuse(["ask", AskTests.image, "--question-ids", "99999"], "vocabulary")
        try refuse(
            ["ask", AskTests.image, String(repeating: "red circle ", count: 9000), "--max-tokens", "30000"], "32768")
        let noise = Golden.folder.appendingPathComponent("t2i_dense_nano.safetensors").path
        try refuse(["generate", "x", "--init-noise", noise], "noise")
        try refuse(["calibrate", "--images", "/absent.jsonl"], "--images")
    }

    @Test("--prompt-ids --no-decode needs neither tokenizer nor VAE, and no ids in geometry.json")
    func neither() throws {
        let place = try Workplace()
        #expect(try place.drawLatents(Golden.model("nano")).status == 0)
    }
}

extension Data {
    /// The same with one byte of the range changed.
    fileprivate func replacingCharacters(in range: Range<Index>) -> Data {
        var copy = self
        copy[range.upperBound - 1] = UInt8(ascii: "_")
        return copy
    }
}
