import CImageCodecs

/// Encodes JPEG.
enum TurboJPEG {
    /// Encodes RGB with 4:2:0 chroma (4:4:4 from quality 90 up).
    static func encode(_ image: RGBImage, quality: Int) throws(CodecError) -> [UInt8] {
        guard let handle = tjInitCompress() else { throw CodecError("out of memory") }
        defer { tjDestroy(handle) }
        guard let width = Int32(exactly: image.width), let height = Int32(exactly: image.height),
            image.width <= 65_535, image.height <= 65_535
        else { throw CodecError("a JPEG has at most 65,535 pixels on a side") }
        var buffer: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        defer { tjFree(buffer) }
        let sampling = Int32(truncatingIfNeeded: (quality >= 90 ? TJSAMP_444 : TJSAMP_420).rawValue)
        let status = image.pixels.withUnsafeBufferPointer {
            tjCompress2(
                handle, $0.baseAddress, width, 0, height, Int32(truncatingIfNeeded: TJPF_RGB.rawValue), &buffer, &count,
                sampling,
                Int32(quality), TJFLAG_ACCURATEDCT)
        }
        guard status == 0, let buffer else {
            throw CodecError(tjGetErrorStr2(handle).map { String(cString: $0) } ?? "TurboJPEG error")
        }
        return [UInt8](UnsafeBufferPointer(start: buffer, count: Int(count)))
    }
}
