/// Decodes JPEG: grey, YCbCr, RGB, CMYK and YCCK, sequential and progressive.
struct JPEGDecoder: ImageDecoder {
    let orientation: Orientation
    private let header: TurboJPEG.Header
    private let bytes: [UInt8]

    var width: Int { header.width }
    var height: Int { header.height }

    init(_ bytes: [UInt8]) throws(CodecError) {
        self.bytes = bytes
        header = try TurboJPEG.header(bytes)
        orientation = JPEGMarkers.orientation(bytes)
    }

    /// A damaged file is refused at the first sign of it; odd but harmless ones, which cameras write, are read.
    func decode() throws(CodecError) -> [UInt8] {
        let pixels: [UInt8]
        do {
            pixels = try strictThenLenient()
        } catch {
            throw CodecError(error.message)
        }
        return header.isCMYK ? Self.rgb(invertedCMYK: pixels) : pixels
    }

    private func strictThenLenient() throws(TurboJPEG.Failure) -> [UInt8] {
        do {
            return try TurboJPEG.decode(bytes, header, stopOnWarning: true)
        } catch {
            let harmless = ["extraneous bytes before marker", "JFIF revision", "Adobe color transform"]
            guard error.isWarning, harmless.contains(where: error.message.contains), JPEGMarkers.hasEnd(bytes) else {
                throw error
            }
            return try TurboJPEG.decode(bytes, header, stopOnWarning: false)
        }
    }

    /// Adobe's CMYK, stored inverted, to RGB: `paper * (1 - ink)` for each ink, rounded as Pillow does.
    private static func rgb(invertedCMYK samples: [UInt8]) -> [UInt8] {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(samples.count / 4 * 3)
        for offset in stride(from: 0, to: samples.count - 3, by: 4) {
            // Stored values are 255 - ink, so black's is the light that it lets through.
            let light = Int(samples[offset + 3])
            for channel in 0..<3 {
                let product = (255 - Int(samples[offset + channel])) * light + 128
                rgb.append(UInt8(clamping: light - ((product >> 8) + product) >> 8))
            }
        }
        return rgb
    }
}
