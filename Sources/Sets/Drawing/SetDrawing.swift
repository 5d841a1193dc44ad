import Compute
public import FlashU
import Foundation
import Images
public import Pipelines
import ShowO2
import Tensors

/// Draws a set into a folder: what is there and whole is kept, the rest is drawn, each file by itself, and what fails is remembered while the others go on.
public struct SetDrawing: Sendable {
    /// Settings that all images share; nil = the model's.
    public struct Options: Sendable {
        /// Points of the time grid.
        public var steps: Int?
        /// Guidance scale.
        public var cfgScale: Float?
        /// Shift of the time grid.
        public var timeShift: Float?
        /// Pixels of an image, of a cell where a file holds several.
        public var width: Int?
        /// Pixels of an image.
        public var height: Int?
        /// What to guide away from.
        public var negativePrompt: String?
        /// What may be done to be faster.
        public var profile = AccelerationProfile.off

        /// The model's own.
        public init() {}
    }

    /// What happens on the way.
    public enum Event: Sendable {
        /// A file was drawn, in so many seconds.
        case drawn(DrawingSet.File, seconds: Double, Progress)
        /// A file was not drawn.
        case failed(RunFolder.Failure, Progress)
    }

    /// How far a run is.
    public struct Progress: Sendable {
        /// Files that this run has dealt with.
        public let done: Int
        /// Files that this run had to deal with: those that were there are not counted.
        public let total: Int
    }

    /// What a run did.
    public struct Summary: Sendable {
        /// Files of the shard.
        public var files = 0
        /// Files that were there.
        public var kept = 0
        /// Files that were drawn.
        public var drawn = 0
        /// What failed in this run.
        public var failed: [RunFolder.Failure] = []
    }

    /// What is drawn.
    public let set: DrawingSet
    /// Where it goes.
    public let run: RunFolder
    /// How.
    public let options: Options

    /// A set, its place and its settings.
    public init(_ set: DrawingSet, in run: RunFolder, _ options: Options) {
        (self.set, self.run, self.options) = (set, run, options)
    }

    /// The request that draws a file: one image for each of its seeds, from given noise.
    public func request(_ file: DrawingSet.File) -> TextToImage.Request {
        let item = set.items[file.item]
        let hasSize = item.width != nil || item.height != nil
        return TextToImage.Request(
            prompts: Array(repeating: .text(item.prompt), count: file.seeds.count), steps: item.steps ?? options.steps,
            guidance: item.cfgScale ?? options.cfgScale, timeShift: options.timeShift, seed: file.seeds[0],
            width: hasSize ? item.width : options.width, height: hasSize ? item.height : options.height,
            negativePrompt: negativePrompt(of: file).map { .text($0) }, profile: options.profile)
    }

    /// What a file's images are guided away from.
    public func negativePrompt(of file: DrawingSet.File) -> String? {
        (set.items[file.item].negativePrompt ?? options.negativePrompt).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Finds what keeps items from being drawn, before the weights are loaded.
    ///
    /// - Returns: why items can't be drawn, by their places: a prompt that is too long.
    /// - Throws: the first error when none can be drawn.
    public func check(_ folder: ModelFolder) throws -> [Int: String] {
        var errors: [Int: any Error] = [:]
        var first: (any Error)?
        var checked: Set<Int> = []
        for file in set.files where checked.insert(file.item).inserted {
            do {
                try folder.check(request(file))
            } catch {
                errors[file.item] = error
                if first == nil { first = error }
            }
        }
        if let first, errors.count == checked.count { throw first }
        return errors.mapValues { "\($0)" }
    }

    /// Whether nothing of the set is there yet.
    public var isFresh: Bool {
        !set.files.contains { FileManager.default.fileExists(atPath: run.results.appendingPathComponent($0.path).path) }
    }

    /// Draws a shard.
    ///
    /// - Parameters:
    ///   - impossible: what ``check(_:)`` found.
    ///   - text: the texts that a file keeps, told the last of its images.
    ///   - tell: told of every file.
    /// - Throws: ``SetError/unwritable(path:reason:disk:)`` when the disk is full, `ModelError/memory(needed:available:)`, `CancellationError`; finished files stay.
    public func draw(
        _ shard: Shard, on model: UnifiedModel, impossible: [Int: String] = [:],
        text: @Sendable (DrawingSet.File, TextToImage.Drawn) -> [(key: String, value: String)],
        tell: (Event) throws -> Void
    ) async throws -> Summary {
        run.removeOldDrafts()
        let files = set.files(of: shard)
        let settings = TextToImage.Settings(
            TextToImage.Request(prompt: "", width: options.width, height: options.height), model.geometry)
        var missing: [DrawingSet.File] = []
        for file in files {
            let size = set.size(of: file, width: settings.width, height: settings.height)
            if SetState.condition(of: run.results.appendingPathComponent(file.path), size: size) == .whole {
                run.clear(file.path)
            } else {
                missing.append(file)
            }
        }
        var summary = Summary(files: files.count, kept: files.count - missing.count)
        for (index, file) in missing.enumerated() {
            try Task.checkCancellation()
            let progress = Progress(done: index + 1, total: missing.count)
            let start = ContinuousClock.now
            do {
                if let reason = impossible[file.item] { throw ModelError.request(reason) }
                let data = try await png(of: file, on: model, text)
                if let (path, contents) = set.metadata(of: file.item) {
                    let place = run.results.appendingPathComponent(path)
                    if (try? Data(contentsOf: place)) != contents { try run.write(contents, to: place) }
                }
                try run.write(data, to: run.results.appendingPathComponent(file.path))
                run.clear(file.path)
            } catch let error where RunEnd.isCaused(by: error) {
                throw error
            } catch {
                let failure = RunFolder.Failure(file: file.path, error: "\(error)".printable(atMost: 500))
                try run.add(failure)
                summary.failed.append(failure)
                try tell(.failed(failure, progress))
                continue
            }
            summary.drawn += 1
            try tell(.drawn(file, seconds: (ContinuousClock.now - start).inSeconds, progress))
        }
        try run.tellFailures()
        return summary
    }

    /// Draws a file's images and lays them out.
    private func png(
        of file: DrawingSet.File, on model: UnifiedModel,
        _ text: @Sendable (DrawingSet.File, TextToImage.Drawn) -> [(key: String, value: String)]
    ) async throws -> Data {
        var request = request(file)
        if file.seeds.count > 1 {
            let settings = TextToImage.Settings(request, model.geometry)
            let grid = try model.geometry.grid(width: settings.width, height: settings.height)
            let shape = model.geometry.latentShape(grid)
            let noise = file.seeds.flatMap { TextToImage.noise(seed: $0, shape: shape) }
            request.noise = Tensor(noise, shape: [file.seeds.count] + shape)
        }
        let drawn = try await TextToImage(model).images(request)
        let images = drawn.sorted { $0.index < $1.index }.compactMap(\.pixels)
        guard let first = drawn.first, images.count == file.seeds.count else { throw CancellationError() }
        let image = images.count == 1 ? images[0] : try ImageGrid.compose(images, columns: 2, padding: 0)
        return try image.pngData(text: text(file, first))
    }
}
