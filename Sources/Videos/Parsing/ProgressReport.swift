/// What `ffmpeg -progress` tells, of which only the number of frames so far is wanted.
package struct ProgressReport {
    /// Frames that have come out.
    package private(set) var frames = 0
    private var lines = Lines()

    package init() {}

    /// Takes more of the report.
    package mutating func take(_ bytes: [UInt8]) {
        var found = frames
        lines.take(bytes) { line in
            if let count = line.field("frame")?.drop(while: { $0 == UInt8(ascii: " ") }).wholeNumber, count >= 0 {
                found = count
            }
        }
        frames = found
    }
}
