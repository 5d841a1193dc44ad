"""One step's scenes, tokens and attention targets, as small integer arrays; workers make them, the device does the rest.

A step's B scenes all serve drawing, and the first U of them questions too (of the same pictures, encoded once).
Arrays of a step, besides the scenes' own (world.py):
    prompt (B, TEXT) token ids, [im_start] prompt [vision_start] padded; length (B,); aim (B, TEXT) uint8 bits of the objects
    suffix (U, SUFFIX) token ids of packed questions, answer (U, SUFFIX) the same where the loss counts, else -100;
    segment, position (U, SUFFIX); look (U, SUFFIX) uint8 bits; compare, read (U, SUFFIX) slot to attend to, or -1
Everything random in step k comes from generators seeded with (seed, k): a resumed run goes on as if it had not stopped.
"""
import random

import numpy as np
import torch

from third.words import KINDS, View, prompt, question
from third.world import sample
from tokenizer import ROLE_A, ROLE_B, SYSTEM, token_ids

TEXT, SUFFIX = 32, 144
WEIGHTS = {"exist": 2.0, "count": 2.0, "color": 1.5, "size": 1.5, "place": 1.5, "background": 0.4, "relation": 2.0, "larger": 1.5,
           "more": 2.0, "describe": 1.5}


class Speller:
    """Words to token ids, as the tokenizer splits the sentence that they make."""

    def __init__(self, tok):
        self.tok, self.ids, self.cache = tok, token_ids(tok), {}
        self.prefix = [self.ids["bos_id"]] + self.encode(SYSTEM) + self.encode(ROLE_A) + [self.ids["boi_id"]]
        self.role_b = self.encode(ROLE_B)

    def encode(self, piece: str) -> list:
        if piece not in self.cache:
            self.cache[piece] = self.tok.encode(piece, add_special_tokens=False).ids
        return self.cache[piece]

    def spell(self, said: list):
        """[(word, mask)] -> token ids, masks, index of every word's last token."""
        ids, masks, last = [], [], []
        for i, (word, mask) in enumerate(said):
            piece = self.encode(word if i == 0 or word in ",?." else " " + word)
            ids += piece
            masks += [mask] * len(piece)
            last.append(len(ids) - 1)
        return ids, masks, last


class Steps(torch.utils.data.Dataset):
    """Item k: the arrays of step k."""

    def __init__(self, speller: Speller, seed: int, gen: int, und: int, questions=8, dropout=0.1):
        self.speller, self.seed, self.gen, self.und, self.questions, self.dropout = speller, seed, gen, und, questions, dropout

    def __len__(self):
        return 1 << 40

    def __getitem__(self, step: int) -> dict:
        rng = random.Random(f"{self.seed}/{step}")
        scenes = sample(self.gen, np.random.default_rng([self.seed, step]))
        views = [View(scenes, i) for i in range(self.gen)]
        return {**scenes, **prompts(self.speller, [[] if rng.random() < self.dropout else prompt(v, rng)[0] for v in views]),
                **questions(self.speller, [self.ask(v, rng) for v in views[:self.und]])}

    def ask(self, view, rng) -> list:
        """Questions of different kinds about one scene."""
        kinds = sorted(KINDS, key=lambda k: rng.random() ** (1 / WEIGHTS[k]), reverse=True)[:self.questions]
        found = [question(view, rng, k) for k in kinds]
        return [f for f in found if f]


def prompts(speller: Speller, said: list, slots=TEXT) -> dict:
    ids = np.full((len(said), slots), speller.ids["pad_id"], np.int64)
    aim, length = np.zeros((len(said), slots), np.uint8), np.zeros(len(said), np.int64)
    for i, s in enumerate(said):
        row, masks, _ = speller.spell(s)
        row, masks = row[:slots - 2], masks[:slots - 2]
        n = len(row) + 2
        ids[i, :n] = [speller.ids["bos_id"], *row, speller.ids["boi_id"]]
        aim[i, 1:n - 1], length[i] = masks, n
    return {"prompt": ids, "length": length, "aim": aim}


def questions(speller: Speller, groups: list, slots=SUFFIX) -> dict:
    """groups: per image its (said, answer, compare).  Packed behind one another; each sees the image and itself."""
    n, pad = len(groups), speller.ids["pad_id"]
    ids, answer = np.full((n, slots), pad, np.int64), np.full((n, slots), -100, np.int64)
    segment, position = np.full((n, slots), -1, np.int64), np.zeros((n, slots), np.int64)
    look, compare, read = np.zeros((n, slots), np.uint8), np.full((n, slots), -1, np.int64), np.full((n, slots), -1, np.int64)
    ids[:, 0], segment[:, 0] = speller.ids["eoi_id"], 0
    for i, group in enumerate(groups):
        at = 1
        for k, (said, reply, against) in enumerate(group, 1):
            q, masks, last = speller.spell(said)
            a, answer_masks, _ = speller.spell(reply)
            source, target = q + speller.role_b, a + [speller.ids["eos_id"]]
            m = len(source) + len(target)
            if at + m > slots:
                break
            ids[i, at:at + m], segment[i, at:at + m], position[i, at:at + m] = source + target, k, np.arange(1, m + 1)
            begin = at + len(source)
            answer[i, begin:at + m] = target
            look[i, at:at + len(q)] = masks
            look[i, begin - 1:begin - 1 + len(a)] = answer_masks          # what is said next is what one looks at
            looking = [at + last[j] for j, (_, mask) in enumerate(said) if mask]
            if looking and not answer_masks[0]:
                read[i, begin - 1] = looking[-1]
            if against is not None and looking:
                compare[i, looking[-1]] = at + last[against]
            at += m
    return {"suffix": ids, "answer": answer, "segment": segment, "position": position, "look": look, "compare": compare, "read": read}

