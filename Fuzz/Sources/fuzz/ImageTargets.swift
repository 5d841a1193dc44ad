import Foundation
import Images

extension FuzzTarget {
    /// The image decoders and the text in images. The C libraries beneath are Debian's, not instrumented.
    static let imageTargets: [FuzzTarget] = [
        FuzzTarget(
            name: "png",
            seeds: [
                "grey1", "grey16", "greyalpha8", "interlaced-rgba16", "interlaced-tiny", "palette4", "palette8-trns",
                "pixel", "rgb8",
                "text", "animated",
            ].map { .file("images/\($0).png") }
                + ["exif6", "raw-text6", "raw-zip6", "xmp8", "interlaced-palette4-trns"].map {
                    .file("image-formats/\($0).png")
                }
        ) { data in
            decode(data)
            do { _ = try RGBImage.pngText(of: data) } catch { check(error) }
        },
        FuzzTarget(
            name: "jpeg",
            seeds: ["cmyk", "grey", "orientation5", "restart", "rgb", "ycc420", "ycck"].map {
                .file("images/\($0).jpg")
            }
                + ["long6", "xmp6", "comment", "comment-le"].map { .file("image-formats/\($0).jpg") },
            run: decode),
        FuzzTarget(
            name: "webp",
            seeds: ["animated-offset", "lossless-alpha", "lossy-alpha", "lossy", "orientation6"].map {
                .file("images/\($0).webp")
            }
                + ["animated-alpha", "comment", "xmp7"].map { .file("image-formats/\($0).webp") },
            run: decode),
        FuzzTarget(
            name: "gif",
            seeds: ["plain", "interlaced", "transparent", "offset", "offset-transparent", "animated"].map {
                .file("image-formats/\($0).gif")
            },
            run: decode),
        FuzzTarget(
            name: "bmp",
            seeds: [
                "palette1", "palette4", "palette4-few", "palette4-os2", "palette8", "rgb555", "rgb565", "rgb10",
                "rgb24",
                "rgb24-down", "rgba32-v4", "rgba32-v5-down", "rle4", "rle8",
            ].map { .file("image-formats/\($0).bmp") },
            run: decode),
        FuzzTarget(
            name: "tiff",
            seeds: [
                "associated", "big-endian", "bigtiff", "bit1", "cmyk8", "grey16", "jpeg", "orientation6", "pages",
                "palette8", "planar", "rgb16-be", "rgb8", "rgb8-deflate", "rgb8-lzw", "rgb8-packbits", "strips",
                "tiles",
                "tiles-planar", "unassociated", "white-is-0",
            ].map { .file("image-formats/\($0).tif") },
            run: decode),
        FuzzTarget(
            name: "heif",
            seeds: ["alpha.avif", "grey.avif", "orientation5.avif", "alpha.heic", "orientation6.heic"].map {
                .file("image-formats/\($0)")
            },
            run: decode),
        FuzzTarget(
            name: "parameters",
            seeds: [
                .text(
                    "plain",
                    "a red circle\nNegative prompt: blue\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 1, Size: 64x48"
                ),
                .text("quoted", "x\nSteps: 1, Model: \"a, \\\"b\\\": c\", Version: flashu"),
            ]
        ) { data in
            do { _ = try GenerationParameters(parsing: String(decoding: data, as: UTF8.self)) } catch { check(error) }
        },
    ]

    @Sendable private static func decode(_ data: Data) {
        do { _ = try ImageMetadata.parametersText(of: data) } catch { check(error) }
        do {
            let limits = ImageLimits(maxSide: 2048, maxPixels: 1 << 18, maxFileBytes: 1 << 20)
            let image = try RGBImage(data: data, limits: limits)
            guard image.pixels.count == image.width * image.height * 3, image.width * image.height <= 1 << 18 else {
                fatalError("\(image.pixels.count) bytes for \(image.width) x \(image.height)")
            }
            _ = try ImageReader(.init(limits: limits, alpha: .drop)).read(
                data: data, fit: .pad, width: 9, height: 7)
            if image.pixels.count < 3000 {
                guard try RGBImage(data: image.pngData()).pixels == image.pixels else { fatalError("PNG loses pixels") }
            }
        } catch {
            check(error)
        }
    }
}
