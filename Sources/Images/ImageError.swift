import Foundation

/// Everything that can go wrong with an image; `description` is one line fit for a terminal.
public enum ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file could not be read.
    case unreadable(path: String, reason: String)
    /// A file could not be written.
    case unwritable(path: String, reason: String)
    /// The bytes are those of no format this library reads.
    case unknownFormat(name: String)
    /// The bytes are those of another kind of file, which `found` names, such as "an empty file".
    case notAnImage(name: String, found: String)
    /// The bytes begin like an image but are damaged, cut short or use a feature that no decoder here knows.
    case corrupt(name: String, format: ImageFormat, reason: String)
    /// The image's header promises more pixels than the limits allow.
    case tooManyPixels(name: String, width: Int, height: Int, limits: ImageLimits)
    /// The file has more bytes than the limits allow.
    case fileTooLarge(name: String, limits: ImageLimits)
    /// A width and height that no image can have, asked of a resize, a crop, a grid or an initializer.
    case invalidSize(width: Int, height: Int, reason: String)
    /// The encoder refused.
    case notEncoded(format: ImageFormat, reason: String)
    /// A key or value that the file's format cannot hold.
    case invalidText(key: String, reason: String)
    /// An output's name ends in nothing that can be written.
    case unknownEnding(name: String)

    /// What went wrong, in one line.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "cannot read \(path): \(reason)"
        case .unwritable(let path, let reason):
            "cannot write \(path): \(reason)"
        case .unknownFormat(let name):
            "\(name) is not a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC image"
        case .notAnImage(let name, let found):
            "\(name) is \(found)"
        case .corrupt(let name, let format, let reason):
            "\(name) is a damaged \(format.rawValue) file: \(reason)"
        case .tooManyPixels(let name, let width, let height, let limits):
            "\(name) is \(width) x \(height) pixels; the limit is \(limits.maxSide) on a side and \(limits.maxPixels) in all"
        case .fileTooLarge(let name, let limits):
            "\(name) is too large a file; the limit is \(limits.maxFileBytes) bytes"
        case .invalidSize(let width, let height, let reason):
            "\(width) x \(height) pixels: \(reason)"
        case .notEncoded(let format, let reason):
            "cannot encode \(format.rawValue): \(reason)"
        case .invalidText(let key, let reason):
            "the text \"\(key)\" cannot be stored: \(reason)"
        case .unknownEnding(let name):
            "cannot write \(name): its name must end in \(ImageFileFormat.endings)"
        }
    }
}

/// What a C codec reported, before the reader adds the file's name.
struct CodecError: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = Self.line(reason)
    }

    /// One printable line of at most 200 characters: libraries quote what stands in the file.
    static func line(_ text: String) -> String {
        let printable = text.unicodeScalars.map { scalar -> Character in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029 ? " " : Character(scalar)
        }
        return String(printable.prefix(200)).trimmingCharacters(in: .whitespaces)
    }
}
