public import Foundation

extension RGBImage {
    /// Encodes as JPEG (4:2:0 chroma, 4:4:4 from quality 90 up).
    /// - Parameter quality: 1 (smallest) to 100 (best); values beyond are clamped.
    /// - Throws: `ImageError.notEncoded` if a side is longer than 65,535.
    public func jpegData(quality: Int = 90) throws(ImageError) -> Data {
        do {
            return Data(try TurboJPEG.encode(self, quality: min(max(quality, 1), 100)))
        } catch {
            throw .notEncoded(format: .jpeg, reason: error.reason)
        }
    }

    /// Encodes as lossy WebP, or lossless if `quality` is nil.
    /// - Parameter quality: 0 (smallest) to 100 (best); values beyond are clamped.
    /// - Throws: `ImageError.notEncoded` if a side is longer than 16,383.
    public func webpData(quality: Int? = 85) throws(ImageError) -> Data {
        do {
            return Data(try WebP.encode(self, quality: quality.map { min(max($0, 0), 100) }))
        } catch {
            throw .notEncoded(format: .webp, reason: error.reason)
        }
    }
}
