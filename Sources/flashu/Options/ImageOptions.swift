public import ArgumentParser
import Foundation
public import Images
import Pipelines
import ShowO2

/// Options that say how pictures are read.
struct ImageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Transparent pictures: flatten (on white) or drop (the colours beneath, as the official code).",
            valueName: "how"))
    var alpha: AlphaHandling = .flatten

    @Option(
        help: ArgumentHelp(
            "Pictures of another shape than the model's: crop (the centre), pad (black bars) or stretch.",
            valueName: "how"))
    var fit: ImageFit = .crop

    @Option(
        help: ArgumentHelp(
            "Read pictures of up to so many megapixels, 1 to 4000; they take memory. (default: 200)", valueName: "n"))
    var maxMegapixels: Int?

    func validate() throws {
        if let maxMegapixels, !(1...4000).contains(maxMegapixels) {
            throw ValidationError("--max-megapixels must be between 1 and 4000, not \(maxMegapixels).")
        }
    }

    /// Reads a picture at the size at which the model reads pictures, and tells what was done to it.
    /// - Throws: `ImageError`, ``CommandError``.
    func read(_ file: InputFile, for geometry: ShowO2Geometry) throws -> ImageReader.FittedPicture {
        let (width, height) = geometry.readingSize
        return try read(file, width: width, height: height)
    }

    /// Reads a picture at a size, and tells what was done to it.
    /// - Throws: `ImageError`, ``CommandError``.
    func read(_ file: InputFile, width: Int, height: Int) throws -> ImageReader.FittedPicture {
        var limits = ImageLimits.default
        if let maxMegapixels {
            limits.maxPixels = maxMegapixels * 1_000_000
            limits.maxSide = max(limits.maxSide, limits.maxPixels)
            limits.maxFileBytes = max(limits.maxFileBytes, 4 * limits.maxPixels)
        }
        let reader = ImageReader(ImageReadingOptions(limits: limits, alpha: alpha))
        let picture =
            if let url = file.url {
                try reader.read(contentsOf: url, fit: fit, width: width, height: height)
            } else {
                try reader.read(
                    data: file.data(limit: limits.maxFileBytes), name: file.shown, fit: fit, width: width,
                    height: height)
            }
        let name = file.url?.lastPathComponent ?? file.shown
        if picture.report.flattenedTransparency {
            Terminal.hint("\(name): transparency was laid on white (--alpha drop takes the colours beneath)")
        }
        let cut = picture.fitting.croppedShare
        if cut > 1.0 / 3 {
            Terminal.hint(
                "\(name): \(Int((cut * 100).rounded())) % of the picture were cut away; --fit pad or stretch keeps all of it"
            )
        }
        return picture
    }
}

extension ImageReader.FittedPicture {
    /// What a question is asked about; bars around the picture are told of.
    var source: ImageQuestion.Request.Source {
        let (whole, picture) = (image, fitting.picture)
        return picture.width < whole.width || picture.height < whole.height
            ? .letterboxed(whole, picture: picture) : .image(whole)
    }
}

extension AlphaHandling: ExpressibleByArgument {}
extension ImageFit: ExpressibleByArgument {}

/// Tells pictures from questions by what was typed.
enum PictureName {
    private static let endings: Set = [
        "png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "svg", "jxl",
        "jp2",
    ]

    /// Whether a word names a picture rather than asking something: standard input, a file that holds one, a name that ends as one's, an address.
    static func looksLikeOne(_ word: String) -> Bool {
        if word == "-" || InputFile.isWebAddress(word) || endings.contains(PathName.ending(word)) { return true }
        switch FileHead(word) {
        case .missing, .unreadable: return false
        // A pipe, as the shell makes for <(command), has something to read.
        case .special(let isPipe): return isPipe
        case .bytes(let head): return ImageFormat(signature: head) != nil
        }
    }
}
