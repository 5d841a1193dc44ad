import FlashUTesting
import Foundation
import Images
import Testing

/// No output is lost to another, or takes an input with it, however the two are spelt.
@Suite("Files of a command") struct OutputPlanTests {
    /// Runs a command in a folder with inputs of every kind, and expects that it is refused and changes nothing.
    func expectClash(_ arguments: [String], _ words: String..., input: Data? = nil) throws {
        let place = try Workplace()
        let image = Golden.shapes.appendingPathComponent("eval/images/007.png")
        for (name, contents) in [
            ("in.png", try Data(contentsOf: image)), ("profile.json", Data("{}".utf8)), ("list.txt", Data("a\n".utf8)),
            ("q.jsonl", Data("{\"image\": \"in.png\", \"question\": \"what?\"}\n".utf8)),
            ("l.safetensors", try Data(contentsOf: Golden.folder.appendingPathComponent("t2i_dense_nano.safetensors"))),
        ] {
            try contents.write(to: place.results.appendingPathComponent(name))
        }
        try FileManager.default.createDirectory(
            at: place.results.appendingPathComponent("sub"), withIntermediateDirectories: true)
        for (link, target) in [("link.png", "in.png"), ("dangling.png", "sub/new.png"), ("here", ".")] {
            try FileManager.default.createSymbolicLink(
                atPath: place.results.appendingPathComponent(link).path, withDestinationPath: target)
        }
        try FileManager.default.linkItem(
            at: place.results.appendingPathComponent("in.png"), to: place.results.appendingPathComponent("hard.png"))
        func state() -> [String: Data] {
            Dictionary(
                uniqueKeysWithValues: place.leftovers.map {
                    ($0, FileManager.default.contents(atPath: place.results.appendingPathComponent($0).path) ?? Data())
                })
        }
        let before = state()
        let run = try CommandRun.flashu(arguments + ["-m", Golden.shapes.path], in: place.results, input: input)
        #expect(run.status == 1 && run.output == "" && run.remarks.count == 1, "\(arguments): \(run)")
        for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
        #expect(state() == before, "\(arguments)")
    }

    @Test(
        "Two outputs on one file",
        arguments: [
            ["-o", "d.png", "-n", "2", "--trace", "d-1.png"], ["-o", "d.png", "--save-latents", "./d.png"],
            ["-o", "d.png", "--trace", "sub/../d.png"], ["-o", "here/d.png", "--trace", "d.png"],
            ["-o", "dangling.png", "--trace", "sub/new.png"],
            ["-o", "sub/new.png", "--save-latents", "here/dangling.png"],
            ["-o", "link.png", "--trace", "in.png"], ["-o", "hard.png", "--trace", "in.png"],
            ["--trace", "t", "--save-latents", ".//t"],
            ["-n", "3", "-o", "sub/x.png", "--save-latents", "sub/./x-3.png"],
            ["-o", "-", "--trace", "-"], ["-o", "/dev/stdout", "--save-latents", "-"], ["--trace", "-", "--json"],
            ["-o", "-", "--json"],
        ])
    func outputs(options: [String]) throws {
        try expectClash(["generate", "x", "--steps", "2", "-W", "32"] + options, "both")
    }

    @Test(
        "An output on an input",
        arguments: [
            ["generate", "x", "--accelerate", "profile.json", "--trace", "here/profile.json"],
            ["generate", "--prompts", "list.txt", "--trace", "./list.txt"],
            ["generate", "x", "--init-noise", "l.safetensors", "--save-latents", "sub/../l.safetensors"],
            ["ask", "in.png", "what?", "--overlay", "in.png", "--set", "tokens.dropRatio=0.5"],
            ["ask", "in.png", "what?", "--overlay", "hard.png", "--set", "tokens.dropRatio=0.5"],
            ["eval", "generation", "--against", "list.txt", "--output", "here/list.txt"],
            ["eval", "generation", "--accelerate", "profile.json", "--output", "profile.json"],
            ["analyze", "--prompts", "list.txt", "-o", "list.txt"],
            ["analyze", "--images", "q.jsonl", "--json", "./q.jsonl"],
            ["analyze", "-o", "a.html", "--json", "here/a.html"],
            ["analyze", "-o", "-", "--json", "-"],
        ])
    func inputs(arguments: [String]) throws {
        try expectClash(arguments, "both")
    }

    @Test("Inputs that nobody named, and a picture over a profile")
    func others() throws {
        try expectClash(["analyze", "--images", "q.jsonl", "-o", "here/in.png"], "an image of the samples")
        try expectClash(["compare", "x", "--profile", "profile.json", "-o", "profile.json"], "profile.json")
    }

    @Test(
        "An output on one of the model's own files",
        arguments: [
            ["generate", "x", "--steps", "2", "--trace"], ["generate", "x", "--steps", "2", "--save-latents"],
            ["eval", "generation", "--output"], ["analyze", "-o"], ["analyze", "--json"],
        ])
    func modelFiles(arguments: [String]) throws {
        for name in ["config.json", "model.safetensors", "tokenizer.json", "vae.safetensors"] {
            try expectClash(arguments + [Golden.shapes.appendingPathComponent(name).path], name)
        }
    }

    @Test("Standard input serves one input only")
    func standardInput() throws {
        try expectClash(
            ["generate", "x", "--accelerate", "-", "--init-noise", "-"], "standard input", input: Data("{}".utf8))
        try expectClash(["ask", "-", "-", "what?"], "standard input", input: Data())
        try expectClash(["analyze", "--prompts", "-", "--images", "-"], "standard", input: Data("a\n".utf8))
    }

    @Test(
        "Names that can't be written are refused before the weights are loaded",
        arguments: [
            ("", "names no file"), ("sub/", "folder"), ("sub", "folder"), (".", "folder"), ("..", "folder"),
            ("absent/x.png", "does not exist"), ("in.png/x.png", "not a folder"), ("absent/", "folder"),
            (String(repeating: "x", count: 256) + ".png", "too long"), ("/proc/x.png", "cannot write"),
            ("locked.png", "read-only"), ("x.gif", ".png, .jpg, .jpeg or .webp"), ("x.pngg", ".pngg"), ("x.1", ".1"),
        ])
    func unwritable(name: String, word: String) throws {
        let place = try Workplace()
        // Loading these weights fails, so whatever is said came before.
        let model = try place.model(Golden.shapes, replacing: "vae.safetensors") { _ in Data("no weights".utf8) }
        let sub = place.results.appendingPathComponent("sub")
        try FileManager.default.createDirectory(at: sub, withIntermediateDirectories: true)
        for file in ["in.png", "locked.png"] { try Data().write(to: place.results.appendingPathComponent(file)) }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o444], ofItemAtPath: place.results.appendingPathComponent("locked.png").path)
        let before = place.leftovers
        var options = ["-o"]
        if !name.hasSuffix(".gif"), !name.contains(".pngg"), !name.hasSuffix(".1") {
            options += ["--trace", "--save-latents"]
        }
        for option in options {
            let run = try place.run("generate", "x", "--steps", "2", "-m", model.path, option, name)
            #expect(run.status == 1 && run.output == "" && run.remarks.count == 1, "\(run)")
            #expect(run.errors.contains(word), "\(run.errors)")
            #expect(place.leftovers == before)
        }
    }

    @Test(
        "- is standard output: the file's very bytes, and nothing else there",
        arguments: ["-o", "--trace", "--save-latents"])
    func standardOutput(option: String) throws {
        let place = try Workplace()
        let words = ["generate", "x", "-m", Golden.shapes.path, "--steps", "3", "-W", "32"]
        let named = try CommandRun.flashu(words + [option, "f"], in: place.results)
        let piped = try CommandRun.flashu(words + [option, "-"], in: place.results)
        #expect(named.status == 0 && piped.status == 0 && piped.remarks == [], "\(piped)")
        #expect(!FileManager.default.fileExists(atPath: place.results.appendingPathComponent("-").path))
        let file = try Data(contentsOf: place.results.appendingPathComponent("f"))
        if option == "--trace" {
            let steps = try JSONSerialization.jsonObject(with: piped.outputData) as? [Any]
            #expect(steps?.count == 2)
        } else {
            #expect(piped.outputData == file)
        }
    }

    @Test("A link stays a link, and the file behind it is written; several outputs may vanish into /dev/null")
    func linksAndDevices() throws {
        let place = try Workplace()
        let words = ["generate", "x", "-m", Golden.shapes.path, "--steps", "2", "-W", "32"]
        let link = place.results.appendingPathComponent("link.png").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target.png")
        #expect(try CommandRun.flashu(words + ["-o", "link.png"], in: place.results).status == 0)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target.png")
        #expect(try RGBImage(contentsOf: place.results.appendingPathComponent("target.png")).width == 32)
        let run = try CommandRun.flashu(
            words + ["-o", "/dev/null", "--trace", "/dev/null", "--save-latents", "/dev/null"], in: place.results)
        #expect(run.status == 0, "\(run)")
        // In the model's own folder a former result is no file of the model.
        let model = try place.model(Golden.shapes)
        for _ in 0..<2 {
            let run = try CommandRun.flashu(
                words + ["-m", model.path, "-o", "\(model.path)/out.png"], in: place.results)
            #expect(run.status == 0, "\(run)")
        }
    }
}
