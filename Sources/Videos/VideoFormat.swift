public import Foundation
import Images

/// The kinds of files that hold videos, told by names and by first bytes.
public enum VideoFormat: String, Sendable, CaseIterable {
    /// MPEG-4 (H.264).
    case mp4
    /// WebM (VP9).
    case webm
    /// Animated GIF.
    case gif

    /// The format that a file's ending asks for when a video is written; nil for any other.
    public init?(ending: String) { self.init(rawValue: ending.lowercased()) }

    /// The format that a file's name asks for.
    /// - Throws: ``VideoError/unknownEnding(name:)``.
    public init(of url: URL) throws(VideoError) {
        guard let format = Self(ending: url.pathExtension) else {
            throw .unknownEnding(name: url.lastPathComponent)
        }
        self = format
    }

    /// Frames in a second that are written, at most.
    public static let mostFramesPerSecond = 240.0

    /// What may be written, for messages.
    static var endings: String { "." + allCases.map(\.rawValue).joined(separator: ", .") }

    /// Endings of names that are videos and nothing else. A GIF may be a picture.
    public static let readableEndings: Set<String> = [
        "mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "3gp", "3g2", "mpg", "mpeg", "ts", "mts", "m2ts", "flv", "ogv",
        "wmv", "asf",
    ]

    /// How many first bytes ``isVideo(signature:)`` looks at.
    public static let signatureLength = 64

    /// Whether these bytes begin a file of a kind that holds videos (or sound), and no pictures that `ImageReader` reads.
    public static func isVideo(signature bytes: some Collection<UInt8>) -> Bool {
        let head = Array(bytes.prefix(signatureLength))
        guard ImageFormat(signature: head) == nil else { return false }
        func matches(_ text: StaticString, at offset: Int) -> Bool {
            guard head.count >= offset + text.utf8CodeUnitCount else { return false }
            return head[offset..<offset + text.utf8CodeUnitCount].elementsEqual(
                text.withUTF8Buffer { Array($0) })
        }
        if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return true }  // Matroska, WebM
        // MPEG-4, QuickTime.
        for box: StaticString in ["ftyp", "moov", "wide", "mdat"] where matches(box, at: 4) { return true }
        if matches("RIFF", at: 0), matches("AVI ", at: 8) { return true }
        if matches("FLV", at: 0) || matches("OggS", at: 0) { return true }
        if head.starts(with: [0, 0, 1, 0xBA]) { return true }  // MPEG program stream
        return head.starts(with: [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11])  // ASF
    }
}
