public import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
public import Pipelines
import ShowO2

/// `flashu chat`
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk with a model in words and images.",
        discussion: """
            Both sides write and show images. The model decides when it draws, as the official inference_mixed_modality.py has it, or is told to \
            by /draw. What was said and drawn stays in memory as keys and values: a turn reads what is new. No released checkpoint was trained for \
            it. Commands: /draw [PROMPT], /image FILE, /video FILE, /undo, /reset, /save [DIR], /seed N, /size WxH, /help, /quit; an empty line lets \
            the model go on. Ctrl-C stops a turn, twice leaves.

            --script FILE runs JSON lines instead, {"text": T}, {"image": FILE}, {"video": FILE}, {"draw": PROMPT or true}, {"go": true}, \
            {"undo": true}, {"reset": true}, {"seed": N}, {"size": "WxH"}, {"save": DIR}, and prints one JSON line for each turn; images are \
            written to --save, else beside the script.

            EXAMPLES
              flashu chat -m DIR --template chatml
              flashu chat -m DIR --save holiday
              flashu chat --continue holiday
              flashu chat --script turns.jsonl --temperature 0 --seed 7 > results.jsonl
            """)

    @OptionGroup var engine: EngineOptions
    @OptionGroup var acceleration: AccelerationOptions
    @OptionGroup var pictures: ImageOptions
    @OptionGroup var videos: VideoOptions

    @Option(
        help: ArgumentHelp("Run the lines of a JSON-lines file; - = standard input.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var script: String?

    @Option(
        help: ArgumentHelp(
            "Keep the conversation in a folder: Markdown, JSON, images.", valueName: "folder"), completion: .directory)
    var save: String?

    @Option(
        name: .customLong("continue"),
        help: ArgumentHelp("Go on with the conversation in a folder, and keep it there.", valueName: "folder"),
        completion: .directory)
    var continued: String?

    @Option(help: "Show images in the terminal by kitty's, iTerm's or the sixel protocol, or none.")
    var show = PictureShowing.auto

    @Option(
        help:
            "What stands around what you say: plain (nothing, as the official script) or chatml (as in flashu ask). (default: plain)"
    )
    var template: Conversation.Template?

    @Option(
        help: ArgumentHelp(
            "Which time images of the model's own stand for: official (1 while it draws, 0 while it writes) or finished (always 1). (default: official)",
            valueName: "which"))
    var imageTime: Conversation.ImageTime?

    @Option(help: "Tokens of the conversation at most, 1 to 32768. (default: 32768)")
    var context: Int?

    @Option(help: "Tokens of a text at most, 1 to 30000.")
    var maxTokens = 200

    @Option(help: "How often the model may write, and then draw, in a turn, 1 to 100.")
    var rounds = 4

    @Option(help: "Randomness of the text; 0 = always the likeliest token.")
    var temperature = 1.0

    @Option(help: "Choose among the k likeliest tokens. (default: all)")
    var topK: Int?

    @Option(help: "Choose among the likeliest tokens that have probability p together. (default: all)")
    var topP: Double?

    @Option(parsing: .unconditional, help: "Seed of all random choices, or random (or -1). (default: 0)")
    var seed: Seed?

    @Option(
        help: ArgumentHelp("Points of the time grid of an image, 2 to 1000. (default: the model's)", valueName: "t"))
    var steps: Int?

    @Option(help: "Guidance scale of the first image; 0 = none. (default: the model's)")
    var cfgScale: Float?

    @Option(help: "Guidance scale of all later images.")
    var laterCfgScale: Float = 5

    @Option(help: "Shift of the time grid towards noise. (default: the model's)")
    var timeShift: Float?

    @Option(
        name: [.customShort("W"), .long], help: "Width in pixels; without -H the height too. (default: the model's)")
    var width: Int?

    @Option(
        name: [.customShort("H"), .long], help: "Height in pixels; without -W the width too. (default: the model's)")
    var height: Int?

    func validate() throws {
        try Bounds.check(steps: steps)
        try Bounds.check(cfgScale: cfgScale)
        try Bounds.check(cfgScale: laterCfgScale, "--later-cfg-scale")
        try Bounds.check(side: width, "--width")
        try Bounds.check(side: height, "--height")
        try Bounds.check(timeShift: timeShift)
        try Bounds.check(maxTokens: maxTokens)
        guard (1...100).contains(rounds) else {
            throw ValidationError("--rounds must be between 1 and 100, not \(rounds).")
        }
        if let context, !(1...TokenSequence.longest).contains(context) {
            throw ValidationError("--context must be between 1 and \(TokenSequence.longest), not \(context).")
        }
        try Bounds.check(temperature: temperature, topK: topK, topP: topP)
        if save != nil, continued != nil {
            throw ValidationError("--continue keeps the conversation in its own folder; leave --save out.")
        }
        if continued != nil, template != nil || imageTime != nil || context != nil {
            throw ValidationError(
                "--continue goes on as the conversation began; leave --template, --image-time and --context out.")
        }
    }

    func run() async throws {
        var plan = FilePlan()
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder)
        try folder.check(profile, for: .understanding)
        try folder.check(profile, for: .generation)
        let scriptFile: InputFile? = try plan.reads(script, "--script")
        try plan.check()
        let lines = try scriptFile.map { try ChatLine.script($0.data(limit: ChatLine.mostBytes), name: $0.shown) }
        let record = try continued.map { try ChatRecord.read(URL(userPath: $0)) }
        _ = try folder.tokenizer()
        let settings = try settings(profile, record, folder)
        let style = try style(record)
        let precision = engine.precision
        let provenance = try Provenance(folder, profile: profile, precision: precision)
        if let record, record.modelHash != provenance.modelHash {
            Terminal.hint(
                "the conversation was held with another model (\(record.model)); its images and words are read by this one"
            )
        }
        let turns = try continued.map { [record] in try record?.turns(in: URL(userPath: $0)) ?? [] } ?? []
        let kept = try (continued ?? save).map { try ChatFolder($0, continuing: continued != nil) }

        let script: ChatScriptRun? = try lines.map {
            try ChatScriptRun($0, file: scriptFile?.url, pictures, folder.geometry)
        }
        let model = try await engine.load(folder, for: .all, precision: precision)
        let conversation = try Conversation(model, style: style, turns: turns)
        if !Conversation.isTrained(model) {
            Terminal.hint(
                "\(folder.geometry.name) was not trained to write and draw in turns (no released checkpoint was); take what it says as an experiment"
            )
        }
        let session = ChatSession(
            conversation, settings, folder: kept, pictures: Self.pictures(record), provenance, pictures, videos)
        try await session.save()
        if let script {
            try await script.run(session)
        } else {
            try await ChatTerminal(session, showing: show.resolved()).run()
        }
        if seed?.isRandom == true { seed?.tellIfRandom() }
    }

    private func style(_ record: ChatRecord?) throws -> Conversation.Style {
        if let record { return try record.style() }
        var style = Conversation.Style()
        style.template = template ?? .plain
        style.imageTime = imageTime ?? .official
        style.videoMask = videos.videoMask
        style.context = context ?? TokenSequence.longest
        return style
    }

    private func settings(
        _ profile: AccelerationProfile, _ record: ChatRecord?, _ folder: ModelFolder
    ) throws -> Conversation.Settings {
        var settings = Conversation.Settings()
        (settings.maxTokens, settings.rounds, settings.profile) = (maxTokens, rounds, profile)
        (settings.temperature, settings.topK, settings.topP) = (temperature, topK, topP)
        settings.seed = seed?.value ?? record?.seed ?? 0
        (settings.guidance, settings.laterGuidance, settings.steps) = (cfgScale, laterCfgScale, steps)
        (settings.timeShift, settings.width, settings.height) = (timeShift, width, height)
        let size = folder.geometry.imageSize(width, height)
        _ = try folder.geometry.grid(width: size.width, height: size.height)
        return settings
    }

    /// What is seen in the turns of a record, which is in its files already.
    private static func pictures(_ record: ChatRecord?) -> [[ChatFolder.Picture]] {
        (record?.turns ?? []).map { turn in
            turn.parts.compactMap { part in
                guard part.ids == nil, let latents = part.latents else { return nil }
                return ChatFolder.Picture(nil, name: PathName.withoutEnding(latents))
            }
        }
    }
}

extension Conversation.Template: ExpressibleByArgument {}
extension Conversation.ImageTime: ExpressibleByArgument {}
