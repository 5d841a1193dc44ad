import Images
import Testing

/// The text of a PNG names what made it, and reads back exactly.
@Suite struct GenerationParametersTests {
    @Test func textIsThatOfA1111() throws {
        let parameters = GenerationParameters(
            prompt: "a red fox, in \"snow\"\nat dusk", steps: 50, sampler: "Euler", cfgScale: 5, seed: 1, width: 432,
            height: 432, model: "C:\\models, new", timeShift: 3, precision: "bf16", version: "FlashU 0.1",
            extra: [.init(key: "Profile", value: "fast")])
        #expect(
            parameters.text == """
                a red fox, in "snow"
                at dusk
                Steps: 50, Sampler: Euler, CFG scale: 5.0, Seed: 1, Size: 432x432, Model: "C:\\\\models, new", \
                Time shift: 3.0, Precision: bf16, Version: FlashU 0.1, Profile: fast
                """)
        #expect(try GenerationParameters(parsing: parameters.text) == parameters)
    }

    @Test func theNegativePromptHasItsOwnLine() throws {
        var parameters = GenerationParameters(
            prompt: "a cat", negativePrompt: "blurry, dog", steps: 5, sampler: "Euler", cfgScale: 5, seed: 1, width: 16,
            height: 16)
        let last = "Steps: 5, Sampler: Euler, CFG scale: 5.0, Seed: 1, Size: 16x16"
        #expect(parameters.text == "a cat\nNegative prompt: blurry, dog\n" + last)
        parameters.prompt = "a sign that says\nNegative prompt: none"
        parameters.negativePrompt = nil
        #expect(parameters.text == "a sign that says\nNegative prompt: none\n\(last), Negative prompt: ")
        #expect(try GenerationParameters(parsing: parameters.text) == parameters)
    }

    @Test func textsOfOthersAreRead() throws {
        let text = """
            masterpiece, cat
            Negative prompt: dog
            Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, Model hash: 45dee52b, \
            Lora hashes: "a: 12, b: \\u00e9\\ud83e\\udd8a"
            """
        let parameters = try GenerationParameters(parsing: text)
        #expect(parameters.prompt == "masterpiece, cat" && parameters.negativePrompt == "dog")
        #expect(parameters.sampler == "DPM++ 2M Karras" && parameters.cfgScale == 7)
        #expect(parameters.seed == 965_400_086 && parameters.width == 512 && parameters.height == 768)
        #expect(parameters.model == nil)
        #expect(
            parameters.extra == [
                .init(key: "Model hash", value: "45dee52b"), .init(key: "Lora hashes", value: "a: 12, b: é🦊"),
            ])
    }

    @Test(arguments: [
        ("", "the text does not end with a line of generation parameters (Steps: 50, Seed: 1, ...)"),
        ("just a prompt", "the text does not end with a line of generation parameters (Steps: 50, Seed: 1, ...)"),
        ("p\nSteps: 5", "the generation parameters lack \"Size\""),
        (
            "p\nSteps: x, Sampler: E, CFG scale: 1, Seed: 1, Size: 1x1",
            "the generation parameter Steps: \"x\" makes no sense"
        ),
        (
            "p\nSteps: 1, Sampler: E, CFG scale: 1, Seed: 1, Size: 1x",
            "the generation parameter Size: \"1x\" makes no sense"
        ),
        ("p\nSteps: \"1", "the text does not end with a line of generation parameters (Steps: 50, Seed: 1, ...)"),
        (
            "p\nSteps: \"\\ud800\"",
            "the text does not end with a line of generation parameters (Steps: 50, Seed: 1, ...)"
        ),
    ])
    func badTextsHaveOneLine(text: String, message: String) {
        let error = #expect(throws: GenerationParametersError.self) { try GenerationParameters(parsing: text) }
        #expect(error?.description == message)
    }

    @Test func anyParametersComeBack() throws {
        var random = SeededGenerator(state: 1)
        for _ in 0..<3000 {
            let parameters = GenerationParameters(
                prompt: words(&random), negativePrompt: Bool.random(using: &random) ? words(&random) : nil,
                steps: .random(in: 0...500, using: &random), sampler: words(&random),
                cfgScale: .random(in: 0...30, using: &random), seed: random.next(),
                width: .random(in: 1...4096, using: &random), height: .random(in: 1...4096, using: &random),
                model: Bool.random(using: &random) ? words(&random) : nil,
                timeShift: Bool.random(using: &random) ? .random(in: 0...9, using: &random) : nil,
                precision: Bool.random(using: &random) ? words(&random) : nil,
                version: Bool.random(using: &random) ? words(&random) : nil,
                extra: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    .init(key: "k" + words(&random), value: words(&random))
                })
            let parsed = try GenerationParameters(parsing: parameters.text)
            // In a prompt that looks like two, an empty negative prompt is none: both mean the same.
            var expected = parameters
            if expected.negativePrompt == "", parsed.negativePrompt == nil { expected.negativePrompt = nil }
            #expect(parsed == expected)
            // String equality is canonical equivalence; the bytes must be the same too.
            #expect(Array(parsed.text.utf8) == Array(parameters.text.utf8))
            #expect(Array(parsed.prompt.utf8) == Array(parameters.prompt.utf8))
        }
    }

    @Test func anyPromptSurvivesThePNG() throws {
        var random = SeededGenerator(state: 2)
        let image = try RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        for _ in 0..<300 {
            let parameters = GenerationParameters(
                prompt: words(&random), negativePrompt: "a \(words(&random))", steps: 2, sampler: words(&random),
                cfgScale: 1.5, seed: 3, width: 1, height: 1)
            let data = try image.pngData(text: [(key: GenerationParameters.pngKey, value: parameters.text)])
            let text = try #require(RGBImage.pngText(of: data).first)
            #expect(text.key == "parameters")
            #expect(try GenerationParameters(parsing: text.value) == parameters)
        }
    }

    /// Text made to hurt: delimiters, quotes, line breaks, combining marks, emoji, things that look like parameters.
    private func words(_ random: inout SeededGenerator) -> String {
        let pieces = [
            "fox", " ", ",", ":", "\"", "\\", "\n", "\r", "\r\n", "\t", "🦊", "👨‍👩‍👧", "é", "e\u{301}", "\u{301}", "狐",
            "Negative prompt:", "Negative prompt: ", "\nNegative prompt: ", "\u{2028}", "\u{7F}", "\u{1}", "Steps: 5",
            "Size: 1x1, ", "\\n", "\\u0041", "\u{FEFF}", "{}", "'", "/",
        ]
        let count = Int.random(in: 0...8, using: &random)
        return (0..<count).compactMap { _ in pieces.randomElement(using: &random) }.joined()
    }
}
