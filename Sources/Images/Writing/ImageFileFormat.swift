public import Foundation

/// The formats that images are written in.
public enum ImageFileFormat: String, Sendable, CaseIterable {
    /// Lossless; the default for drawings.
    case png
    /// Lossy.
    case jpeg
    /// Lossy, or lossless at quality 100.
    case webp

    /// The endings that can be written, in words.
    public static let endings = ".png, .jpg, .jpeg or .webp"

    /// The format of a file name's ending, in any case.
    /// - Parameter pathExtension: without the dot, such as `URL.pathExtension`.
    /// - Throws: `ImageError.unknownEnding` for any other ending and for none.
    public init(pathExtension: String) throws(ImageError) {
        switch pathExtension.lowercased() {
        case "png": self = .png
        case "jpg", "jpeg": self = .jpeg
        case "webp": self = .webp
        default: throw .unknownEnding(name: pathExtension.isEmpty ? "the image" : "the image as .\(pathExtension)")
        }
    }

    /// The format that a file's name asks for.
    /// - Throws: `ImageError.unknownEnding` with the file's name.
    public init(of url: URL) throws(ImageError) {
        do throws(ImageError) {
            try self.init(pathExtension: url.pathExtension)
        } catch {
            throw .unknownEnding(name: url.lastPathComponent)
        }
    }

    /// The media type, such as `image/png`.
    public var mediaType: String { "image/" + rawValue }

    /// The quality that is used if none is given; nil where there is no choice.
    public var defaultQuality: Int? {
        switch self {
        case .png: nil
        case .jpeg: 95
        case .webp: 90
        }
    }
}
