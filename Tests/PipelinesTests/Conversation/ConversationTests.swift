import Compute
import FlashUTesting
import Foundation
import Pipelines
import ShowO2
import Tensors
import Testing

/// Conversations of a small random model: what is kept between turns changes nothing but the work.
@Suite struct ConversationTests {
    let model: UnifiedModel
    let special: SpecialTokens

    init() async throws {
        model = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, threads: 2)
        special = try model.specialTokens()
    }

    static func settings(seed: UInt64 = 0, _ change: (inout Conversation.Settings) -> Void = { _ in })
        -> Conversation.Settings
    {
        var settings = Conversation.Settings()
        (settings.seed, settings.steps, settings.guidance, settings.decode) = (seed, 3, 4, false)
        change(&settings)
        return settings
    }

    /// Runs a turn and returns what happened.
    @discardableResult static func run(_ stream: AsyncThrowingStream<Conversation.Event, any Error>) async throws
        -> (turn: Conversation.Turn, images: [TextToImage.Drawn], begun: Int)
    {
        var (turn, images, begun): (Conversation.Turn?, [TextToImage.Drawn], Int) = (nil, [], 0)
        for try await event in stream {
            switch event {
            case .turn(let one): turn = one
            case .image(let image): images.append(image)
            case .drawing: begun += 1
            case .encoded, .text, .step: break
            }
        }
        return (try #require(turn), images, begun)
    }

    /// Tokens of a turn without images.
    static func tokens(_ turn: Conversation.Turn) -> Int {
        turn.parts.reduce(0) { if case .tokens(let ids) = $1.content { $0 + ids.count } else { $0 } }
    }

    /// The first seed with which the model decides, in its first turn, to draw and then to write on.
    func drawingSeed(_ style: Conversation.Style = .init()) async throws -> UInt64 {
        for seed in 0..<64 as Range<UInt64> {
            let turn = try await Self.run(
                Conversation(model, style: style).say([.ids([5, 6, 7])], Self.settings(seed: seed))
            ).turn
            guard let image = turn.parts.firstIndex(where: { $0.author == .model && $0.content.isVisual }) else {
                continue
            }
            if image > 2, image + 1 < turn.parts.count { return seed }
        }
        return try #require(nil, "no seed makes the model draw")
    }

    /// Everything as `ImageQuestion` reads it: images of the model at time 0, in their own mask.
    func writingPieces(_ parts: some Sequence<Conversation.Part>, time: Float) -> [PromptPiece] {
        parts.map { part in
            switch part.content {
            case .tokens(let ids): .ids(ids)
            case .image(let latents, _): .latents(latents, time: part.author == .user ? 1 : time)
            case .video(let latents, _, _): .latents(latents, kind: .video)
            }
        }
    }

    /// Holds every text and every image of turns to what reading the whole history anew gives: `flashu ask --pieces`, `flashu generate --pieces`.
    func expectAnew(_ turns: [Conversation.Turn], _ settings: Conversation.Settings) async throws {
        let parts = turns.flatMap(\.parts)
        var (written, drawn) = (0, 0)
        for (i, part) in parts.enumerated() where part.author == .model {
            let before = parts[..<i]
            switch part.content {
            case .tokens(let ids):
                let begins = i + 1 < parts.count && parts[i + 1].author == .model && parts[i + 1].content.isVisual
                let expected = ids + (begins ? [special.beginOfImage] : [])
                var request = ImageQuestion.Request(
                    sources: writingPieces(before, time: 0), questions: [.continuation], prefix: [],
                    maxTokens: settings.maxTokens,
                    sampling: SamplingOptions(temperature: settings.temperature, seed: settings.seed + UInt64(written)))
                request.endsAtImage = true
                let answer = try await ImageQuestion(model).answers(request)
                #expect(answer.first?.tokens == expected, "part \(i)")
                written += ids.count
            case .image(let latents, _):
                var request = TextToImage.Request(
                    prompts: [.pieces(writingPieces(before, time: 1))], steps: settings.steps,
                    guidance: drawn == 0 ? settings.guidance : settings.laterGuidance,
                    seed: settings.seed + UInt64(drawn))
                request.decode = false
                let image = try await TextToImage(model).images(request)
                #expect(image.first?.latents.floats() == latents.floats(), "part \(i)")
                (drawn, written) = (drawn + 1, written + 1)
            case .video: break
            }
        }
        #expect(written > 0 && drawn > 1)
    }

    /// Text, images by the model's decision and by the user's, an image of the user's: each token and each latent is the very one of a fresh reading.
    @Test func equalsReadingEverythingAnew() async throws {
        let seed = try await drawingSeed()
        let settings = Self.settings(seed: seed)
        let conversation = try Conversation(model)
        try await Self.run(conversation.say([.ids([5, 6, 7])], settings))
        let shown = try Golden("mmu_image_nano")["image_latents"]
        try await Self.run(conversation.draw([.latents(shown), .ids([8, 9])], settings))
        try await Self.run(conversation.say([.ids([10])], settings))
        let turns = await conversation.turns
        #expect(turns.count == 3 && turns[1].ending == .drawn)
        try await expectAnew(turns, settings)
    }

    /// The first image of a plain conversation is the prompt's.
    @Test func firstImageIsThePrompts() async throws {
        let drawn = try await Self.run(Conversation(model).draw([.ids([5, 6, 7])], Self.settings(seed: 3)))
        #expect(drawn.begun == 1 && drawn.images.count == 1)
        let alone = try await TextToImage(model).images(
            .init(prompts: [.ids([5, 6, 7])], steps: 3, guidance: 4, seed: 3, decode: false))
        #expect(drawn.images.first?.latents.floats() == alone.first?.latents.floats())
    }

    /// A turn reads what is new; what it chooses does not depend on what was kept.
    @Test func turnsReadOnlyWhatIsNew() async throws {
        let settings = Self.settings { $0.maxTokens = 6 }
        let long = Array(repeating: 4, count: 3000)
        let conversation = try Conversation(model)
        let meter = model.network.compute.meter
        let start = meter.reading
        let first = try await Self.run(conversation.say([.ids(long)], settings)).turn
        let afterFirst = meter.reading
        // bos, the text, and all chosen tokens but the last.
        #expect(first.reading.writing == Self.tokens(first) - 1 && first.reading.drawing == 0)
        // The same history, kept elsewhere.
        let other = try Conversation(model, turns: await conversation.turns)
        let beforeSecond = meter.reading
        let second = try await Self.run(conversation.say([.ids([7, 8])], settings)).turn
        let afterSecond = meter.reading
        let anew = try await Self.run(other.say([.ids([7, 8])], settings)).turn
        let end = meter.reading
        #expect(second.reading.writing == Self.tokens(second))
        #expect(anew.reading.writing == Self.tokens(first) + Self.tokens(second) - 1)
        #expect(second.parts.map { "\($0.content)" } == anew.parts.map { "\($0.content)" })
        let (read, kept) = ((afterFirst - start).total, (afterSecond - beforeSecond).total)
        #expect(kept * 20 < read && (end - afterSecond).total > read)
        // The first image reads all that was said, the next one what is new: that image, boi, time token and eoi with it, and the text.
        let third = try await Self.run(conversation.draw([.ids([1])], settings)).turn
        #expect(third.reading.writing == 0)
        #expect(third.reading.drawing == Self.tokens(first) + Self.tokens(second) + 1)
        let fourth = try await Self.run(conversation.draw([.ids([2])], settings)).turn
        #expect(fourth.reading.writing == 0 && fourth.reading.drawing == 36 + 3 + 1)
    }

    @Test func undoing() async throws {
        let settings = Self.settings { $0.maxTokens = 5 }
        let conversation = try Conversation(model)
        let first = try await Self.run(conversation.say([.ids([5])], settings)).turn
        let before = await conversation.length
        let second = try await Self.run(conversation.say([.ids([6, 7])], settings)).turn
        try await Self.run(conversation.draw([.ids([8])], settings))
        #expect(await conversation.undo()?.ending == .drawn)
        #expect(await conversation.undo() != nil)
        #expect(await conversation.length == before)
        let again = try await Self.run(conversation.say([.ids([6, 7])], settings)).turn
        #expect(again.parts.map { "\($0.content)" } == second.parts.map { "\($0.content)" })
        await conversation.reset()
        #expect(await conversation.undo() == nil)
        let anew = try await Self.run(conversation.say([.ids([5])], settings)).turn
        #expect(anew.parts.map { "\($0.content)" } == first.parts.map { "\($0.content)" })
    }

    /// The time of images that the model drew is a switch, and matters.
    @Test func imageTimes() async throws {
        var texts: [String] = []
        for time in Conversation.ImageTime.allCases {
            var style = Conversation.Style()
            style.imageTime = time
            let conversation = try Conversation(model, style: style)
            try await Self.run(conversation.draw([.ids([5])], Self.settings()))
            let turn = try await Self.run(conversation.say([], Self.settings { $0.maxTokens = 40 })).turn
            texts.append(turn.parts.map { "\($0.content)" }.joined())
            if time == .official {
                let all = await conversation.turns
                let request = ImageQuestion.Request(
                    sources: writingPieces(all[0].parts, time: 0), questions: [.continuation], prefix: [],
                    maxTokens: 1,
                    // One choice stands before: the image's boi.
                    sampling: SamplingOptions(temperature: 1, seed: 1))
                let answer = try await ImageQuestion(model).answers(request)
                guard case .tokens(let ids) = turn.parts.first?.content else { continue }
                #expect(answer.first?.tokens.first == ids.first)
            }
        }
        #expect(texts[0] != texts[1])
    }

    @Test func fullContext() async throws {
        var style = Conversation.Style()
        style.context = 50
        let conversation = try Conversation(model, style: style)
        // An image has no room behind so much text.
        let settings = Self.settings { $0.maxTokens = 12 }
        let text = try await Self.run(conversation.say([.ids(Array(1...20))], settings)).turn
        #expect(text.ending == .cut)
        let error = await #expect(throws: ModelError.self) {
            try await Self.run(conversation.draw([.ids([3])], settings))
        }
        #expect(try #require(error).description.contains("/undo"))
        #expect(await conversation.turns.count == 1)
        // It is usable: text goes on to the end.
        let more = try await Self.run(conversation.say([.ids([3])], Self.settings())).turn
        #expect(more.ending == .full || more.ending == .ended)
        #expect(await conversation.length <= 50)
        await #expect(throws: ModelError.self) {
            try await Self.run(conversation.say([.ids(Array(1...20))], settings))
        }
        #expect(await conversation.undo() != nil)
        #expect(await conversation.undo() != nil)
        #expect(try await Self.run(conversation.draw([.ids([3])], settings)).turn.ending == .drawn)
    }

    /// What was written when the reader went stays, and the next turn goes on from there.
    @Test func cancelledTextStays() async throws {
        let shapes = try await UnifiedModel.load(Golden.shapes, precision: .f32, threads: 2)
        let conversation = try Conversation(shapes)
        var settings = Self.settings { $0.maxTokens = 30_000 }
        for try await event in await conversation.say([.text("a photo of")], settings) {
            if case .text = event { break }
        }
        settings.maxTokens = 3
        let next = try await Self.run(conversation.say([.text("stars")], settings)).turn
        let turns = await conversation.turns
        #expect(turns.count == 2 && turns[0].ending == .cancelled)
        #expect(!conversation.text(of: turns[0], by: .model).isEmpty)
        // As if the history had been kept elsewhere.
        let other = try Conversation(shapes, turns: [turns[0]])
        let expected = try await Self.run(other.say([.text("stars")], settings)).turn
        #expect(next.parts.map { "\($0.content)" } == expected.parts.map { "\($0.content)" })
        #expect(next.reading.writing < expected.reading.writing)
    }

    /// An image on its way is forgotten; the text before it stays. The next turn is the very one of a conversation that never began the image.
    @Test func cancelledImageIsForgotten() async throws {
        let conversation = try Conversation(model)
        let few = Self.settings { $0.maxTokens = 5 }
        try await Self.run(conversation.say([.ids([5, 6])], few))
        let length = await conversation.length
        for try await event in await conversation.draw([.ids([9])], Self.settings { $0.steps = 1000 }) {
            if case .step(let step) = event, step.done > 1 { break }
        }
        let next = try await Self.run(conversation.say([.ids([7])], few)).turn
        #expect(await conversation.turns.count == 2)
        let other = try Conversation(model)
        try await Self.run(other.say([.ids([5, 6])], few))
        #expect(await other.length == length)
        let expected = try await Self.run(other.say([.ids([7])], few)).turn
        #expect(next.parts.map { "\($0.content)" } == expected.parts.map { "\($0.content)" })
    }

    /// Turns that are asked for at once run one after the other.
    @Test func turnsWaitForEachOther() async throws {
        let conversation = try Conversation(model)
        let settings = Self.settings { $0.maxTokens = 4 }
        let streams = [
            await conversation.say([.ids([5])], settings), await conversation.draw([.ids([6])], settings),
            await conversation.say([.ids([7])], settings),
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in streams { group.addTask { try await Self.run(stream) } }
            try await group.waitForAll()
        }
        let other = try Conversation(model)
        try await Self.run(other.say([.ids([5])], settings))
        try await Self.run(other.draw([.ids([6])], settings))
        try await Self.run(other.say([.ids([7])], settings))
        let (one, two) = (await conversation.turns, await other.turns)
        #expect(one.map(\.ending) == two.map(\.ending))
        #expect(one.last?.parts.map { "\($0.content)" } == two.last?.parts.map { "\($0.content)" })
    }

    @Test func refusals() async throws {
        func expectRefusal(_ word: String, _ body: () async throws -> Void) async throws {
            let error = await #expect(throws: ModelError.self) { try await body() }
            #expect(try #require(error).description.contains(word))
        }
        try await expectRefusal("vocabulary") { try await Self.run(Conversation(model).say([.ids([512])])) }
        try await expectRefusal("above 0") {
            try await Self.run(Conversation(model).say([.ids([1])], Self.settings { $0.maxTokens = 0 }))
        }
        try await expectRefusal("multiples") {
            try await Self.run(Conversation(model).draw([.ids([1])], Self.settings { $0.width = 7 }))
        }
        try await expectRefusal("vocabulary") {
            _ = try Conversation(model, turns: [.init(parts: [.init(.user, .tokens([-1]))], ending: .ended)])
        }
        try await expectRefusal("don't fit") {
            _ = try Conversation(
                model,
                turns: [.init(parts: [.init(.user, .image(latents: Tensor(zeros: [1, 3, 4, 4])))], ending: .ended)])
        }
        var style = Conversation.Style()
        style.context = 0
        try await expectRefusal("context") { _ = try Conversation(model, style: style) }
        let reading = try await UnifiedModel.load(Golden.model("nano"), precision: .f32, tasks: .understanding)
        try await expectRefusal("generation") { _ = try Conversation(reading) }
    }
}
