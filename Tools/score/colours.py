"""A small judge for images of the Shapes world: how many objects of which colour there are, and how many a prompt asks for."""
import re
from collections import Counter

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 70), "blue": (40, 80, 220), "yellow": (245, 210, 40), "purple": (130, 50, 170),
           "orange": (250, 140, 30), "black": (25, 25, 25), "pink": (255, 120, 180)}
BACKGROUNDS = [(255, 255, 255), (205, 205, 208), (240, 226, 198), (184, 220, 240)]
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}
FOREGROUND = 55     # distance from the background that makes a pixel an object's
SMALLEST = 40       # pixels; the smallest true object has about 200


def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5


def nearest(pixel, colours):
    return min(colours, key=lambda colour: distance(pixel, colour))


def seen(image):
    """RGB image -> Counter of the colours of its objects: what hangs together and is not the background."""
    width, height = image.size
    data = image.tobytes()
    pixels = [tuple(data[i:i + 3]) for i in range(0, len(data), 3)]
    ground = Counter(nearest(pixel, BACKGROUNDS) for pixel in pixels[::7]).most_common(1)[0][0]
    is_object = [distance(pixel, ground) > FOREGROUND for pixel in pixels]
    found = Counter()
    for start in range(len(pixels)):
        if not is_object[start]:
            continue
        is_object[start], open_places, places = False, [start], []
        while open_places:
            place = open_places.pop()
            places.append(place)
            x, y = place % width, place // width
            for nx in range(max(x - 1, 0), min(x + 2, width)):
                for ny in range(max(y - 1, 0), min(y + 2, height)):
                    other = ny * width + nx
                    if is_object[other]:
                        is_object[other] = False
                        open_places.append(other)
        if len(places) >= SMALLEST:
            names = Counter(min(COLOURS, key=lambda name: distance(pixels[place], COLOURS[name])) for place in places)
            found[names.most_common(1)[0][0]] += 1
    return found


def asked(prompt):
    """'a photo of two yellow circles and a red star' -> Counter(yellow=2, red=1)."""
    wanted = Counter()
    for number, colour in re.findall(r"\b(an?|one|two|three|four) (%s)\b" % "|".join(COLOURS), prompt):
        wanted[colour] += NUMBERS[number]
    if not wanted:
        raise ValueError(f"the prompt names no colour: {prompt!r}")
    return wanted


def answer(image, question):
    """'Are there two yellow objects?' -> yes, if there are as many; 'Is there anything yellow?' -> yes, if there is."""
    found = seen(image)
    if question.startswith("Is there anything "):
        return found[question.removeprefix("Is there anything ").rstrip("?")] > 0
    return all(found[colour] == count for colour, count in asked(question).items())
