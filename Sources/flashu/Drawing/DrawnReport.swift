import Pipelines

/// What `generate --json` tells of one image or video.
struct DrawnReport: Encodable {
    let file: String?
    let prompt: String
    let seed: UInt64
    let width: Int
    let height: Int
    let timings: TextToImage.Timings

    init(_ drawn: TextToImage.Drawn, file: String?, prompt: String) {
        (self.file, self.prompt, seed, timings) = (file, prompt, drawn.seed, drawn.timings)
        (width, height) = (drawn.settings.width, drawn.settings.height)
    }
}
