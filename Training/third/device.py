"""From a step's integer arrays (batches.py), on the device: positions, masks, attention targets and losses.

The token layouts are those of ../layouts.py, for any number N of image tokens.
"""
import math

import torch
import torch.nn.functional as F

from lookups import PROMPT_HEAD, QUESTION_HEAD, attention_loss
from third.words import ABSENT


def drawing(a: dict, n: int) -> dict:
    """Layout of a drawing batch: text padded to T slots, the time token, n image tokens; L = T + 1 + n."""
    b, t = a["prompt"].shape
    device, length = a["prompt"].device, t + 1 + n
    at = torch.arange(length, device=device)
    positions = at.repeat(b, 1)
    positions[:, t:] = a["length"][:, None] + torch.arange(n + 1, device=device)
    valid = (at < a["length"][:, None]) | (at >= t)
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    causal[t:, t:] = True
    mask = (causal[None] & valid[:, None]) | torch.eye(length, dtype=torch.bool, device=device)
    return {"ids": a["prompt"], "positions": positions, "mask": mask[:, None], "image": (at >= t).float()[None, :, None]}


def asking(a: dict, prefix: list, n: int) -> dict:
    """Layout of packed questions behind one image: prefix, time token, n image tokens, SUFFIX slots."""
    b, slots = a["suffix"].shape
    device, p = a["suffix"].device, len(prefix)
    head = p + 1 + n
    length = head + slots
    positions = torch.cat([torch.arange(head, device=device).expand(b, -1), head + a["position"]], 1)
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    causal[p + 1:head + 1, p + 1:head + 1] = True                                  # image tokens and [vision_end]
    segment = a["segment"]
    same = (segment[:, :, None] == segment[:, None, :]) | (segment[:, None, :] == 0)
    mask = causal.expand(b, -1, -1).clone()
    mask[:, head:, head:] &= same
    mask[:, p + 1:head + 1, p + 1:head + 1] = True
    return {"prefix": torch.tensor([prefix], device=device), "ids": a["suffix"], "labels": a["answer"][:, 1:],
            "positions": positions, "mask": mask[:, None]}


def prompt_targets(a: dict, objects, n: int):
    """objects (B, n): which object an image token will show -> (B, n, L) bool: the prompt's words about it."""
    named = (a["aim"][:, None, :].int() >> objects[:, :, None].int()) & 1
    return F.pad(named.bool(), (0, n + 1))


def question_targets(a: dict, objects, prefix: int, n: int) -> list:
    """-> targets of the layers LOOK[0], LOOK[1], READ: (U, SUFFIX, L) bool, rows without one all False.

    A word looks at the image tokens of the objects it names, at the system prompt where there are none; the last word of a comparison
    looks at the first in the second layer; and the slot before a short answer reads what the last word has found."""
    b, slots = a["look"].shape
    head = prefix + 1 + n
    look = torch.zeros(b, slots, head + slots, dtype=torch.bool, device=objects.device)
    look[:, :, prefix + 1:head] = ((a["look"][:, :, None].int() >> objects[:, None, :].int()) & 1).bool()
    look[:, :, :prefix] = (a["look"] == ABSENT)[:, :, None]

    def pointed(name):
        to = torch.zeros_like(look)
        to.scatter_(2, (head + a[name]).clamp_min(0)[:, :, None], True)
        return to & (a[name] >= 0)[:, :, None]
    compare = torch.where((a["compare"] >= 0)[:, :, None], pointed("compare"), look)
    return [look, compare, pointed("read")]


def sample_t(count: int, tokens: int, generator, device, shift=3.0):
    """Training times as batches.sample_t gives them, on the device."""
    mu = 0.5 + (tokens + 1 - 256) * (1.15 - 0.5) / (4096 - 256)
    t = torch.sigmoid(torch.randn(count, generator=generator, device=device))
    u, which = (torch.rand(count, generator=generator, device=device) for _ in "uw")
    t = 1 - math.exp(mu) / (math.exp(mu) + 1 / (1 - t) - 1)
    return torch.where(which < 0.5, t, u / (u + shift - shift * u))


def flow_losses(model, probe, batch, x1, labels, targets, generator):
    """-> flow, probe, attention."""
    t = sample_t(len(x1), model.g.image_tokens, generator, x1.device)
    x0 = torch.randn(x1.shape, generator=generator, device=x1.device)
    w = t.view(-1, 1, 1, 1)
    v = model.predict_velocity(batch, w * x1 + (1 - w) * x0, t)
    _, middle, scores = model.showo.model.tap()
    n = model.g.image_tokens
    found = sum(attention_loss(s[:, PROMPT_HEAD, -n:], targets) for s in scores[:2])
    return F.mse_loss(v.float(), x1 - x0), probe.loss(middle[:, -n:], labels), found


def answer_losses(model, probe, batch, x, labels, targets, words):
    """-> answers, probe, naming, attention, share of answer tokens that are right."""
    logits = model.answer_logits(batch, x)
    early, middle, scores = model.showo.model.tap()
    first = batch["prefix"].shape[1] + 1
    image = slice(first, first + model.g.image_tokens)
    named = probe.words(early[:, image], labels, *(model.showo.model.embed_tokens(w) for w in words))
    slots = batch["ids"].shape[1]
    looked = sum(attention_loss(s[:, QUESTION_HEAD, -slots:], t) for s, t in zip(scores, targets))
    keep = batch["labels"] != -100
    logits, answer = logits[keep].float(), batch["labels"][keep]
    return F.cross_entropy(logits, answer), probe.loss(middle[:, image], labels), named, looked, (logits.argmax(-1) == answer).float().mean()
