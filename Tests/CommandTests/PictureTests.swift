import FlashUTesting
import Foundation
import Testing

/// Pictures on the command line: how they are read, and never taken for questions.
@Suite("Pictures for flashu ask") struct PictureTests {
    static let cases = ProvenanceTests.cases

    func ask(_ place: Workplace, _ words: String..., input: Data? = nil) throws -> CommandRun {
        try CommandRun.flashu(["ask", "-m", Golden.shapes.path] + words, in: place.results, input: input)
    }

    func path(_ name: String) -> String { Self.cases.appendingPathComponent(name).path }

    @Test("Transparency is laid on white and told; --alpha drop takes the colours beneath")
    func alpha() throws {
        let place = try Workplace()
        let (clear, white) = (
            try ask(place, path("transparent-logo.png"), "describe the image."),
            try ask(place, path("same-on-white.png"), "describe the image.")
        )
        #expect(clear.status == 0 && clear.output == white.output && white.errors == "")
        #expect(clear.errorLines.count == 1 && clear.errors.contains("--alpha drop"), "\(clear)")
        let dropped = try ask(place, path("transparent-logo.png"), "describe the image.", "--alpha", "drop")
        #expect(dropped.errors == "" && dropped.output != clear.output)
    }

    @Test("A note when more than a third is cut away, and --fit for it")
    func fit() throws {
        let place = try Workplace()
        let cut = try ask(place, path("wide-640x128.png"), "what is it?")
        #expect(cut.status == 0 && cut.errorLines.count == 1 && cut.errors.contains("80 %"), "\(cut)")
        #expect(cut.errors.contains("--fit"))
        for fit in ["pad", "stretch"] {
            let whole = try ask(place, path("wide-640x128.png"), "what is it?", "--fit", fit)
            #expect(whole.status == 0 && whole.errors == "", "\(whole)")
        }
        let small = try ask(place, AskTests.image, "what is it?", "--max-megapixels", "1")
        #expect(small.status == 0)
    }

    @Test("From standard input; what is no file's name is called what it is")
    func places() throws {
        let place = try Workplace()
        let data = try Data(contentsOf: URL(fileURLWithPath: AskTests.image))
        let piped = try ask(place, "-", "what is it?", input: data)
        #expect(try piped.status == 0 && piped.output == ask(place, AskTests.image, "what is it?").output, "\(piped)")
        expectRefusal(try ask(place, "-", "what is it?", input: Data()), place, "standard input")
        for url in ["https://example.org/a.png", "http://example.org/a", "ftp://x/y.jpg", "s3://bucket/key"] {
            expectRefusal(try ask(place, url, "what is it?"), place, url, "download it first")
            expectRefusal(try ask(place, AskTests.image, url, "what is it?"), place, url, "download it first")
        }
        expectRefusal(try ask(place, "file:///a.png", "what is it?"), place, "by its path")
        expectRefusal(
            try place.run("generate", "x", "--init-noise", "https://x.org/n.safetensors"), place, "download it first")
        expectRefusal(try place.run("compare", "https://x.org/n.png", "what?"), place, "download it first")
    }

    @Test("Several images come before the questions, and no image is taken for one")
    func several() throws {
        let place = try Workplace()
        let other = Golden.shapes.appendingPathComponent("eval/images/007.png").path
        let together = try ask(place, AskTests.image, other, "how many objects are there?")
        #expect(together.status == 0 && together.errors == "", "\(together)")
        // One answer, without the question's name: there was one question.
        #expect(together.output.split(separator: "\n").count == 1)
        let asked = try ask(place, AskTests.image, other, "-q", "how many objects are there?")
        #expect(asked.output == together.output)
        let two = try ask(place, AskTests.image, "-q", "is a.png red?", "-q", "what is it?")
        #expect(two.output.split(separator: "\n").count == 4, "\(two)")
        // A picture is known by its bytes, whatever it is called.
        let plain = place.folder.appendingPathComponent("picture")
        try FileManager.default.copyItem(atPath: AskTests.image, toPath: plain.path)
        expectRefusal(try ask(place, AskTests.image, plain.path), place, "ask something", usage: true)
        expectRefusal(try ask(place, AskTests.image, "absent.jpg", "what?"), place, "absent.jpg")
        expectRefusal(try ask(place, AskTests.image, "what?", "absent.jpg"), place, "absent.jpg", usage: true)
    }
}
