"""Makes Tests/Resources/images: small images in every mode, and what Pillow makes of them.

    pip install numpy "pillow>=11,<13"
    python Tools/image_fixtures.py

Each image `NAME` has an entry in `expected.json` with its size and an offset into `expected.bin`, where its pixels lie
as Pillow's `Image.open(NAME).convert("RGB")` gives them, 8 bit, [height, width, 3]. Entries of `oriented` are the same
after `ImageOps.exif_transpose`; entries of `resizes` are `Image.resize` of a PNG here.

Needs a Pillow older than 13: from then on images that shrink more in height than in width are resized in the other
order of passes, which differs by rounding. The official Show-o2 code dates from before.
"""

import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "images"
blob = bytearray()
images, oriented, resizes, crops = {}, {}, [], []


def keep(array):
    """Appends pixels to expected.bin and says where they lie."""
    array = np.ascontiguousarray(array, dtype=np.uint8)
    entry = {"width": array.shape[1], "height": array.shape[0], "offset": len(blob)}
    blob.extend(array.tobytes())
    return entry


def scene(width, height, seed=0, channels=3):
    """Gradients, edges and a little noise in [0, 1]: [height, width, channels]."""
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / max(width - 1, 1), y / max(height - 1, 1)
    planes = [u, v, (np.sin(9 * u + 7 * v) + 1) / 2, 1 - u * v][:channels]
    out = np.stack(planes, axis=-1)
    out[((x - width / 2) ** 2 + (y - height / 2) ** 2) < (min(width, height) / 4) ** 2] *= 0.3
    noise = np.random.default_rng(seed).normal(0, 0.05, out.shape)
    return np.clip(out + noise, 0, 1)


def save(name, data, expected=None):
    (FOLDER / name).write_bytes(data)
    opened = Image.open(io.BytesIO(data))
    images[name] = keep(np.array(opened.convert("RGB")) if expected is None else expected)


# --- PNG, written by hand so that every colour type, depth and interlacing exists -----------------------------------

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, depth):
    """Rows of packed samples, each behind filter byte 0. samples: [height, width, channels]."""
    rows = []
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            data = np.packbits(bits.reshape(-1)).tobytes()
        rows.append(b"\0" + data)
    return b"".join(rows)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, color, depth, interlaced=False, before=b"", after=b""):
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(packed_rows(p, depth) for p in passes if p.size)
    else:
        raw = packed_rows(samples, depth)
    body = chunk(b"IDAT", zlib.compress(raw, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body + after + chunk(b"IEND", b"")


def quantised(values, depth):
    return np.round(values * (2**depth - 1)).astype(np.int64)


def make_png():
    w, h = 23, 17
    for depth in (1, 2, 4, 8):
        save(f"grey{depth}.png", png(quantised(scene(w, h, 1, 1), depth), 0, depth))
    grey16 = quantised(scene(w, h, 1, 1), 16)
    # Pillow clips 16-bit grey at 255 (nearly all white); the engine keeps the high byte.
    save("grey16.png", png(grey16, 0, 16), np.repeat(grey16 >> 8, 3, axis=-1))
    for depth in (8, 16):
        save(f"greyalpha{depth}.png", png(quantised(scene(w, h, 2, 2), depth), 4, depth))
        save(f"rgb{depth}.png", png(quantised(scene(w, h, 3, 3), depth), 2, depth))
        save(f"rgba{depth}.png", png(quantised(scene(w, h, 4, 4), depth), 6, depth))
    palettes = {}
    for depth in (1, 2, 4, 8):
        colours = np.random.default_rng(depth).integers(0, 256, (2**depth, 3), dtype=np.uint8)
        palettes[depth] = chunk(b"PLTE", colours.tobytes())
        save(f"palette{depth}.png", png(quantised(scene(w, h, 5, 1), depth), 3, depth, before=palettes[depth]))
    alpha = chunk(b"tRNS", bytes(range(0, 200)))
    save("palette8-trns.png", png(quantised(scene(w, h, 5, 1), 8), 3, 8, before=palettes[8] + alpha))
    save("grey8-trns.png", png(quantised(scene(w, h, 1, 1), 8), 0, 8, before=chunk(b"tRNS", b"\0\x40")))
    save("rgb8-trns.png", png(quantised(scene(w, h, 3, 3), 8), 2, 8, before=chunk(b"tRNS", b"\0\x40\0\x40\0\x40")))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    profile = chunk(b"iCCP", b"junk\0\0" + zlib.compress(bytes(500)))
    save("rgb8-gamma.png", png(quantised(scene(w, h, 3, 3), 8), 2, 8, before=gamma + profile))
    save("interlaced-grey1.png", png(quantised(scene(w, h, 1, 1), 1), 0, 1, True))
    save("interlaced-palette4.png", png(quantised(scene(w, h, 5, 1), 4), 3, 4, True, palettes[4]))
    save("interlaced-rgb8.png", png(quantised(scene(w, h, 3, 3), 8), 2, 8, True))
    save("interlaced-rgba16.png", png(quantised(scene(w, h, 4, 4), 16), 6, 16, True))
    save("interlaced-tiny.png", png(quantised(scene(3, 2, 3, 3), 8), 2, 8, True))
    save("pixel.png", png(quantised(scene(1, 1, 3, 3), 8), 2, 8))
    first, second = (Image.fromarray(quantised(scene(w, h, s, 3), 8).astype(np.uint8)) for s in (6, 7))
    data = io.BytesIO()
    first.save(data, "PNG", save_all=True, append_images=[second], duration=100)
    save("animated.png", data.getvalue())
    # Text chunks before and after the pixels, plain, compressed and international.
    before = chunk(b"tEXt", b"Title\0caf\xe9") + chunk(b"zTXt", b"Long\0\0" + zlib.compress(b"squeeze " * 200))
    before += chunk(b"iTXt", b"parameters\0\0\0\0\0" + "a fox 🦊\nSteps: 3".encode())
    late = chunk(b"iTXt", b"late\0\1\0en\0sp\xc3\xa4t\0" + zlib.compress("größer".encode()))
    save("text.png", png(quantised(scene(w, h, 3, 3), 8), 2, 8, before=before, after=late))
    # Header only a few bytes long, pixels by the gigabyte.
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9))
    (FOLDER / "bomb-pixels.png").write_bytes(bomb + chunk(b"IEND", b""))
    # A text chunk and a colour profile that each inflate to 10 MB.
    many = zlib.compress(bytes([65]) * (10 << 20), 9)
    bombs = chunk(b"iCCP", b"bomb\0\0" + many) + chunk(b"zTXt", b"bomb\0\0" + many)
    (FOLDER / "bomb-chunks.png").write_bytes(png(quantised(scene(2, 2, 3, 3), 8), 2, 8, before=bombs))


# --- JPEG and WebP ---------------------------------------------------------------------------------------------------

def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def exif(orientation, big_endian=False):
    """An EXIF block that holds nothing but the orientation."""
    e = ">" if big_endian else "<"
    entry = struct.pack(e + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + (b"MM\0*" if big_endian else b"II*\0") + struct.pack(e + "IH", 8, 1) + entry + bytes(4)


def save_oriented(name, data):
    save(name, data)
    oriented[name] = keep(np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")))


def make_jpeg():
    rgb = Image.fromarray(quantised(scene(33, 27, 8, 3), 8).astype(np.uint8))
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        save(f"ycc{name}.jpg", encoded(rgb, "JPEG", quality=90, subsampling=sampling))
    save("progressive.jpg", encoded(rgb, "JPEG", quality=80, progressive=True))
    save("grey.jpg", encoded(rgb.convert("L"), "JPEG", quality=85))
    save("rgb.jpg", encoded(rgb, "JPEG", quality=90, keep_rgb=True))
    cmyk = Image.fromarray(quantised(scene(33, 27, 9, 4), 8).astype(np.uint8), "CMYK")
    data = encoded(cmyk, "JPEG", quality=90)
    save("cmyk.jpg", data)
    adobe = data.index(b"Adobe")
    # Byte 11 of the Adobe marker is the colour transform; 2 makes the four planes YCCK.
    save("ycck.jpg", data[: adobe + 11] + b"\2" + data[adobe + 12 :])
    restart = encoded(rgb, "JPEG", quality=70, restart_marker_blocks=2)
    save("restart.jpg", restart)
    small = Image.fromarray(quantised(scene(11, 7, 10, 3), 8).astype(np.uint8))
    for value in range(1, 9):
        save_oriented(f"orientation{value}.jpg", encoded(small, "JPEG", quality=95, exif=exif(value, value % 2 == 0)))


def make_webp():
    rgb = Image.fromarray(quantised(scene(33, 27, 8, 3), 8).astype(np.uint8))
    rgba = Image.fromarray(quantised(scene(33, 27, 4, 4), 8).astype(np.uint8))
    save("lossy.webp", encoded(rgb, "WEBP", quality=80))
    save("lossless.webp", encoded(rgb, "WEBP", lossless=True))
    save("lossy-alpha.webp", encoded(rgba, "WEBP", quality=80))
    save("lossless-alpha.webp", encoded(rgba, "WEBP", lossless=True, exact=True))
    other = Image.fromarray(quantised(scene(33, 27, 11, 3), 8).astype(np.uint8))
    save("animated.webp", encoded(rgb, "WEBP", save_all=True, append_images=[other], duration=100, quality=80))
    frames = [Image.new("RGBA", (33, 27), (0, 0, 0, 0)) for _ in range(2)]
    frames[0].paste(rgb.crop((0, 0, 20, 10)), (12, 8))
    frames[1].paste(other.crop((0, 0, 20, 10)), (2, 2))
    save("animated-offset.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    save_oriented("orientation6.webp", encoded(rgb, "WEBP", quality=80, exif=exif(6)))


# --- Resizing --------------------------------------------------------------------------------------------------------

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR, "lanczos": Image.Resampling.LANCZOS}


def make_resizes():
    sources = {"scene64x48.png": scene(64, 48, 12), "scene37x91.png": scene(37, 91, 13), "scene1x9.png": scene(1, 9, 14)}
    noise = np.random.default_rng(15).integers(0, 2, (29, 31, 3)).astype(float)
    sources["noise31x29.png"] = noise  # black and white: overshoot is clipped at both ends
    for name, values in sources.items():
        save(name, encoded(Image.fromarray(quantised(values, 8).astype(np.uint8)), "PNG", optimize=True))
    sizes = [(1, 1), (7, 5), (16, 16), (33, 47), (64, 20), (20, 48), (71, 53), (3, 70), (70, 2)]
    for name in [*sources, "pixel.png"]:
        image = Image.open(FOLDER / name).convert("RGB")
        for kind, filter in FILTERS.items() if "scene64" in name or "scene37" in name else [("bicubic", FILTERS["bicubic"])]:
            for width, height in sizes if kind == "bicubic" else sizes[1:4]:
                entry = keep(np.array(image.resize((width, height), filter)))
                resizes.append({"source": name, "filter": kind, **entry})
    # torchvision's Resize(short side) and CenterCrop, spelled out: see resized_and_cropped.
    for name in [*sources, "pixel.png"]:
        image = Image.open(FOLDER / name).convert("RGB")
        for width, height in ((24, 24), (25, 25), (32, 17), (9, 40)):
            crops.append({"source": name, **keep(np.array(resized_and_cropped(image, width, height)))})


def resized_and_cropped(image, width, height):
    """The short side first (`int(size * long / short)` for the other), then a centre crop with Python's rounding."""
    w, h = image.size
    if width * h >= height * w:
        size = (width, int(width * h / w))
    else:
        size = (int(height * w / h), height)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = int(round((size[0] - width) / 2.0)), int(round((size[1] - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


if __name__ == "__main__":
    if int(PIL.__version__.split(".")[0]) >= 13:
        raise SystemExit("Pillow 13 and later resize in another order of passes; use an older one (see above)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    make_png()
    make_jpeg()
    make_webp()
    make_resizes()
    (FOLDER / "expected.bin").write_bytes(bytes(blob))
    manifest = {"images": images, "oriented": oriented, "resizes": resizes, "crops": crops}
    (FOLDER / "expected.json").write_text(json.dumps(manifest, indent=1) + "\n")
    total = sum(f.stat().st_size for f in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {total / 1000:.0f} kB, pixels {len(blob) / 1000:.0f} kB")
