import ArgumentParser
import Videos

/// Options of videos that are drawn.
struct FilmOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Experimental: the picture that a video of --frames begins with; it is fitted to the video's size (--fit). - = standard input.",
            valueName: "image"),
        completion: .file(extensions: ["png", "jpg", "webp"]))
    var firstFrame: String?

    @Option(
        help: ArgumentHelp(
            "Frames that a video of --frames shows in a second, above 0, at most 240. (default: 16)", valueName: "n"))
    var fps: Double?

    func validate() throws {
        if let fps, !(fps > 0 && fps <= VideoFormat.mostFramesPerSecond) {
            throw ValidationError("--fps must be above 0 and at most 240, not \(fps).")
        }
    }
}
