import CImageCodecs

/// libwebp's calls with their memory and errors taken care of.
enum WebP {
    /// The size of the image, or of an animation's canvas.
    static func header(_ bytes: [UInt8]) throws(CodecError) -> (width: Int, height: Int, isAnimated: Bool) {
        var features = WebPBitstreamFeatures()
        let status = bytes.withUnsafeBufferPointer { WebPGetFeatures($0.baseAddress, $0.count, &features) }
        guard status == VP8_STATUS_OK, features.width > 0, features.height > 0 else {
            throw CodecError("its header is damaged or the file ends early")
        }
        return (Int(features.width), Int(features.height), features.has_animation != 0)
    }

    /// Decodes a still image or a frame's bitstream to [height, width, 3]; alpha is ignored.
    static func decode(_ bytes: ArraySlice<UInt8>, width: Int, height: Int) throws(CodecError) -> [UInt8] {
        let size = width * height * 3
        guard let stride = Int32(exactly: width * 3) else { throw CodecError("the image is too large") }
        var succeeded = false
        let pixels = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: size) { target, count in
                // A smaller image than promised would leave part of the buffer as it was.
                var (actualWidth, actualHeight): (Int32, Int32) = (0, 0)
                let known = WebPGetInfo(source.baseAddress, source.count, &actualWidth, &actualHeight) != 0
                if known, Int(actualWidth) == width, Int(actualHeight) == height {
                    let result = WebPDecodeRGBInto(source.baseAddress, source.count, target.baseAddress, size, stride)
                    succeeded = result != nil
                }
                count = succeeded ? size : 0
            }
        }
        guard succeeded else { throw CodecError("its pixels are damaged or the file ends early") }
        return pixels
    }

    /// Encodes lossily, or losslessly if `quality` is nil.
    static func encode(_ image: RGBImage, quality: Int?) throws(CodecError) -> [UInt8] {
        guard image.width <= 16_383, image.height <= 16_383 else {
            throw CodecError("a WebP image has at most 16,383 pixels on a side")
        }
        let (width, height, stride) = (Int32(image.width), Int32(image.height), Int32(image.width * 3))
        var buffer: UnsafeMutablePointer<UInt8>?
        defer { WebPFree(buffer) }
        let count = image.pixels.withUnsafeBufferPointer { pixels in
            if let quality {
                WebPEncodeRGB(pixels.baseAddress, width, height, stride, Float(quality), &buffer)
            } else {
                WebPEncodeLosslessRGB(pixels.baseAddress, width, height, stride, &buffer)
            }
        }
        guard count > 0, let buffer else { throw CodecError("libwebp ran out of memory") }
        return [UInt8](UnsafeBufferPointer(start: buffer, count: count))
    }
}
