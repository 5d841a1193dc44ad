"""Writes Sources/Tokenizers/Unicode/Tables*.swift: the Unicode facts that Hugging Face `tokenizers` acts upon.

Its regular expressions, its word boundaries and its normaliser each carry their own version of Unicode, none of them
the one of Swift's standard library. So the tables are not read from the Unicode database but observed: every scalar is
put through the library, and what it does is written down.

    python -m pip install -r Tools/requirements.txt && python Tools/tokenizer_tables.py
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

FOLDER = Path(__file__).resolve().parent.parent / "Sources" / "Tokenizers" / "Unicode"
SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)

nfc = normalizers.NFC().normalize_str
nfd = normalizers.NFD().normalize_str


def ranges(scalars: list[int]) -> list[int]:
    """First and last of every run of consecutive scalars, back to back."""
    result: list[int] = []
    for scalar in scalars:
        if result and result[-1] + 1 == scalar:
            result[-1] = scalar
        else:
            result += [scalar, scalar]
    return result


def regex_class(pattern: str) -> list[int]:
    """The scalars that a class of the regular expression engine (Oniguruma) holds."""
    keep = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found: list[int] = []
    for start in range(0, len(SCALARS), 4096):
        for piece, _ in keep.pre_tokenize_str("".join(SCALARS[start : start + 4096])):
            found += [ord(c) for c in piece]
    return found


def word_scalars() -> list[int]:
    """The scalars that keep an added token with `single_word` from matching when they touch it."""
    tokenizer = Tokenizer(models.BPE(vocab={}, merges=[]))
    tokenizer.add_tokens([AddedToken("<t>", normalized=False, single_word=True)])
    return [ord(c) for c in SCALARS if not tokenizer.encode("<t>" + c).ids]


def combining_classes() -> list[tuple[int, int]]:
    """(scalar, class) of every scalar that canonical reordering moves, found by which marks it passes."""
    reference: dict[int, str] = {}
    for c in SCALARS:
        k = unicodedata.combining(c)
        if k and k not in reference and nfd(c) == c and nfd("\u0345" + c) != "\u0345" + c:
            reference[k] = c
    reference[240] = "\u0345"
    found = []
    for c in SCALARS:
        if nfd(c) != c:
            continue
        if c == "\u0345" or nfd("\u0345" + c) == c + "\u0345":
            found.append((ord(c), max(k for k, mark in reference.items() if nfd(mark + c) == mark + c)))
    return found


def class_ranges(classes: list[tuple[int, int]]) -> list[int]:
    """First, last, class of every run."""
    result: list[int] = []
    for scalar, k in classes:
        if result and result[-2] + 1 == scalar and result[-1] == k:
            result[-2] = scalar
        else:
            result += [scalar, scalar, k]
    return result


def decompositions() -> list[int]:
    """(scalar | length << 24), then its full canonical decomposition."""
    result: list[int] = []
    for c in SCALARS:
        d = nfd(c)
        if d != c and ord(c) not in HANGUL:
            result += [ord(c) | len(d) << 24, *map(ord, d)]
    return result


def compositions() -> list[int]:
    """first, second, composite of every pair that composes."""
    result: list[int] = []
    for c in SCALARS:
        d = nfd(c)
        if len(d) < 2 or ord(c) in HANGUL or nfc(d) != c:
            continue
        first = nfc(d[:-1])
        assert len(first) == 1 and nfc(first + d[-1]) == c, hex(ord(c))
        result += [ord(first), ord(d[-1]), ord(c)]
    return result


def write(name: str, tables: dict[str, tuple[str, list[int]]]) -> None:
    lines = [
        f"// Made by Tools/tokenizer_tables.py from the behaviour of Hugging Face tokenizers {tokenizers.__version__}."
        " Do not edit.",
        "",
        "extension UnicodeTables {",
    ]
    for index, (table, (comment, values)) in enumerate(tables.items()):
        if index:
            lines.append("")
        lines += [f"    /// {comment}", f"    static let {table}: [UInt32] = ["]
        line = "       "
        for value in values:
            item = f" {value:#x},"
            if len(line) + len(item) > 120:
                lines.append(line)
                line = "       "
            line += item
        lines += [line, "    ]"]
    lines += ["}", ""]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text("\n".join(lines))


if __name__ == "__main__":
    write(
        "UnicodeTables+Classes.swift",
        {
            "letters": ("`\\p{L}`: first and last scalar of every run.", ranges(regex_class(r"\p{L}"))),
            "numbers": ("`\\p{N}`: first and last scalar of every run.", ranges(regex_class(r"\p{N}"))),
            "whitespace": ("`\\s`: first and last scalar of every run.", ranges(regex_class(r"\s"))),
            "word": ("`\\w` around added tokens: first and last scalar of every run.", ranges(word_scalars())),
        },
    )
    write(
        "UnicodeTables+Normalization.swift",
        {
            "combiningClasses": ("First scalar, last scalar and canonical combining class of every run.",
                                 class_ranges(combining_classes())),
            "compositions": ("First, second and composite scalar of every canonical composition but Hangul's.",
                             compositions()),
            "decompositions": ("Scalar plus length << 24, then its full canonical decomposition; Hangul's is computed.",
                               decompositions()),
        },
    )
