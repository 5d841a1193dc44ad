import ArgumentParser
import Compute
import FlashU
import Foundation
import Images
import Pipelines
import ShowO2
import Synchronization
import Tensors
import Videos

/// `flashu generate --frames N`: videos.
extension GenerateCommand {
    /// Refuses what does not go with videos, or with images.
    func validateFilm() throws {
        if videos.videoMaskGiven != nil {
            throw ValidationError(
                "--video-mask is for questions; where something is drawn behind a video, all of its tokens see each other."
            )
        }
        guard let frames = drawnFrames else {
            let isFilm = VideoFormat(ending: PathName.ending(output)) != nil
            if pieces != nil, film.firstFrame != nil || film.fps != nil || isFilm {
                throw ValidationError("--pieces draws images, not videos; a video is drawn from a prompt.")
            }
            if film.firstFrame != nil || film.fps != nil {
                throw ValidationError("--first-frame and --fps are for videos; add --frames N.")
            }
            return
        }
        guard WanVAE.latents(ofFrames: frames) != nil else {
            let fewer = (frames - 1) / WanVAE.timeScale * WanVAE.timeScale + 1
            throw ValidationError(
                "--frames must be 1 + 4k where a video is drawn, not \(frames); \(fewer) or \(fewer + WanVAE.timeScale) would do."
            )
        }
        if like != nil { throw ValidationError("--like draws an image again; it goes without --frames.") }
        if prompts != nil { throw ValidationError("--prompts draws images; it goes without --frames.") }
        if film.firstFrame != nil, frames == 1 {
            throw ValidationError("a video of one frame leaves nothing to draw behind its first; --frames 5 or more.")
        }
    }

    /// Where a video goes.
    private enum FilmOutput {
        case video(OutputFile, VideoFormat)
        case frames([ImageOutput])
    }

    private func outputs(videos count: Int, of frames: Int, _ plan: inout FilePlan) throws -> [FilmOutput] {
        guard decode else { return [] }
        let isStandard = OutputFile.isStandard(output)
        if isStandard, count > 1 {
            throw CommandError("standard output takes one video; name a file with --output for several")
        }
        return try PathName.numbered(output, count: count).map { name in
            if let format = isStandard ? .mp4 : VideoFormat(ending: PathName.ending(name)) {
                if quality != nil { throw CommandError("--quality is for images, not for a video") }
                return .video(plan.writes(name, "--output"), format)
            }
            return .frames(
                try PathName.numbered(name, count: frames).map {
                    try ImageOutput(plan.writes($0, "--output"), quality: quality)
                })
        }
    }

    /// What was drawn, as it comes.
    private final class Progress: Sendable {
        let traces = Mutex<[StepTrace]>([])
        let drawn = Mutex<TextToImage.Drawn?>(nil)
    }

    /// Draws a video for each prompt, one after the other.
    func drawFilms(of frames: Int) async throws {
        // Everything that can be wrong with what was asked for comes before the weights, which take the longest.
        var plan = FilePlan()
        let folder = try engine.open(&plan)
        let profile = try acceleration.profile(&plan, of: folder, base: .off, sampler: sampler, for: .generation)
        let firstFile: InputFile? = try plan.reads(film.firstFrame, "--first-frame")
        let given: [TextToImage.Request.Prompt] = prompt.map { [.text($0)] } ?? promptIds.map { .ids($0.ids) }
        let prompts = given.flatMap { Array(repeating: $0, count: count) }
        let outputs = try outputs(videos: prompts.count, of: frames, &plan)
        let latentsFile: OutputFile? = plan.writes(saveLatents, "--save-latents")
        let traceFile: OutputFile? = plan.writes(trace, "--trace")
        let noise = try (plan.reads(initNoise, "--init-noise") as InputFile?).map {
            try $0.tensors().tensor("noise").toFloat32()
        }
        try plan.check(prints: json ? "--json" : nil)
        var task = DrawingTask(
            prompts: prompts, negativePrompt: negativePrompt.flatMap { $0.isEmpty ? nil : $0 }, steps: steps,
            cfgScale: cfgScale, timeShift: timeShift, seed: seed?.value ?? 0, width: width, height: height)
        let drawing = task.request(profile, noise: noise, decode: decode)
        // The size is checked before a picture is fitted to it.
        let size = folder.geometry.imageSize(width, height)
        _ = try folder.geometry.grid(width: size.width, height: size.height)
        let first = try firstFile.map { try pictures.read($0, width: size.width, height: size.height).image }
        let grid = try folder.check(TextToVideo.Request(drawing, frames: frames, firstFrame: first))
        let rate = film.fps ?? 16
        for case .video(_, let format) in outputs { try await VideoWriter(format, framesPerSecond: rate).check() }
        tellSizes([grid], folder.geometry)
        Terminal.hint(
            "drawing videos is experimental: no weights for it are released, and \(folder.geometry.name) was trained on images"
        )

        let model = try await engine.load(
            folder, for: .generation,
            precision: try engine.namedPrecision ?? acceleration.precision(of: folder, for: .generation) ?? .bf16)
        let reports = !json && !plan.usesStandardOutput
        var report = FilmReport(frames: frames, framesPerSecond: rate, latents: latentsFile?.shown)
        var (latents, traces): ([Tensor], [StepTrace]) = ([], [])
        for (number, prompt) in prompts.enumerated() {
            task.prompts = [prompt]
            task.seed = (seed?.value ?? 0) &+ UInt64(number)
            let own = noise.map { noise -> Tensor in
                guard prompts.count > 1 else { return noise }
                return noise.rows(number..<number + 1)
            }
            let request = TextToVideo.Request(
                task.request(profile, noise: own, decode: decode), frames: frames, firstFrame: first)
            let progress = ProgressLine(prompts.count > 1 ? "drawing \(number + 1) of \(prompts.count)" : "drawing")
            let seen = Progress()
            let images = TextToVideo(model).generate(request).compactMap { event -> RGBImage? in
                switch event {
                case .step(let step):
                    progress.show(step.done, of: step.total)
                    seen.traces.withLock { $0.append(step.trace) }
                    return nil
                case .frame(let frame):
                    ProgressLine("decoding").show(frame.index + 1, of: frame.count)
                    return frame.pixels
                case .video(let drawn):
                    seen.drawn.withLock { $0 = drawn }
                    return nil
                }
            }
            var file: String?
            switch outputs.indices.contains(number) ? outputs[number] : nil {
            case .video(let output, let format):
                try output.write(await VideoWriter(format, framesPerSecond: rate).data(of: images))
                file = output.shown
            case .frames(let files):
                var index = 0
                for try await image in images {
                    try files[index].write(image)
                    index += 1
                }
                file = files.first?.file.shown
            case nil: for try await _ in images {}
            }
            try Task.checkCancellation()
            Terminal.clearProgress()
            guard let drawn = seen.drawn.withLock({ $0 }) else { continue }
            if traceFile != nil { traces += seen.traces.withLock { $0 } }
            if latentsFile != nil { latents.append(drawn.latents) }
            report.add(drawn, file: file, prompt: text(prompt, folder).prompt)
            if reports, let file {
                let t = drawn.timings
                try Terminal.write(
                    "\(file)  seed \(drawn.seed)  "
                        + String(
                            format: "%d frames, %d evaluations in %.2f s, VAE %.2f s", frames, t.evaluations,
                            t.denoising / Double(t.batch), t.decoding))
            }
        }
        if let latentsFile, let one = latents.first {
            let all = Tensor(
                latents.flatMap { $0.floats() }, shape: (latents.count > 1 ? [latents.count] : []) + one.shape)
            try latentsFile.write([("latents", all)])
        }
        if let traceFile { try traceFile.write(line: JSONOutput.string(traces)) }
        if json { try Terminal.write(JSONOutput.string(report)) }
        if !reports, !json, seed?.isRandom == true, let seed { Terminal.hint("the seed is \(seed)") }
    }

    /// What `--json` prints.
    private struct FilmReport: Encodable {
        let frames: Int
        let framesPerSecond: Double
        let latents: String?
        var steps = 0
        var cfgScale: Float = 0
        var timeShift: Float = 0
        var videos: [DrawnReport] = []

        init(frames: Int, framesPerSecond: Double, latents: String?) {
            (self.frames, self.framesPerSecond, self.latents) = (frames, framesPerSecond, latents)
        }

        mutating func add(_ drawn: TextToImage.Drawn, file: String?, prompt: String) {
            (steps, cfgScale, timeShift) = (drawn.settings.steps, drawn.settings.guidance, drawn.settings.timeShift)
            videos.append(DrawnReport(drawn, file: file, prompt: prompt))
        }
    }
}
