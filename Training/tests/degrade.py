"""Ways to spoil a render, mildly (still right) or badly (no longer what it was)."""
import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from world import BACKGROUNDS, COLORS, OUTLINES, SHAPES, SIZE


def scene(*objects, background="white"):
    """Objects as (shape, color, x, y, r) -> a scene."""
    kind = "single" if len(objects) == 1 else "mixed"
    return {"kind": kind, "background": background, "relation": None,
            "objects": [{"shape": s, "color": c, "x": x, "y": y, "r": r, "size": "small" if r < 18 else "large"}
                        for s, c, x, y, r in objects]}


def draw(points, color, background="white", image=None):
    """One polygon, antialiased, on a plain or a given (128, 128, 3) image."""
    base = Image.fromarray(image) if image is not None else Image.new("RGB", (SIZE, SIZE), BACKGROUNDS[background])
    big = base.resize((SIZE * 4, SIZE * 4), Image.NEAREST)
    ImageDraw.Draw(big).polygon([(x * 4, y * 4) for x, y in points], fill=COLORS[color])
    return np.array(big.reduce(4))


def outline(shape, x=64, y=64, r=23, sx=1.0, sy=1.0):
    """Outline points, stretched by (sx, sy)."""
    return [(x + px * r * sx, y + py * r * sy) for px, py in OUTLINES[shape]]


# ------------------------------------------------------------------ mild: must still be read as what it is

def blur(image, rng, sigma=0.8):
    return np.array(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))


def color_noise(image, rng, sd=9.0):
    return np.clip(image + rng.normal(0, sd, image.shape), 0, 255).astype(np.uint8)


def tint(image, rng, span=14):
    """One slight colour shift for the whole image."""
    return np.clip(image.astype(int) + rng.integers(-span, span + 1, 3), 0, 255).astype(np.uint8)


def jagged(image, rng, reach=1.2):
    """Every pixel is fetched from a smooth random displacement of about a pixel: wobbly edges."""
    d = [ndimage.gaussian_filter(rng.normal(0, 1, image.shape[:2]), 1.5) for _ in range(2)]
    d = [reach * f / f.std() * 0.7 for f in d]
    y, x = np.mgrid[:SIZE, :SIZE]
    at = [y + d[0], x + d[1]]
    return np.stack([ndimage.map_coordinates(image[..., c].astype(float), at, order=1, mode="nearest") for c in range(3)],
                    -1).astype(np.uint8)


def pinholes(image, rng, count=3):
    """A few pixels inside every object take the background's colour."""
    out, ground = image.copy(), image[0, 0].astype(int)
    inner = ndimage.binary_erosion(np.abs(image.astype(int) - ground).sum(-1) > 150, iterations=4)
    spots = np.argwhere(inner)
    for y, x in spots[rng.integers(0, len(spots), count)] if len(spots) else []:
        out[y, x] = ground
    return out


MILD = [blur, color_noise, tint, jagged, pinholes]


# ------------------------------------------------------------------ bad: an image of `shape` that must not count as one

def squashed(shape, rng):
    return draw(outline(shape, sx=1.2, sy=0.72), "red")


def with_tail(shape, rng):
    return draw([(58, 60), (58, 74), (26, 86), (20, 74)], "red", image=draw(outline(shape, x=70), "red"))


def with_notch(shape, rng):
    """A quarter is missing."""
    return _cut(draw(outline(shape), "red"), 64, 58, 128, 86)


def _cut(image, x0, y0, x1, y1):
    out = image.copy()
    out[y0:y1, x0:x1] = image[0, 0]
    return out


def half(shape, rng):
    """The left half."""
    return _cut(draw(outline(shape), "red"), 64, 0, 128, 128)


def two_colored(shape, rng):
    """Red above, blue below."""
    red, blue = draw(outline(shape), "red"), draw(outline(shape), "blue")
    return np.where(np.mgrid[:SIZE, :SIZE][0][..., None] < 64, red, blue).astype(np.uint8)


def with_debris(shape, rng):
    return draw([(12, 12), (20, 11), (21, 20), (13, 19)], "red", image=draw(outline(shape), "red"))


def with_wrong_neighbour(shape, rng):
    other = SHAPES[(SHAPES.index(shape) + 1) % len(SHAPES)]
    return draw(outline(other, x=98, y=98, r=13), "blue", image=draw(outline(shape, x=45, y=45), "red"))


def twice(shape, rng):
    return draw(outline(shape, x=95), "red", image=draw(outline(shape, x=33), "red"))


def merged_pair(shape, rng):
    """Two that overlap by a third of their width."""
    return draw(outline(shape, x=80, r=22), "red", image=draw(outline(shape, x=50, r=22), "red"))


def broken(shape, rng):
    """Cut apart by a background bar."""
    return _cut(draw(outline(shape), "red"), 0, 60, 128, 68)


def hollow(shape, rng):
    return _hole(draw(outline(shape), "red"), 8)


def _hole(image, radius):
    y, x = np.mgrid[:SIZE, :SIZE]
    out = image.copy()
    out[(x - 64) ** 2 + (y - 64) ** 2 < radius ** 2] = image[0, 0]
    return out


def blob(shape, rng):
    """A random smooth closed curve of the same extent."""
    a = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 22 + 7 * np.sin(2 * a + rng.uniform(0, 6)) + 5 * np.sin(3 * a + rng.uniform(0, 6))
    return draw(list(zip(64 + radius * np.cos(a), 64 + radius * np.sin(a))), "red")


def nothing(shape, rng):
    return draw([(0, 0), (0, 0), (0, 0)], "red")


BAD = [squashed, with_tail, with_notch, half, two_colored, with_debris, with_wrong_neighbour, twice, merged_pair, broken,
       hollow, blob, nothing]
