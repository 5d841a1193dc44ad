public import Foundation
import Tensors

extension RGBImage {
    /// Encodes the image, with texts where the format keeps them: PNG in text chunks, JPEG and WebP in EXIF's
    /// UserComment, as stable-diffusion-webui does.
    /// - Parameters:
    ///   - format: the file format.
    ///   - quality: 1 (smallest) to 100 (best; WebP is lossless then). Nil is the format's default. PNG has none.
    ///   - text: keys and values, in this order. JPEG and WebP hold one text: the value of
    ///     `GenerationParameters.pngKey`, else all others as lines of `key: value`.
    /// - Throws: `ImageError.notEncoded`, also for a quality that is none; `ImageError.invalidText` if a text does not
    ///   fit: the format's rules are named.
    public func data(
        as format: ImageFileFormat, quality: Int? = nil, text: [(key: String, value: String)] = []
    ) throws(ImageError) -> Data {
        if let quality, !(1...100).contains(quality) {
            throw .notEncoded(format: format.imageFormat, reason: "the quality must be 1 to 100, not \(quality)")
        }
        switch format {
        case .png:
            guard quality == nil else {
                throw .notEncoded(format: .png, reason: "it is always lossless and has no quality")
            }
            return try pngData(text: text)
        case .jpeg:
            return try jpegData(quality: quality ?? 95, comment: Self.comment(text))
        case .webp:
            let quality = quality ?? 90
            return try webpData(quality: quality == 100 ? nil : quality, comment: Self.comment(text))
        }
    }

    /// Writes an image file as `data(as:quality:text:)` encodes it, whole or not at all: links are followed, an older
    /// file's mode is kept, a read-only one refused.
    /// - Parameters:
    ///   - url: the file.
    ///   - format: nil is that of the name's ending; PNG where it has none.
    ///   - quality: 1 to 100; nil is the format's default.
    ///   - text: keys and values that the file keeps.
    /// - Throws: `ImageError.unwritable` with the path and the reason, `ImageError.unknownEnding`, or what
    ///   `data(as:quality:text:)` throws.
    public func write(
        to url: URL, as format: ImageFileFormat? = nil, quality: Int? = nil,
        text: [(key: String, value: String)] = []
    ) throws(ImageError) {
        let chosen: ImageFileFormat
        if let format {
            chosen = format
        } else {
            chosen = url.pathExtension.isEmpty ? .png : try ImageFileFormat(of: url)
        }
        let data = try data(as: chosen, quality: quality, text: text)
        do throws(AtomicFile.Failure) {
            try AtomicFile.write(data, to: url)
        } catch {
            throw .unwritable(path: url.path, reason: error.reason)
        }
    }

    /// Encodes as JPEG (4:2:0 chroma, 4:4:4 from quality 90 up).
    /// - Parameters:
    ///   - quality: 1 (smallest) to 100 (best); values beyond are clamped.
    ///   - comment: kept as EXIF's UserComment; at most about 32,700 characters.
    /// - Throws: `ImageError.notEncoded` if a side is longer than 65,535, `ImageError.invalidText`.
    public func jpegData(quality: Int = 95, comment: String? = nil) throws(ImageError) -> Data {
        let plain: [UInt8]
        do throws(CodecError) {
            plain = try TurboJPEG.encode(self, quality: min(max(quality, 1), 100))
        } catch {
            throw .notEncoded(format: .jpeg, reason: error.reason)
        }
        guard let comment else { return Data(plain) }
        return Data(try UserComment.inserted(comment, intoJPEG: plain))
    }

    /// Encodes as lossy WebP, or lossless if `quality` is nil.
    /// - Parameters:
    ///   - quality: 0 (smallest) to 100 (best); values beyond are clamped.
    ///   - comment: kept as EXIF's UserComment.
    /// - Throws: `ImageError.notEncoded` if a side is longer than 16,383, `ImageError.invalidText`.
    public func webpData(quality: Int? = 90, comment: String? = nil) throws(ImageError) -> Data {
        let plain: [UInt8]
        do throws(CodecError) {
            plain = try WebP.encode(self, quality: quality.map { min(max($0, 0), 100) })
        } catch {
            throw .notEncoded(format: .webp, reason: error.reason)
        }
        guard let comment else { return Data(plain) }
        return Data(try UserComment.inserted(comment, intoWebP: plain, width: width, height: height))
    }

    /// The one text that JPEG and WebP hold.
    private static func comment(_ text: [(key: String, value: String)]) throws(ImageError) -> String? {
        guard let parameters = text.first(where: { $0.key == GenerationParameters.pngKey }) else {
            return text.isEmpty ? nil : text.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
        }
        guard text.count == 1 else {
            let other = text.first { $0.key != GenerationParameters.pngKey }?.key ?? parameters.key
            throw .invalidText(key: other, reason: "only a PNG holds texts beside the generation parameters")
        }
        return parameters.value
    }
}

extension ImageFileFormat {
    /// The same among the formats that are read.
    var imageFormat: ImageFormat {
        switch self {
        case .png: .png
        case .jpeg: .jpeg
        case .webp: .webp
        }
    }
}
