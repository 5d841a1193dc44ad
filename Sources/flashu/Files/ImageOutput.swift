import Foundation
import Images

/// A file that an image is written to, in the format that its ending names.
struct ImageOutput: Sendable {
    let file: OutputFile
    private let format: ImageFileFormat
    private let quality: Int?

    /// - Parameter quality: 1 to 100, for the formats that lose something; nil = theirs.
    /// - Throws: ``CommandError`` for an unknown ending, and for a quality where nothing is lost.
    init(_ file: OutputFile, quality: Int? = nil) throws(CommandError) {
        self.file = file
        // Standard output, devices and names without an ending get PNG.
        let ending = file.url == nil ? "" : PathName.ending(file.name)
        do {
            format = ending.isEmpty ? .png : try ImageFileFormat(pathExtension: ending)
        } catch {
            throw CommandError(
                "\(file.role) \(file.name): images are written as \(ImageFileFormat.endings), not as .\(ending)")
        }
        if quality != nil, format == .png {
            throw CommandError("--quality is for .jpg and .webp; PNG, which \(file.shown) becomes, loses nothing")
        }
        self.quality = quality
    }

    /// Writes the image, all or nothing.
    /// - Parameter text: what is kept in the file beside the pixels.
    func write(_ image: RGBImage, text: [(key: String, value: String)] = []) throws {
        try file.write(image.data(as: format, quality: quality, text: text))
    }
}
