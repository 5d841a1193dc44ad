package import Images

/// Raw frames out of a pipe, each behind a line that says its size (binary PPM, as ffmpeg writes it), fitted into a size row by row: no frame is
/// ever held whole.
package struct FrameStream {
    /// How frames are fitted.
    package struct Target: Sendable {
        package let fit: ImageFit
        package let width: Int
        package let height: Int

        package init(fit: ImageFit, width: Int, height: Int) {
            (self.fit, self.width, self.height) = (fit, width, height)
        }
    }

    /// A frame in its place.
    package struct Frame: Sendable {
        package let image: RGBImage
        package let fitting: ImageFitting
        /// Its own columns and rows, before it was fitted.
        package let size: (width: Int, height: Int)
    }

    private let name: String
    private let target: Target
    private let limits: VideoLimits
    private var header: [UInt8] = []
    private var rows: FittedRows?
    private var row: [UInt8] = []
    private var missing = 0

    /// - Parameter name: what error messages call the video.
    package init(name: String, into target: Target, limits: VideoLimits) {
        (self.name, self.target, self.limits) = (name, target, limits)
    }

    /// Whether a frame has begun and not ended.
    package var isInside: Bool { rows != nil || !header.isEmpty }

    /// Takes more bytes.
    /// - Returns: the frames that are complete.
    /// - Throws: ``VideoError`` when these are no frames, or too large ones.
    package mutating func take(_ bytes: [UInt8]) throws(VideoError) -> [Frame] {
        var frames: [Frame] = []
        var at = bytes.startIndex
        while at < bytes.endIndex {
            guard var rows else {
                try begin(bytes[at])
                at += 1
                continue
            }
            self.rows = nil  // one owner, so that nothing is copied
            let wanted = 3 * rows.sourceWidth
            let piece = bytes[at..<min(at + wanted - row.count, bytes.endIndex)]
            row += piece
            at = piece.endIndex
            if row.count == wanted {
                do throws(ImageError) { try rows.push(row) } catch { throw .image(error) }
                row.removeAll(keepingCapacity: true)
                missing -= 1
            }
            if missing == 0, let image = rows.image {
                frames.append(
                    Frame(image: image, fitting: rows.fitting, size: (rows.sourceWidth, rows.sourceHeight)))
            } else {
                self.rows = rows
            }
        }
        return frames
    }

    /// Takes a byte of `P6 WIDTH HEIGHT 255`, whose words any single blank ends.
    private mutating func begin(_ byte: UInt8) throws(VideoError) {
        header.append(byte)
        let isBlank = byte == 0x0A || byte == 0x20 || byte == 0x0D || byte == 0x09
        guard header.count <= 64 else { throw .programFailed("ffmpeg", reason: "it wrote no frames") }
        guard isBlank else { return }
        let words = header.split(whereSeparator: { [0x0A, 0x20, 0x0D, 0x09].contains($0) })
        guard words.count == 4 else { return }
        header.removeAll(keepingCapacity: true)
        guard words[0].elementsEqual("P6".utf8), words[3].elementsEqual("255".utf8),
            let width = words[1].wholeNumber, let height = words[2].wholeNumber
        else { throw .programFailed("ffmpeg", reason: "it wrote no frames") }
        guard limits.allows(width: width, height: height) else {
            throw .tooManyPixels(name: name, width: width, height: height, limits: limits)
        }
        do throws(ImageError) {
            rows = try FittedRows(
                target.fit, of: (width, height), into: (target.width, target.height),
                limits: ImageLimits(maxSide: limits.maxSide, maxPixels: limits.maxPixels, maxFileBytes: .max))
        } catch {
            throw .image(error)
        }
        missing = height
        row.reserveCapacity(3 * width)
    }
}
