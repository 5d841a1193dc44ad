"""Writes Tests/Resources/tokenizer: what Hugging Face `tokenizers` makes of many texts, for the Swift tests to equal.

The full-size tokenizer is Qwen2.5's, rebuilt from the ranks that PyPI's `dashscope` ships: a token's rank is its id,
and its merge is the last one that byte-pair encoding with only the earlier ranks would need to make it.

    python -m pip install -r Tools/requirements.txt
    python Tools/tokenizer_corpus.py path/to/shapes/tokenizer.json    (takes several minutes)
"""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import struct
import sys
import zlib
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "tokenizer"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SPECIAL = """<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|>
<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>""".split()
ORDINARY = """<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|>
<|file_sep|>""".split()


def byte_alphabet() -> list[str]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


ALPHABET = byte_alphabet()


def name(token: bytes) -> str:
    return "".join(ALPHABET[b] for b in token)


def crc(values) -> int:
    """CRC-32 over integers as 32-bit little endian."""
    values = list(values)
    return zlib.crc32(struct.pack(f"<{len(values)}I", *values))


class SplitMix:
    """SplitMix64, which the Swift tests have too."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, limit: int) -> int:
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        return (z ^ z >> 31) % limit


def added(token: str, token_id: int, **options: bool) -> dict:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": token_id, "content": token, **flags, **options}


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(pattern: str, behavior: str = "Isolated", invert: bool = False) -> dict:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def document(vocab: dict, merges: list, added_tokens: list, **changes) -> dict:
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
             "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": vocab, "merges": merges, **changes.pop("model", {})}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added_tokens,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split(QWEN2), BYTE_LEVEL]},
        "post_processor": {**BYTE_LEVEL, "trim_offsets": False},
        "decoder": BYTE_LEVEL, "model": model, **changes,
    }


# ---- The full-size tokenizer


def last_merge(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    limit = ranks[token]
    parts = [bytes([b]) for b in token]
    while len(parts) > 2:
        rank, at = min((ranks.get(parts[i] + parts[i + 1], limit), i) for i in range(len(parts) - 1))
        assert rank < limit, token
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]


def qwen() -> str:
    package = importlib.util.find_spec("dashscope").submodule_search_locations[0]
    ranks = {}
    for line in (Path(package) / "resources" / "qwen.tiktoken").read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    assert len(ranks) == 151643
    tokens = sorted(ranks, key=ranks.__getitem__)
    merges = [last_merge(token, ranks) for token in tokens if len(token) > 1]
    special = [added(t, 151643 + i, special=True) for i, t in enumerate(SPECIAL)]
    ordinary = [added(t, 151643 + len(SPECIAL) + i) for i, t in enumerate(ORDINARY)]
    vocab = {name(t): ranks[t] for t in tokens}
    joined = [f"{name(a)} {name(b)}" for a, b in merges]
    return json.dumps(document(vocab, joined, special + ordinary), ensure_ascii=False, indent=2)


# ---- Texts

TEXTS = [
    "", " ", "a", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "a red circle above a blue square, on a white background",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر", "السَّلَامُ عَلَيْكُمْ", "דג סקרן שט בים מאוכזב ולפתע מצא לו חברה",
    "שָׁלוֹם עֲלֵיכֶם", "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश", "क़ ख़ ग़ ज़ ड़ ढ़ फ़ य़", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า",
    "视野无限广,窗外有蓝天。", "繁體中文的測試:紅色圓形", "いろはにほへと ちりぬるを カタカナ ガギグ", "か\u3099き\u3099は\u309a ハ\u309a",
    "다람쥐 헌 쳇바퀴에 타고파", "\u1112\u1161\u11ab\u1100\u1173\u11af \u1103\u1161", "\uac00\u11a8\u11a8 \u1100\u1161\u1161 \u1161\u11a8",
    "e\u0301 a\u0308\u0304 o\u0323\u0302 o\u0302\u0323 \u0344 \u0340 \u212b \u2126 \u1e9b\u0323 q\u0307\u0323",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034dA",
    "\ufb2c \ufb49 \u0958 \u2adc \uf900 \ufa6c \U0002f800 \U0001d15e \U00011938 \U00011935\U00011930 \U000110ab",
    "\U00016121\U0001611e \U000113c2\U000113c2 \U00016d68\U00016d67 \U000105d2\u0307 \U000113bb\U000113c2",
    "👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷🇯🇵 ❤️ ☺︎ 1️⃣ 🧑🏿‍🚀🫠🫨", "x👍y 👍 z  👍", "①②③ ½ Ⅷ ٣٤٥ १२३ ๑๒๓ 一二三 ༳ 𝟘𝟙 𑁦 ㉈",
    "1234567890 12 345 6,789.01 0x1F 1e-5 3.14", "a\u00a0b \u00a0 c\u3000d\u3000\u3000e\u0085f\u0085\u0085 g\u2028h\u2029i\u2003j\u1680k",
    "line\r\nline\r\n\r\nline\rline\n\n\n  line", "\t\ttabs\t\there \t x\n\t\ty", "  leading", "trailing  ", "a  b   c    d     e", "\n", "\r\n", " \n ", "\n \n",
    "\n\n  \n\ta", "a \n", "a\n b", " \u00a0\u00a0x", " \u3000\nx", "\u0000\u0001\u0002 \u001f\u007f\u0080\u009f", "a\u0000b\u0007c\u001b[0m",
    "I'm you're he's she'd we'll they've don't I'M YOU'RE HE'S SHE'D WE'LL THEY'VE DON'T", "'S'T'RE'VE'M'LL'D'x''s '", "it’s don’t ’ll ’RE", "'ſ 'ſt x'ſun 'ſ'ſ 'Ll 'lL 'rE 'vE 'VE",
    "'sun 'tis 'real 'llama 'dog 'mouse 'velvet", "rock'n'roll 'em o'clock", "\u200b\u200c\u200d\u2060\ufeff zero\u200bwidth \u00adsoft",
    "ǅ ǈ ʰ ª º ـ ꙮ ᵃ ⁿ ² ß ẞ ı İ K Å ﬁ ﬀ", "!!! ... --- ___ ?!?! $#@% ^&*() {}[]<>", " !\n ?\r\n\n .\r x", "!\n\n!\r\n", "a.b,c;d:e", "https://example.org/a?b=c&d=%20#frag",
    "def f(x):\n    return x**2  # square\n\n\nclass A:\n\tpass\n", '{"a": [1, 2.5, null, true], "b": "\\u00e9"}', "<html>\n  <body class=\"x\">&nbsp;</body>\n</html>", "$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$",
    "<|im_start|>user\nDraw a cat.<|im_end|>\n<|im_start|>assistant\n", "<|im_start|><|im_end|><|endoftext|>", " <|im_end|> x", "a<|im_end|>b<|im_end", "<|im_end|", "<|im_end|>\u0301e\u0301",
    "e<|im_end|>\u0301", "<image> <|vid_start|> <|vid_end|>", "<tool_call>{}</tool_call><|fim_prefix|>", "<|vision_start|><|image_pad|><|vision_end|> [PAD] <|vision_pad|>", "< |im_end|>", "<<|im_end|>>", "<|IM_END|>",
    "\ue000\uf8ff \U000f0000 \U0010ffff \ufffd \ufffe \uffff \u0378 \U000e0001", "\U00020000\U0002a6d6 \U00030000", "𓀀𓂀 𐎠𐎡 𝒜𝓫𝕮 ᚠᛁ ꯍ ߀ ଅ ಅ അ අ ა Ա አ ក ລ မ ཨ ᠠ",
    "\u1c89\ua7cb\U00010d4a\U00010d40\U0001ccf0\u0897 \u088f\ua7d2\U000323b0", "a\u0327\u0301\u0300b\u0316\u0301\u0345\u0334", "\u0301\u0301 \u0327a", "\u0f71\u0f72\u0f74 \u0f73 \u0f75 \u0f81", "\u09c7\u09be \u0b47\u0b56 \u0dd9\u0dcf\u0dca \u1025\u102e",
]
LONG = [["a", 10000], ["ab", 5000], [" ", 10000], ["\n", 10000], [" \n", 3000], ["1", 10000], ["!", 10000], ["=", 4000], ["é", 5000], ["e\u0301", 5000], ["\u0301\u0316", 3000],
        ["中", 5000], ["👨‍👩‍👧", 2000], ["Hello world. ", 1000], ["\u00a0", 3000], ["<|im_end|>", 1000], ["<|im_end", 1000], ["\u1100\u1161", 4000], ["the", 4000], ["'s", 3000], ["\t x", 2000]]
BYTES = ["ff", "80", "c0af", "c3", "c328", "e28", "e282", "e28228", "e2", "f09f98", "f09f9861", "f0", "f4908080", "f5808080", "eda080", "edb080", "eda080edb080", "e08080", "e0a0", "e09fbf", "f08080af", "f08fbfbf",
         "f7bfbfbf", "f888808080", "fe", "61ff62", "c3a9ff", "ffc3a9", "6120ff20ff6120", "f09f9880f09f98", "c3c3a9", "e2e282ac", "f0f09f9880", "efbfbd", "efbfbe", "00ff00", "3c7c696d5f656e647c3eff", "0d0aff0d0a", "f48fbfbf", "c2", "c1bf", "e0", "ed", "ed9f", "ef", "f09f", "f4", "f48f"]
BYTES = [b for b in BYTES if len(b) % 2 == 0]
POOLS = [
    list("abcdefghijklmnopqrstuvwxyz"), list("ABCDEFGHIJ KLMNOPQRSTUVWXYZ"), [" ", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u0085", "   ", "\r", "\u2028"],
    list("0123456789٣४๕½Ⅷ²"), list("!?.,;:'\"-_()[]{}<>|/\\@#$%^&*+=~`"), ["'s", "'T", "'re", "'VE", "'m", "'ll", "'D", "'ſ", "’s"],
    ["the", " of", " and", "ing", " red", " circle", "tion", "er", " square", "ed", " in"], list("абвгдеёжзийклмн"), list("αβγδεζηθάέή"), list("ابتثجحخد") + ["\u064b", "\u0651"], list("אבגדה") + ["\u05b8", "\u05c1"],
    list("कखगघ") + ["\u093c", "\u094d", "\u093e"], list("กขคง") + ["\u0e31", "\u0e48"], list("的一是不了人我在有他这为之大来以"), list("あいうえおカキクケコ") + ["\u3099", "\u309a"], list("가나다라마") + ["\u1100", "\u1161", "\u11a8", "\u1112", "\u1175"],
    ["\u0301", "\u0300", "\u0327", "\u0323", "\u0308", "\u0345", "\u0334", "\u035c", "\u0316", "\u0302", "\u0897", "\u08d3", "\u1dfa"], ["👍", "🏽", "\u200d", "\ufe0f", "🇩", "🇪", "👨", "👩", "😀", "🫠"],
    ["\u200b", "\ufeff", "\u00ad", "\u0000", "\u0007", "\u001b", "\u007f", "\ufffd", "\ue000", "\U0010ffff"], ["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<image>", "<|im_", "|>", "<tool_call>", "<|vid_start|>"],
    list("éèêëñöüßçåÅΩKﬁ") + ["\u212b", "\u2126", "\u1e9b", "\ufb2c", "\u0958", "\uf900"],
]
RANDOM_COUNT = 10000
BLOCK = 1024
PART = 16


def random_text(seed: int) -> str:
    rng = SplitMix(seed)
    text = ""
    for _ in range(rng.below(25)):
        pool = POOLS[rng.below(len(POOLS))]
        for _ in range(1 + rng.below(4)):
            text += pool[rng.below(len(pool))]
    return text


def random_ids(seed: int, limit: int) -> list[int]:
    rng = SplitMix(seed ^ 0x5EED)
    return [rng.below(limit) for _ in range(rng.below(13))]


def expectations(tokenizer: Tokenizer) -> dict:
    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    bare = json.loads(tokenizer.to_str())
    bare["added_tokens"] = []
    bare_tokenizer = Tokenizer.from_str(json.dumps(bare))
    size = tokenizer.get_vocab_size()
    texts = [random_text(seed) for seed in range(RANDOM_COUNT)]
    return {
        "size": size,
        "texts": [ids(text) for text in TEXTS],
        "asText": [bare_tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS],
        "bytes": [ids(bytes.fromhex(b).decode("utf-8", errors="replace")) for b in BYTES],
        "long": [[len(x), crc(x)] for x in (ids(text * times) for text, times in LONG)],
        "random": "".join(f"{crc(ids(text)):08x}" for text in texts),
        "randomStart": [ids(text) for text in texts[:10]],
        "decoded": "".join(
            f"{zlib.crc32(tokenizer.decode(random_ids(seed, size), skip_special_tokens=seed % 2 == 0).encode()):08x}"
            for seed in range(RANDOM_COUNT // 2)
        ),
    }


# ---- Every scalar

SCALAR_TEXT = "a{c}b1{c}2 {c}{c}\r\n'{c} {c} \n"
NORMAL_TEXT = "{c}a\u0327{c}\u0301 \u1100{c}\u0345{c}{c}\u11a8 \u0316{c}"
MATCH_TEXT = "{c}<w> <w>{c} {c}<l> <r>{c} "


def small_vocabulary() -> tuple[dict, list]:
    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "hello"), ("c", "a"), ("ca", "t"), ("1", "2"),
              ("12", "3"), ("Ġ", "Ġ"), ("Ã", "©"), ("'", "s"), ("t", "h"), ("th", "e"), ("l", "o")]
    vocab = {c: i for i, c in enumerate(ALPHABET)}
    for a, b in merges:
        vocab[a + b] = len(vocab)
    vocab["whole"] = len(vocab)
    vocab["日"] = len(vocab)
    return vocab, merges


def scalar_blocks(template: str, step: int):
    """For every block the template filled with each of its scalars, in parts of `step` scalars."""
    for start in range(0, 0x110000, BLOCK):
        yield [
            "".join(template.replace("{c}", chr(c)) for c in range(part, part + step) if not 0xD800 <= c <= 0xDFFF)
            for part in range(start, start + BLOCK, step)
        ]


def scalar_splits() -> dict[str, str]:
    split_by = {key: tokenizers.pre_tokenizers.Split(tokenizers.Regex(p), "isolated")
                for key, p in (("qwen2", QWEN2), ("llama3", LLAMA3))}
    split_by["gpt2"] = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    result = dict.fromkeys(split_by, "")
    for (text,) in scalar_blocks(SCALAR_TEXT, BLOCK):
        for key, splitter in split_by.items():
            words = splitter.pre_tokenize_str(text)
            # ByteLevel has made one character of each byte.
            result[key] += f"{crc(len(w) if key == 'gpt2' else len(w.encode()) for w, _ in words):08x}"
    return result


def scalar_normal_forms() -> str:
    normalizer = tokenizers.normalizers.NFC()
    return "".join(f"{zlib.crc32(normalizer.normalize_str(text).encode()):08x}"
                   for (text,) in scalar_blocks(NORMAL_TEXT, BLOCK))


def matcher() -> str:
    vocab, merges = small_vocabulary()
    first = len(vocab)
    options = [added("<w>", first, single_word=True), added("<l>", first + 1, lstrip=True),
               added("<r>", first + 2, rstrip=True)]
    return json.dumps(document(vocab, merges, options, normalizer=None))


def scalar_matches() -> str:
    # In small parts: the library looks at all text before a token that strips whitespace.
    tokenizer = Tokenizer.from_str(matcher())
    return "".join(
        f"{crc(i for text in texts for i in tokenizer.encode(text, add_special_tokens=False).ids):08x}"
        for texts in scalar_blocks(MATCH_TEXT, PART)
    )


def scalars() -> dict:
    return {"block": BLOCK, "part": PART, "text": SCALAR_TEXT, "normalText": NORMAL_TEXT, "matchText": MATCH_TEXT,
            "tokenizer": matcher(), "normalized": scalar_normal_forms(), "matched": scalar_matches(),
            "splits": scalar_splits()}


# ---- Other settings of the file


def variants() -> list[dict]:
    vocab, merges = small_vocabulary()
    pairs = [list(m) for m in merges]
    joined = [f"{a} {b}" for a, b in merges]
    # The library numbers added tokens itself, in order; the file's ids must agree.
    first = len(vocab)
    options = [
        added("<a>", first), added("<a><b>", first + 1), added("<b>", first + 2, lstrip=True), added("<c>", first + 3, rstrip=True),
        added("<d>", first + 4, lstrip=True, rstrip=True, special=True), added("word", first + 5, single_word=True),
        added("\u00e9t\u00e9", first + 6, normalized=True), added("e\u0301\u0323", first + 7, normalized=True), added(" x", first + 8),
        added("hello", vocab["hello"], special=True), added("caté", first + 9, single_word=True, normalized=True),
        added("\u4e2d\u6587", first + 10), added("\u00e8", vocab["\u00e8"]),
    ]
    texts = ["", " ", "hello", " hello  hello", "hello<a>hello", "<a><b>", "<a> <b>", "x  <b>  y", "x <c>  y", "x\u00a0<d>\u3000 y <d>", "<c>  <b>", "<c> x", "<c>  x y",
             "word words sword word. word", "\u00e9t\u00e9 e\u0301te\u0301", "e\u0301\u0323 e\u0323\u0301 \u1eb9\u0301", "caté cate\u0301 caté1", "cat cathe 123 1234 the's",
             "\u4e2d\u6587日\u00e8", "\u00a0hello", "whole whole wholes", "a b\tc\nd", "<a", "<a><", "<d><d>", "he'S it's 'ſ", "  <a>  ", "12345 ٣٤٥٦", "日本"]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
    documents = {
        "every option of added tokens": document(vocab, pairs, options),
        "merges as text, no normalizer": document(vocab, joined, options, normalizer=None),
        "GPT-2 with a prefix space": document(vocab, pairs, options, pre_tokenizer={**level, "add_prefix_space": True, "use_regex": True}),
        "GPT-2 by default": document(vocab, pairs, [], pre_tokenizer=level),
        "no pattern": document(vocab, pairs, [], pre_tokenizer={**level, "use_regex": False}),
        "no pattern but a prefix space": document(vocab, pairs, [], pre_tokenizer={**level, "use_regex": False, "add_prefix_space": True}),
        "Llama 3, merges ignored": document(vocab, pairs, options, model={"ignore_merges": True, "byte_fallback": True, "dropout": 0.0},
                                            pre_tokenizer={"type": "Sequence", "pretokenizers": [split(LLAMA3), BYTE_LEVEL]}),
        "inverted split, normalizers in sequence": document(
            vocab, joined, options, normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]},
            pre_tokenizer={"type": "Sequence", "pretokenizers": [split(QWEN2, "Removed", True), BYTE_LEVEL]}),
        "a pair that is there twice": document(vocab, [*pairs, ["h", "e"]], []),
        "an unknown token that never comes": document(vocab, pairs, [], model={"unk_token": "whole", "fuse_unk": True}),
    }
    result = []
    for title, content in documents.items():
        tokenizer = Tokenizer.from_str(json.dumps(content))
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        result.append({
            "title": title, "tokenizer": json.dumps(content, ensure_ascii=False), "texts": texts, "ids": ids,
            "decoded": [tokenizer.decode(x, skip_special_tokens=False) for x in ids],
            "decodedWithoutSpecial": [tokenizer.decode(x) for x in ids],
        })
    return result



if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    shapes = Path(sys.argv[1]).read_text()
    (FOLDER / "shapes.json").write_text(shapes)
    full = qwen()
    (FOLDER / "qwen2.5.json.gz").write_bytes(gzip.compress(full.encode(), 9, mtime=0))
    corpus = {"texts": TEXTS, "long": LONG, "bytes": BYTES, "pools": POOLS}
    for key, text in (("shapes", shapes), ("qwen2.5", full)):
        corpus[key] = expectations(Tokenizer.from_str(text))
    (FOLDER / "corpus.json").write_text(json.dumps(corpus, separators=(",", ":")) + "\n")
    (FOLDER / "variants.json").write_text(json.dumps(variants(), indent=1) + "\n")
    (FOLDER / "scalars.json").write_text(json.dumps(scalars()) + "\n")
