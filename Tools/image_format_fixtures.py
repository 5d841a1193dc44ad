"""Makes Tests/Resources/image-formats: transparency, orientation and formats, and what Pillow makes of them.

    pip install numpy "pillow>=12,<13" pillow-heif tifffile imagecodecs piexif
    python Tools/image_format_fixtures.py

Each entry of `expected.json` names a file under Tests/Resources, its upright size, and two offsets into `expected.bin`:
`drop` for `ImageOps.exif_transpose(Image.open(FILE)).convert("RGB")`, `flat` for the same image in RGBA pasted on white
with its alpha as the mask; both 8 bit, [height, width, 3]. `tolerance` is above 0 for lossy formats that another decoder
than Pillow's reads (colour conversion and chroma interpolation differ). `fits` are pictures fitted into a size.
"""

import io
import json
import math
import pathlib
import struct
import zlib

import numpy as np
import piexif
import piexif.helper
import pillow_heif
import tifffile
from PIL import Image, ImageOps

from image_fixtures import chunk, encoded, png, quantised, scene

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Resources"
FOLDER = RESOURCES / "image-formats"
blob = bytearray()
entries, fits = [], []


def keep(image):
    array = np.ascontiguousarray(np.array(image), dtype=np.uint8)
    offset = len(blob)
    blob.extend(array.tobytes())
    return offset


def flattened(image):
    image = image.convert("RGBA")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.getchannel("A"))
    return white


def expect(path, tolerance=0, drop=None, flat=None):
    image = Image.open(RESOURCES / path)
    image = ImageOps.exif_transpose(image)
    drop = image.convert("RGB") if drop is None else drop
    flat = flattened(image) if flat is None else flat
    entries.append({"file": path, "width": image.width, "height": image.height, "tolerance": tolerance,
                    "drop": keep(drop), "flat": keep(flat)})


def save(name, data, **options):
    (FOLDER / name).write_bytes(data)
    expect(f"image-formats/{name}", **options)


def state(name, data, shown):
    """A file that Pillow reads otherwise or not at all, and what it shows."""
    (FOLDER / name).write_bytes(data)
    height, width = np.array(shown).shape[:2]
    entries.append({"file": f"image-formats/{name}", "width": width, "height": height, "tolerance": 0,
                    "drop": keep(shown), "flat": keep(shown)})


W, H = 23, 17
RGB = Image.fromarray(quantised(scene(W, H, 3, 3), 8).astype(np.uint8))
RGBA_VALUES = quantised(scene(W, H, 4, 4), 8).astype(np.uint8)
RGBA_VALUES[:4, :, 3] = 0
RGBA_VALUES[4:8, :, 3] = 255
RGBA = Image.fromarray(RGBA_VALUES)
GREY = RGB.convert("L")
PALETTE = RGB.quantize(40)
SMALL = Image.fromarray(quantised(scene(11, 7, 10, 3), 8).astype(np.uint8))


def tiff_block(value, kind="H", big_endian=True, count=1, magic=42):
    """An EXIF block with an orientation stored as another type."""
    e = ">" if big_endian else "<"
    codes = {"B": 1, "H": 3, "I": 4, "h": 8, "i": 9}
    data = struct.pack(e + kind * count, *[value] * count)
    tail = b""
    if len(data) > 4:
        tail, data = data, struct.pack(e + "I", 8 + 2 + 12 + 4)
    entry = struct.pack(e + "HHI", 0x0112, codes[kind], count) + data.ljust(4, b"\0")
    header = (b"MM" if big_endian else b"II") + struct.pack(e + "HIH", magic, 8, 1)
    return header + entry + bytes(4) + tail


def upright(image, value):
    """Pixels turned as orientation `value` says, where Pillow itself does not read that kind of tag."""
    methods = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
               5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
               8: Image.Transpose.ROTATE_90}
    return image.transpose(methods[value]) if value in methods else image


def make_alpha():
    for name in ("rgba8", "rgba16", "greyalpha8", "greyalpha16", "palette8-trns", "grey8-trns", "rgb8-trns",
                 "interlaced-rgba16", "rgb8", "grey16", "palette4", "grey1"):
        if name != "grey16":
            expect(f"images/{name}.png")
    for name in ("lossy-alpha", "lossless-alpha", "animated-offset", "lossy"):
        expect(f"images/{name}.webp")
    frames = [Image.new("RGBA", (W, H), (0, 0, 0, 0)) for _ in range(2)]
    for index, frame in enumerate(frames):
        frame.paste(RGBA.crop((0, 0, 10, 8)), (6 + index, 4))
    save("animated-alpha.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    save("opaque-rgba.png", encoded(RGB.convert("RGBA"), "PNG"))
    # Interlaced with a palette's transparency; a colour key of 16 bits.
    colours = np.random.default_rng(4).integers(0, 256, (16, 3), dtype=np.uint8)
    before = chunk(b"PLTE", colours.tobytes()) + chunk(b"tRNS", bytes(range(0, 250, 30)))
    save("interlaced-palette4-trns.png", png(quantised(scene(W, H, 5, 1), 4), 3, 4, True, before))
    # A tRNS chunk of a wrong length is left alone.
    state("rgb8-bad-trns.png", png(quantised(scene(W, H, 3, 3), 8), 2, 8, before=chunk(b"tRNS", b"\0\1")), RGB)


def make_orientation():
    plain = encoded(SMALL, "JPEG", quality=95)
    shown = Image.open(io.BytesIO(plain)).convert("RGB")

    def jpeg(name, block, value=None):
        marker = b"Exif\0\0" + block
        data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(marker) + 2) + marker + plain[2:]
        if value is None:
            save(name, data)
        else:  # Pillow does not read it
            state(name, data, upright(shown, value))

    for value in (3, 5, 6, 7):
        jpeg(f"long{value}.jpg", tiff_block(value, "I", value % 2 == 0))
    jpeg("byte6.jpg", tiff_block(6, "B"), 6)
    jpeg("byte8-le.jpg", tiff_block(8, "B", False), 8)
    jpeg("sshort6.jpg", tiff_block(6, "h"))
    jpeg("slong8.jpg", tiff_block(8, "i", False))
    jpeg("two-longs6.jpg", tiff_block(6, "I", True, 2), 6)
    jpeg("magic6.jpg", tiff_block(6, "H", True, 1, 42 << 8))
    for value in (0, 9, 65535):
        jpeg(f"range{value}.jpg", tiff_block(value), 1)
    jpeg("range-long.jpg", tiff_block(0x60000006, "I"), 1)

    def xmp(value, attribute=True):
        what = f'tiff:Orientation="{value}"/>' if attribute else f"><tiff:Orientation>{value}</tiff:Orientation>"
        return ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
                f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {what}</rdf:RDF></x:xmpmeta>').encode()

    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(6)
    save("xmp6.jpg", plain[:2] + b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet + plain[2:])

    small = np.array(SMALL).astype(np.int64)
    for value, big in ((6, True), (8, False)):
        save(f"exif{value}.png", png(small, 2, 8, before=chunk(b"eXIf", tiff_block(value, "H", big))))
        save(f"exif-late{value}.png", png(small, 2, 8, after=chunk(b"eXIf", tiff_block(value, "I", big))))

    def raw(name, block, prefix=b"Exif\0\0"):
        data = prefix + block
        digits = data.hex()
        lines = "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72))
        return f"\n{name}\n{len(data):8d}\n{lines}\n".encode()

    key = b"Raw profile type exif\0"
    block = tiff_block(6)
    save("raw-text6.png", png(small, 2, 8, before=chunk(b"tEXt", key + raw("exif", block))))
    save("raw-zip6.png", png(small, 2, 8, before=chunk(b"zTXt", key + b"\0" + zlib.compress(raw("exif", block)))))
    save("raw-itxt6.png", png(small, 2, 8, after=chunk(b"iTXt", key + b"\0\0\0\0" + raw("exif", block))))
    data = png(small, 2, 8, before=chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(raw("generic profile", block))))
    state("raw-app6.png", data, upright(SMALL, 6))
    save("xmp8.png", png(small, 2, 8, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(8, False))))
    save("exif5.webp", encoded(SMALL, "WEBP", lossless=True, exif=tiff_block(5, "I", False)))
    save("xmp7.webp", encoded(SMALL, "WEBP", lossless=True, xmp=xmp(7)))


def make_gif():
    save("plain.gif", encoded(PALETTE, "GIF", interlace=0))
    save("interlaced.gif", encoded(PALETTE, "GIF", interlace=1))
    save("grey.gif", encoded(GREY, "GIF"))
    save("transparent.gif", encoded(PALETTE, "GIF", transparency=PALETTE.getpixel((3, 3)), interlace=0))
    frames = [Image.new("RGB", (W, H), colour) for colour in ("red", "green", "blue")]
    for index, frame in enumerate(frames):
        frame.paste(RGB.crop((0, 0, 9, 9)), (2 + index, 3))
    save("animated.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50))

    def lzw(indices, bits):
        """Codes without compression: a clear code often enough that they never widen."""
        clear, width = 1 << bits, bits + 1
        out, number, count = [], 0, 0
        codes = []
        for start in range(0, len(indices), (1 << bits) - 2):
            codes += [clear, *indices[start:start + (1 << bits) - 2]]
        for code in codes + [clear + 1]:
            number |= code << count
            count += width
            while count >= 8:
                out.append(number & 255)
                number >>= 8
                count -= 8
        if count:
            out.append(number & 255)
        data = bytes(out)
        blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
        return bytes([bits]) + blocks + b"\0"

    # A frame smaller than its canvas, with a palette of its own, with and without a transparent colour.
    colours = np.random.default_rng(6).integers(0, 256, (8, 3), dtype=np.uint8).tobytes()
    indices = np.random.default_rng(7).integers(0, 8, 6 * 4).tolist()
    for name, control in (("offset.gif", b""), ("offset-transparent.gif", b"!\xf9\4\1\0\0\5\0")):
        data = b"GIF89a" + struct.pack("<HHBBB", 12, 9, 0, 0, 0) + control
        data += b"," + struct.pack("<HHHHB", 4, 3, 6, 4, 0x80 | 2) + colours + lzw(indices, 3) + b";"
        save(name, data)


def bmp(width, height, bits, pixels, compression=0, palette=b"", masks=b"", header=40, top_down=False, colours=0):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression,
                           len(pixels), 2835, 2835, colours, 0)
        if header > 40:
            info = (info + masks).ljust(header, b"\0")
            masks = b""
    offset = 14 + len(info) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + masks + palette + pixels


def rows(values, top_down=False):
    """Rows of bytes, padded to four."""
    lines = [bytes(line) + bytes(-len(line) % 4) for line in values]
    return b"".join(lines if top_down else lines[::-1])


def make_bmp():
    rgb = np.array(RGB)
    bgr = rgb[..., ::-1].reshape(H, -1)
    save("rgb24.bmp", encoded(RGB, "BMP"))
    save("rgb24-down.bmp", bmp(W, H, 24, rows(bgr, True), top_down=True))
    save("rgb24-os2.bmp", bmp(W, H, 24, rows(bgr), header=12))
    save("grey8.bmp", encoded(GREY, "BMP"))
    save("palette8.bmp", encoded(PALETTE, "BMP"))
    save("bit1.bmp", encoded(RGB.convert("1"), "BMP"))
    palette = np.random.default_rng(8).integers(0, 256, (16, 4), dtype=np.uint8)
    palette[:, 3] = 0
    four = np.random.default_rng(9).integers(0, 16, (H, W + 1), dtype=np.uint8)
    packed = (four[:, ::2] << 4) | four[:, 1::2]
    save("palette4.bmp", bmp(W, H, 4, rows(packed), palette=palette.tobytes()))
    save("palette4-os2.bmp", bmp(W, H, 4, rows(packed), palette=palette[:, :3].tobytes(), header=12))
    few = four % 5
    save("palette4-few.bmp", bmp(W, H, 4, rows((few[:, ::2] << 4) | few[:, 1::2]), palette=palette[:5].tobytes(), colours=5))
    two = np.packbits(np.random.default_rng(10).integers(0, 2, (H, W), dtype=np.uint8), axis=1)
    save("palette1.bmp", bmp(W, H, 1, rows(two), palette=palette[:2].tobytes()))
    sixteen = np.random.default_rng(11).integers(0, 1 << 15, (H, W)).astype("<u2")
    save("rgb555.bmp", bmp(W, H, 16, rows([line.tobytes() for line in sixteen])))
    sixteen = np.random.default_rng(12).integers(0, 1 << 16, (H, W)).astype("<u2")
    save("rgb565.bmp", bmp(W, H, 16, rows([line.tobytes() for line in sixteen]), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    bgra = np.array(RGBA)[..., [2, 1, 0, 3]]
    lines = [line.tobytes() for line in bgra]
    save("rgbx32.bmp", bmp(W, H, 32, rows(lines)))
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    save("rgba32-v4.bmp", bmp(W, H, 32, rows(lines), 3, masks=masks, header=108))
    save("rgba32-v5-down.bmp", bmp(W, H, 32, rows(lines, True), 3, masks=masks, header=124, top_down=True))
    # Masks that Pillow does not know: 10 bits a channel.
    values = np.random.default_rng(13).integers(0, 1 << 30, (H, W)).astype("<u4")
    data = bmp(W, H, 32, rows([line.tobytes() for line in values]), 3, masks=struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF))
    wide = np.stack([(values >> shift & 1023) * 255 // 1023 for shift in (20, 10, 0)], axis=-1)
    state("rgb10.bmp", data, wide)
    # Runs, literal pixels, padding, ends of rows.
    index = np.minimum(np.arange(H)[:, None] // 3 + np.arange(W)[None] // 4, 15).astype(np.uint8)
    eight = b""
    for line in index[::-1]:
        eight += b"\0" + bytes([7]) + bytes(line[:7]) + b"\0"
        for value in line[7:]:
            eight += bytes([1, value])
        eight += b"\0\0"
    full = palette.tobytes() + bytes(4 * 240)
    save("rle8.bmp", bmp(W, H, 8, eight + b"\0\1", 1, palette=full))
    nibble = b""
    for line in index[::-1]:
        # An even number of literal pixels: Pillow drops an odd one's last.
        nibble += b"\0" + bytes([6]) + bytes([line[0] << 4 | line[1], line[2] << 4 | line[3], line[4] << 4 | line[5]]) + b"\0"
        for value in line[6:]:
            nibble += bytes([1, value << 4])
        nibble += b"\0\0"
    save("rle4.bmp", bmp(W, H, 4, nibble + b"\0\1", 2, palette=palette.tobytes()))


def make_tiff():
    for name, image, options in (
        ("grey8", GREY, {}), ("bit1", RGB.convert("1"), {"compression": "group4"}), ("palette8", PALETTE, {}),
        ("rgb8", RGB, {}), ("rgb8-lzw", RGB, {"compression": "tiff_lzw"}),
        ("rgb8-deflate", RGB, {"compression": "tiff_adobe_deflate"}), ("rgb8-packbits", RGB, {"compression": "packbits"}),
        ("rgba8", RGBA, {}), ("la8", RGBA.convert("LA"), {}), ("cmyk8", RGB.convert("CMYK"), {}),
        ("jpeg", RGB, {"compression": "jpeg"}),
    ):
        save(f"{name}.tif", encoded(image, "TIFF", **options), tolerance=1 if name == "jpeg" else 0)
    pages = io.BytesIO()
    RGB.save(pages, "TIFF", save_all=True, append_images=[RGBA.convert("RGB")])
    save("pages.tif", pages.getvalue())
    for value in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        save(f"orientation{value}.tif", encoded(SMALL, "TIFF", exif=exif))

    def tif(name, values, drop=None, flat=None, **options):
        data = io.BytesIO()
        tifffile.imwrite(data, values, **options)
        save(name, data.getvalue(), drop=drop, flat=flat)

    rgb, rgba = np.array(RGB), np.array(RGBA)
    tif("big-endian.tif", rgb, photometric="rgb", byteorder=">")
    tif("bigtiff.tif", rgb, photometric="rgb", bigtiff=True)
    tif("planar.tif", rgb.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", drop=RGB, flat=RGB)
    tif("strips.tif", rgb, photometric="rgb", rowsperstrip=5, compression="deflate")
    tif("tiles.tif", rgb, photometric="rgb", tile=(16, 16), compression="deflate")
    tif("tiles-planar.tif", rgb.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", tile=(16, 16), drop=RGB, flat=RGB)
    tif("unassociated.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    # Associated alpha: Pillow divides the colours by it, and blends the rounded ones; here they are added to white.
    alpha = rgba[..., 3:].astype(int)
    associated = np.concatenate([(rgba[..., :3] * alpha + 127) // 255, alpha], axis=-1).astype(np.uint8)
    white = np.minimum(associated[..., :3].astype(int) + 255 - alpha, 255)
    tif("associated.tif", associated, photometric="rgb", extrasamples=["assocalpha"], flat=white)
    wide = quantised(scene(W, H, 3, 3), 16).astype(np.uint16)
    for order in "<>":
        high = (wide >> 8).astype(np.uint8)
        tif(f"rgb16-{'le' if order == '<' else 'be'}.tif", wide, photometric="rgb", byteorder=order, drop=high, flat=high)
    grey = quantised(scene(W, H, 1, 1), 16).astype(np.uint16)[..., 0]
    high = np.repeat((grey >> 8)[..., None], 3, axis=-1)
    tif("grey16.tif", grey, photometric="minisblack", drop=high, flat=high)
    tif("white-is-0.tif", np.array(GREY), photometric="miniswhite")


def make_heif():
    exif = Image.Exif()
    for value in range(1, 9):
        exif[0x0112] = value
        save(f"orientation{value}.avif", encoded(SMALL, "AVIF", quality=98, subsampling="4:4:4", exif=exif.tobytes()), tolerance=6)
    save("alpha.avif", encoded(RGBA, "AVIF", quality=98, subsampling="4:4:4"), tolerance=12)
    save("grey.avif", encoded(GREY, "AVIF", quality=98), tolerance=8)
    pillow_heif.register_heif_opener()
    even = RGB.resize((24, 16))
    for value in (1, 3, 6, 8):
        exif[0x0112] = value
        save(f"orientation{value}.heic", encoded(even, "HEIF", quality=98, chroma=444, exif=exif.tobytes()), tolerance=8)
    save("alpha.heic", encoded(RGBA.resize((24, 16)), "HEIF", quality=98, chroma=444), tolerance=16)


def make_comments():
    """Generation parameters in EXIF's UserComment, as stable-diffusion-webui and others write them."""
    tail = "\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 7, Size: 64x48"
    text = "a fox, größer 狐 🦊" + tail
    block = piexif.dump({"Exif": {piexif.ExifIFD.UserComment: piexif.helper.UserComment.dump(text, encoding="unicode")}})
    for kind, ending in (("JPEG", "jpg"), ("WEBP", "webp")):
        path = FOLDER / f"comment.{ending}"
        path.write_bytes(encoded(SMALL, kind))
        piexif.insert(block, str(path))

    def little(comment):
        """A block with its low byte first."""
        block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0)
        return block + struct.pack("<HHHIII", 1, 0x9286, 7, len(comment), 44, 0) + comment

    for name, comment in (("le", b"UNICODE\0" + text.encode("utf-16-le")), ("bom", b"UNICODE\0" + text.encode("utf-16")),
                          ("ascii", b"ASCII\0\0\0" + ("a fox" + tail).encode())):
        (FOLDER / f"comment-{name}.jpg").write_bytes(encoded(SMALL, "JPEG", exif=b"Exif\0\0" + little(comment)))


def letterboxed(image, width, height):
    """The official `resize_and_pad_image`, in words of its own."""
    across, down = width / image.width, height / image.height
    if across < down:
        size = (width, min(math.ceil(image.height * across), height))
    else:
        size = (min(math.ceil(image.width * down), width), height)
    canvas = Image.new("RGB", (width, height), (0, 0, 0))
    canvas.paste(image.resize(size), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas


def make_fits():
    # Fitted while it is decoded, from every orientation: the first pass runs along the upright picture's rows.
    picture = Image.fromarray(quantised(scene(61, 37, 20, 3), 8).astype(np.uint8))
    for value in range(1, 9):
        name = f"fit{value}.png"
        block = chunk(b"eXIf", tiff_block(value))
        (FOLDER / name).write_bytes(png(np.array(picture).astype(np.int64), 2, 8, before=block))
        image = ImageOps.exif_transpose(Image.open(FOLDER / name)).convert("RGB")
        for width, height in ((24, 24), (19, 31), (48, 9), (70, 45)):
            from image_fixtures import resized_and_cropped
            for fit, made in (("crop", resized_and_cropped(image, width, height)),
                              ("pad", letterboxed(image, width, height)), ("stretch", image.resize((width, height)))):
                fits.append({"file": f"image-formats/{name}", "fit": fit, "width": width, "height": height, "offset": keep(made)})


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    make_alpha()
    make_orientation()
    make_gif()
    make_bmp()
    make_tiff()
    make_fits()
    make_comments()
    make_heif()
    (FOLDER / "expected.bin").write_bytes(bytes(blob))
    (FOLDER / "expected.json").write_text(json.dumps({"images": entries, "fits": fits}, indent=1) + "\n")
    total = sum(f.stat().st_size for f in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {total / 1000:.0f} kB, pixels {len(blob) / 1000:.0f} kB")
