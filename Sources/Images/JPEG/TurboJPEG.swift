import CImageCodecs

/// TurboJPEG's calls with their memory and errors taken care of.
enum TurboJPEG {
    /// What stands in a JPEG's header.
    struct Header {
        let width: Int
        let height: Int
        /// Four planes (CMYK or YCCK) instead of one or three.
        let isCMYK: Bool
    }

    /// A decoding error: whether the decoder could go on, and its words.
    struct Failure: Error {
        let isWarning: Bool
        let message: String
    }

    /// Reads the header; takes no memory for pixels.
    static func header(_ bytes: [UInt8]) throws(CodecError) -> Header {
        guard let handle = tjInitDecompress() else { throw CodecError("out of memory") }
        defer { tjDestroy(handle) }
        var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, -1, -1)
        let status = bytes.withUnsafeBufferPointer {
            tjDecompressHeader3(handle, $0.baseAddress, UInt($0.count), &width, &height, &sampling, &colours)
        }
        // It also fails on warnings and on samplings that TurboJPEG has no name for, which decode all the same.
        guard status == 0 || (width > 0 && height > 0) else { throw CodecError(failure(handle).message) }
        guard width > 0, height > 0 else { throw CodecError("a side of zero pixels") }
        let isCMYK = [TJCS_CMYK, TJCS_YCCK].contains { $0.rawValue == colours }
        return Header(width: Int(width), height: Int(height), isCMYK: isCMYK)
    }

    /// Decodes to [height, width, 3] RGB or, for CMYK files, [height, width, 4] as stored.
    ///
    /// Accurate DCT and smooth chroma upsampling (the library's defaults, and Pillow's). Files with more than 500
    /// scans, which would cost minutes, are refused.
    /// - Parameter stopOnWarning: whether the first warning ends decoding, and is thrown.
    static func decode(_ bytes: [UInt8], _ header: Header, stopOnWarning: Bool) throws(Failure) -> [UInt8] {
        guard let handle = tjInitDecompress(), let width = Int32(exactly: header.width),
            let height = Int32(exactly: header.height)
        else { throw Failure(isWarning: false, message: "out of memory") }
        defer { tjDestroy(handle) }
        let size = header.width * header.height * (header.isCMYK ? 4 : 3)
        let format = Int32(truncatingIfNeeded: (header.isCMYK ? TJPF_CMYK : TJPF_RGB).rawValue)
        let flags = TJFLAG_LIMITSCANS | (stopOnWarning ? TJFLAG_STOPONWARNING : 0)
        var status: Int32 = 0
        var error: Failure?
        let pixels = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: size) { target, count in
                // A decoder stopped by an error in mid-image must not leave uninitialised memory to a lenient caller.
                if !stopOnWarning { target.initialize(repeating: 0) }
                // Never writes beyond width x height, even if it should read another size than `header` did.
                status = tjDecompress2(
                    handle, source.baseAddress, UInt(source.count), target.baseAddress, width, 0, height, format, flags)
                if status != 0 { error = failure(handle) }
                let isFilled = error.map { $0.isWarning && !stopOnWarning } ?? true
                count = isFilled ? size : 0
            }
        }
        if let error, stopOnWarning || !error.isWarning { throw error }
        return pixels
    }

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
        guard status == 0, let buffer else { throw CodecError(failure(handle).message) }
        return [UInt8](UnsafeBufferPointer(start: buffer, count: Int(count)))
    }

    private static func failure(_ handle: tjhandle) -> Failure {
        let isWarning = tjGetErrorCode(handle) == Int32(truncatingIfNeeded: TJERR_WARNING.rawValue)
        guard let text = tjGetErrorStr2(handle) else {
            return Failure(isWarning: isWarning, message: "TurboJPEG error")
        }
        return Failure(isWarning: isWarning, message: String(cString: text))
    }
}
