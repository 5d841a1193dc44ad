import CImageCodecs

/// libwebp's calls with their memory and errors taken care of.
enum WebP {
    /// What stands in front of the pixels.
    struct Header {
        /// Of the image, or of an animation's canvas.
        let width: Int
        /// Of the image, or of an animation's canvas.
        let height: Int
        let hasAlpha: Bool
        let isAnimated: Bool
    }

    /// Reads the header of a file or of a frame's bitstream.
    static func header(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> Header {
        var features = WebPBitstreamFeatures()
        let status = bytes.withUnsafeBufferPointer { WebPGetFeatures($0.baseAddress, $0.count, &features) }
        guard status == VP8_STATUS_OK, features.width > 0, features.height > 0 else {
            throw CodecError("its header is damaged or the file ends early")
        }
        return Header(
            width: Int(features.width), height: Int(features.height), hasAlpha: features.has_alpha != 0,
            isAnimated: features.has_animation != 0)
    }

    /// Decodes a still image or a frame's bitstream to [height, width, 4], or to [height, width, 3] without alpha.
    /// - Parameters:
    ///   - header: what `header(_:)` said of these bytes.
    ///   - width: of the result; smaller than the header's to decode at reduced size.
    static func decode(
        _ bytes: ArraySlice<UInt8>, _ header: Header, width: Int, height: Int, keepsAlpha: Bool
    ) throws(CodecError) -> [UInt8] {
        let rowBytes = width * (keepsAlpha ? 4 : 3)
        let size = rowBytes * height
        guard let stride = Int32(exactly: rowBytes), let columns = Int32(exactly: width),
            let rows = Int32(exactly: height)
        else { throw CodecError("the image is too large") }
        var config = WebPDecoderConfig()
        guard WebPInitDecoderConfig(&config) != 0 else { throw CodecError("libwebp has another version") }
        config.output.colorspace = keepsAlpha ? MODE_RGBA : MODE_RGB
        config.output.is_external_memory = 1
        if width != header.width || height != header.height {
            config.options.use_scaling = 1
            config.options.scaled_width = columns
            config.options.scaled_height = rows
        }
        var succeeded = false
        let pixels = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: size) { target, count in
                // A smaller image than promised would leave part of the buffer as it was.
                var (actualWidth, actualHeight): (Int32, Int32) = (0, 0)
                let isKnown = WebPGetInfo(source.baseAddress, source.count, &actualWidth, &actualHeight) != 0
                if isKnown, Int(actualWidth) == header.width, Int(actualHeight) == header.height {
                    config.output.u.RGBA.rgba = target.baseAddress
                    config.output.u.RGBA.stride = stride
                    config.output.u.RGBA.size = size
                    succeeded = WebPDecode(source.baseAddress, source.count, &config) == VP8_STATUS_OK
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
