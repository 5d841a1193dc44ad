"""What is said about open scenes: prompts, and questions with their answers.

Everything said is a list of (word, mask): the mask's bits name the objects that the word speaks of (bit k: object k; bit 6: the
background; bit 7: nothing that is there), from which the attention's targets are made (lookups.py does it by names).  `text` joins the words.
A prompt names the objects of a scene by groups; an answer that is not clear from the picture (a place near the border of two, sizes
of a group that one cannot tell apart) is not asked for.
"""
from collections import Counter

from third.world import BACK_NAMES, COLOR_NAMES, OBJECTS, SHAPES, SIZE_NAMES
from world import OPPOSITE, RELATIONS

GROUND, ABSENT = 1 << OBJECTS, 2 << OBJECTS     # bits of the background, and of what a question names in vain
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six"]
PLACES = [["at the top left", "at the top", "at the top right"], ["on the left", "in the middle", "on the right"],
          ["at the bottom left", "at the bottom", "at the bottom right"]]
THIRDS, CLEAR = (48.0, 80.0), 4.0              # borders of the places, and how far from them a place is clear
KINDS = ["exist", "count", "color", "size", "place", "background", "relation", "larger", "more", "describe"]


def plural(word: str) -> str:
    return word + ("es" if word.endswith("ss") else "s")


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def words(phrase: str, mask=0) -> list:
    """'left of' -> [('left', mask), ('of', mask)]; a mark (, ? .) is a word of its own."""
    out = []
    for w in phrase.split():
        mark = w[-1] if w[-1] in ",?." else ""
        out.append((w[:len(w) - len(mark)], mask))
        if mark:
            out.append((mark, 0))
    return out


def text(said: list) -> str:
    """The words as a sentence."""
    out = ""
    for w, _ in said:
        out += w if w in ",?." or not out else " " + w
    return out


class View:
    """One scene of a batch, as plain numbers."""

    def __init__(self, scenes: dict, i: int):
        n = int(scenes["count"][i])
        self.n, self.back = n, BACK_NAMES[scenes["back"][i]]
        self.shape = [SHAPES[k] for k in scenes["shape"][i, :n]]
        self.color = [COLOR_NAMES[k] for k in scenes["color"][i, :n]]
        self.size = [int(k) for k in scenes["size"][i, :n]]
        self.x, self.y = scenes["x"][i, :n].tolist(), scenes["y"][i, :n].tolist()
        self.groups = {}
        for k, g in enumerate(scenes["group"][i, :n].tolist()):
            self.groups.setdefault(g, []).append(k)
        self.groups = list(self.groups.values())

    def mask(self, test) -> int:
        """The bits of the objects k with test(k), or ABSENT."""
        return sum(1 << k for k in range(self.n) if test(k)) or ABSENT

    def place(self, k: int) -> str:
        column, row = (sum(v > t for t in THIRDS) for v in (self.x[k], self.y[k]))
        return PLACES[row][column]

    def clear(self, k: int) -> bool:
        return all(abs(v - t) >= CLEAR for v in (self.x[k], self.y[k]) for t in THIRDS)

    def relation(self, a: int, b: int):
        """How object a stands to b, None where that is not clear (the evaluator asks for 60 degrees around the axis)."""
        dx, dy = self.x[a] - self.x[b], self.y[a] - self.y[b]
        for name, (ux, uy) in RELATIONS.items():
            if dx * ux + dy * uy > 1.6 * abs(dx * uy + dy * ux):
                return name
        return None


def some(view: View, objects: list, color: bool, size: bool, shape=True) -> list:
    """'two small red circles', 'a red object': a number or an article, the attributes asked for, the noun."""
    k, mask = objects[0], sum(1 << o for o in objects)
    noun = view.shape[k] if shape else "object"
    said = [w for w, asked in ((SIZE_NAMES[view.size[k]], size), (view.color[k], color)) if asked]
    said.append(noun if len(objects) == 1 else plural(noun))
    return [(article(said[0]) if len(objects) == 1 else NUMBERS[len(objects)], mask), *((w, mask) for w in said)]


def listed(parts: list) -> list:
    """'A', 'A and B', 'A, B and C'."""
    out = list(parts[0])
    for i, p in enumerate(parts[1:], 2):
        out += ([("and", 0)] if i == len(parts) else [(",", 0)]) + p
    return out


def prompt(view: View, rng) -> tuple:
    """-> (said, what it asks for, as evaluator.check2 reads it).  Attributes are left out at random: what is left out is open."""
    color, size, back = rng.random() < 0.7, rng.random() < 0.3, rng.random() < 0.25
    a = view.groups[0]
    color |= len({view.shape[g[0]] for g in view.groups}) < len(view.groups)          # 'a circle and two circles' names nothing
    relation = view.relation(a[0], view.groups[1][0]) if [len(g) for g in view.groups] == [1, 1] else None
    wish = {"include": [], "exclude": []}

    def asked(objects, shape=True):
        k, row = objects[0], {"count": len(objects)}
        row.update({key: value for key, value, on in (("class", view.shape[k], shape), ("color", view.color[k], color),
                                                      ("size", SIZE_NAMES[view.size[k]], size)) if on})
        wish["include"].append(row)
        return some(view, objects, color, size, shape)

    if relation and rng.random() < 0.5:
        x, y, relation = (0, 1, relation) if rng.random() < 0.5 else (1, 0, OPPOSITE[relation])
        said = asked(view.groups[x]) + words(relation)
        said += asked(view.groups[y])
        wish["include"].reverse()
        wish["include"][1]["position"] = [relation, 0]
        wish["tag"] = "position"
    elif view.n < 6 and rng.random() < (0.25 if len(view.groups) > 1 else 0.08):    # shapes stay open: 'three objects', 'a red object'
        color, size = color and len(set(view.color)) == 1, size and len(set(view.size)) == 1
        said, wish["tag"] = asked(list(range(view.n)), shape=False), "any"
    else:
        parts = list(view.groups)
        rng.shuffle(parts)
        said = listed([asked(g) for g in parts])
        sizes = sorted(map(len, parts))
        wish["tag"] = {(1,): "single", (1, 1): "two"}.get(tuple(sizes), "count" if len(parts) == 1 else "groups")
    if rng.random() < (0.5 if wish["tag"] == "any" else 0.06):
        absent = rng.choice([s for s in SHAPES if s not in view.shape])
        said += words(rng.choice(["and no", "but no", f"without {article(absent)}"])) + [(absent, 0)]
        wish["exclude"].append({"class": absent, "count": 1})
        wish["tag"] = "negation"
    if back:
        said += [("on", 0), (article(view.back), 0), *words(view.back, GROUND), ("background", GROUND)]
        wish["background"] = view.back
    if rng.random() < 0.5:
        said = words("a photo of") + said
    return said, wish


def one(view: View, k: int):
    """A description with the least words that fits object k alone: 'the circle', 'the red circle', or None."""
    if view.shape.count(view.shape[k]) == 1:
        return [("the", 0), (view.shape[k], 1 << k)]
    if sum(s == view.shape[k] and c == view.color[k] for s, c in zip(view.shape, view.color)) == 1:
        return [("the", 0), (view.color[k], view.mask(lambda o: view.color[o] == view.color[k])), (view.shape[k], 1 << k)]
    return None


def describe(view: View) -> list:
    """Every object with size, colour, shape and place, from left to right, and the background."""
    order = sorted(range(view.n), key=lambda k: view.x[k])
    parts = [some(view, [k], True, True) + words(view.place(k), 1 << k) for k in order]
    return listed(parts) + [("on", 0), (article(view.back), GROUND), *words(view.back, GROUND), ("background", GROUND)]


def describable(view: View) -> bool:
    xs = sorted(view.x)
    return all(view.clear(k) for k in range(view.n)) and all(b - a >= 5 for a, b in zip(xs, xs[1:]))


def question(view: View, rng, kind: str):
    """-> (said, answer as said, compare) or None where the kind does not apply.  compare: the word that the last of the
    question's looking words is compared with, by its index in `said`, or None."""
    yes, no = [("yes", 0)], [("no", 0)]
    names = [(k, one(view, k)) for k in range(view.n)]
    names = [(k, n) for k, n in names if n]
    if kind == "describe":
        return (words("describe the image."), describe(view), None) if describable(view) else None
    if kind == "background":
        return words("what color is the") + [("background", GROUND), ("?", 0)], words(view.back), None
    if kind == "exist":
        k = rng.randrange(view.n)
        c, s = view.color[k], view.shape[k]
        if rng.random() < 0.55:                                        # near misses
            if view.n > 1 and rng.random() < 0.4:
                s = rng.choice(view.shape)
            elif rng.random() < 0.5:
                c = rng.choice(COLOR_NAMES)
            else:
                s = rng.choice(SHAPES)
        if rng.random() < 0.35:
            m = view.mask(lambda o: view.shape[o] == s)
            return words("is there") + [(article(s), 0), (s, m), ("?", 0)], yes if m != ABSENT else no, None
        m = view.mask(lambda o: view.shape[o] == s and view.color[o] == c)
        return (words("is there") + [(article(c), 0), (c, view.mask(lambda o: view.color[o] == c)), (s, m), ("?", 0)], yes if m != ABSENT else no, None)
    if kind == "count":
        which = rng.random()
        k = rng.randrange(view.n)
        if which < 0.3:
            said, m = [("objects", (1 << view.n) - 1)], (1 << view.n) - 1
        elif which < 0.5:
            m = view.mask(lambda o: view.color[o] == view.color[k])
            said = [(view.color[k], m), ("objects", m)]
        else:
            s = view.shape[k] if rng.random() < 0.85 else rng.choice(SHAPES)
            m = view.mask(lambda o: view.shape[o] == s)
            said = [(plural(s), m)]
        return words("how many") + said + words("are there?"), [(NUMBERS[0 if m == ABSENT else bin(m).count("1")], 0)], None
    if kind == "more":
        shapes = Counter(view.shape)
        if len(shapes) < 2:
            return None
        a, b = rng.sample(sorted(shapes), 2)
        if shapes[a] == shapes[b]:
            return None
        ma, mb = (view.mask(lambda o, s=s: view.shape[o] == s) for s in (a, b))
        said = words("are there more") + [(plural(a), ma), ("than", 0), (plural(b), mb), ("?", 0)]
        return said, yes if shapes[a] > shapes[b] else no, 3
    if not names:
        return None
    k, name = rng.choice(names)
    if kind == "color":
        name = [("the", 0), (view.shape[k], 1 << k)]
        return (words("what color is") + name + [("?", 0)], words(view.color[k]), None) if view.shape.count(view.shape[k]) == 1 else None
    if kind == "size":
        return words("what size is") + name + [("?", 0)], words(SIZE_NAMES[view.size[k]]), None
    if kind == "place":
        return (words("where is") + name + [("?", 0)], words(view.place(k)), None) if view.clear(k) else None
    if len(names) < 2:
        return None
    (a, first), (b, second) = rng.sample(names, 2)
    if kind == "larger":
        if view.size[a] == view.size[b]:
            return None
        return (words("is") + first + words("larger than") + second + [("?", 0)], yes if view.size[a] > view.size[b] else no, len(first))
    relation = view.relation(a, b)
    if relation is None:
        return None
    ask = relation if rng.random() < 0.5 else OPPOSITE[relation]
    return words("is") + first + words(ask) + second + [("?", 0)], yes if ask == relation else no, len(first)


def corpus(scenes: dict, rng):
    """Sentences for the tokenizer: every word of the world, often."""
    for i in range(len(scenes["count"])):
        view = View(scenes, i)
        yield text(prompt(view, rng)[0])
        for kind in KINDS:
            found = question(view, rng, kind)
            if found:
                yield text(found[0])
                yield text(found[1])
                yield " " + text(found[1])
