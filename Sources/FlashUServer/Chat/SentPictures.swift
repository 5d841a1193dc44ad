import Foundation
import Images
import Pipelines
import ShowO2
import Videos

/// Turns the pictures and videos of a conversation into what the model reads.
struct SentPictures: Sendable {
    let geometry: ShowO2Geometry
    let settings: ServerSettings
    private let remote: RemoteContents

    init(geometry: ShowO2Geometry, settings: ServerSettings) {
        (self.geometry, self.settings) = (geometry, settings)
        remote = RemoteContents(settings)
    }

    /// A picture, fitted to the model's size.
    struct Picture: Sendable {
        let piece: PromptPiece
        /// A name for the contents.
        let name: String
    }

    /// A video, whose file lives as long as this.
    struct Video: Sendable {
        let piece: PromptPiece
        let frames: Int
        /// A name for the contents.
        let name: String
        let file: TemporaryVideo
    }

    /// Reads a picture.
    ///
    /// - Parameters:
    ///   - url: a data URL, or the address of a host from which pictures are fetched.
    ///   - param: the field that holds it.
    /// - Throws: ``APIError``, `CancellationError`.
    func picture(_ url: String, param: String) async throws -> Picture {
        let data = try await contents(url, param)
        // AVIF and HEIC are decoded before their size is known to be true.
        let options = ImageReadingOptions(
            limits: ImageLimits(
                maxSide: 50_000, maxPixels: settings.maxPicturePixels, maxFileBytes: settings.maxBodyBytes),
            formats: Set(ImageFormat.allCases).subtracting([.avif, .heic]))
        let (width, height) = geometry.readingSize
        do throws(ImageError) {
            let read = try ImageReader(options).read(
                data: data, name: "the picture", fit: .crop, width: width, height: height)
            return Picture(piece: .image(read.image), name: ContentName.of(data))
        } catch {
            throw APIError.invalid(param, error.description, code: "invalid_image")
        }
    }

    /// Begins to read a video.
    /// - Throws: ``APIError``, `CancellationError`.
    func video(_ url: String, frames: Int?, param: String) async throws -> Video {
        let data = try await contents(url, param)
        guard VideoFormat.isVideo(signature: data.prefix(VideoFormat.signatureLength)) else {
            throw APIError.invalid(param, "the video is of no format that is read here", code: "invalid_video")
        }
        let file = try TemporaryVideo(data)
        let limits = VideoLimits(
            maxFileBytes: settings.maxBodyBytes, maxSide: 8192, maxPixels: settings.maxPicturePixels,
            maxFrames: 200_000, maxChosen: 256, maxSeconds: min(120, settings.requestSeconds))
        let (width, height) = geometry.readingSize
        do {
            let count = min(frames ?? settings.videoFrames, limits.maxChosen)
            let read = try await VideoReader(limits: limits).frames(
                of: file.url, count: count, width: width, height: height)
            return Video(piece: .video(read), frames: read.count, name: ContentName.of(data), file: file)
        } catch let error as VideoError {
            throw APIError.invalid(param, file.hidden(error.description), code: "invalid_video")
        }
    }

    private func contents(_ url: String, _ param: String) async throws -> Data {
        guard DataURL.isOne(url) else { return try await remote.data(url, param: param) }
        return try DataURL.data(url, param: param)
    }
}

/// A video that was sent, in a file of its own, which goes when nobody reads it any more.
final class TemporaryVideo: Sendable {
    let url: URL

    /// - Throws: ``APIError`` when the disk takes no more.
    init(_ data: Data) throws(APIError) {
        url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "flashu-serve-\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString).video")
        do {
            try data.write(to: url, options: .withoutOverwriting)
        } catch {
            throw .unavailable("the video can't be kept on this machine's disk", code: "disk_full", retryAfter: 60)
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A message without the name of the file, which the client doesn't know.
    func hidden(_ message: String) -> String {
        message.replacingOccurrences(of: url.path, with: "the video")
            .replacingOccurrences(of: url.lastPathComponent, with: "the video")
    }

    /// Removes what processes left behind that were killed.
    static func removeLeftovers() {
        let folder = FileManager.default.temporaryDirectory
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
            let parts = name.split(separator: "-")
            guard name.hasPrefix("flashu-serve-"), name.hasSuffix(".video"), parts.count > 2, let pid = Int32(parts[2]),
                kill(pid, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }
}
