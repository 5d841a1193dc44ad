"""What should attend to what: targets of the training-only attention loss.

A question about a named object needs two steps of attention that next-token loss alone finds very late: the name finds
its object among the image tokens, and the answer reads what the name has found.  The labels say which tokens those are, so
one head in each of three layers is taught them:

    LOOK[0]   a shape's or colour's word -> the image tokens that show it ("red star": the star's word looks for both; the
              side of "which shape is on the left?" for the object there), the system prompt where none does
    LOOK[1]   the same; but the second shape of a relation -> the first shape's word, to compare their places
    READ      the last token before the answer -> the last word that looked

Drawing needs the same the other way round, or colours bleed between objects: in the layers LOOK another head is taught that
an image token which will show an object attends to that object's words in the prompt.
"""
import torch

from layouts import N, SUFFIX, Layouts
from world import COLORS, SHAPES, plural

LOOK, READ = (3, 4), 5                     # layers, from zero
QUESTION_HEAD, PROMPT_HEAD = 0, 2          # with different keys: heads 0 and 1 share theirs, as do 2 and 3


class Lookups:
    def __init__(self, layouts: Layouts):
        def ids(word):
            return layouts.encode(" " + word)[0]
        self.layouts, self.background = layouts, ids("background")
        self.shapes = {ids(w): i for i, s in enumerate(SHAPES) for w in (s, plural(s))}
        self.colors = {ids(c): i for i, c in enumerate(COLORS)}
        self.sides = {ids(w) for w in ("left", "right", "top", "bottom")}

    def prompts(self, prompts: list, text: int, shape, color):
        """prompts in `text` slots, shape, color (B, 64) labels of their images -> targets of the image tokens in both layers
        LOOK: (B, 64, text + 65) bool, rows without one all False."""
        target = torch.zeros(len(prompts), N, text + 1 + N, dtype=torch.bool)
        for i, prompt in enumerate(prompts):
            tokens = self.layouts.encode(prompt)
            for k, token in enumerate(tokens):                         # in slot k + 1
                c = self.colors.get(tokens[k - 1]) if k else None
                if token in self.shapes:
                    shown = (shape[i] == self.shapes[token]) & ((color[i] == c) if c is not None else True)
                    target[i, shown, k + 1] = True
                    if c is not None:
                        target[i, shown, k] = True
                elif token == self.background:
                    target[i, shape[i] == len(SHAPES), k + 1] = True
        return target

    def questions(self, groups: list, shape, color) -> list:
        """groups: per image its (question, answer) pairs, packed as by `understanding_batch`; shape, color (B, 64) labels
        -> targets of the layers LOOK[0], LOOK[1], READ: (B, SUFFIX, L) bool, rows without one all False."""
        first = len(self.layouts.prefix) + 1                           # the first image token
        head = first + N                                               # the suffix's first slot
        look, compare, read = torch.zeros(3, len(groups), SUFFIX, head + SUFFIX, dtype=torch.bool)
        for i, group in enumerate(groups):
            for slot, question, answer in self.layouts.packed(group):
                words = self.words(question, answer)
                if words:
                    read[i, slot + len(self.layouts.question_tokens(question)) - 2, head + slot + words[-1][0]] = True
                for k, (offset, s, c) in enumerate(words):
                    row = look[i, slot + offset]
                    row[first:head] = ((shape[i] == s) if s is not None else True) & ((color[i] == c) if c is not None else True)
                    if not row.any():
                        row[:first - 1] = True
                    if k == 1 and words[0][1] is not None:             # a relation's second shape
                        compare[i, slot + offset, head + slot + words[0][0]] = True
                    else:
                        compare[i, slot + offset] = row
        return [look, compare, read]

    def words(self, question: str, answer: str) -> list:
        """-> (offset in the question, shape or None, colour or None) of every word that looks something up."""
        if question.startswith("describe") or question.endswith("background?"):
            return []
        found, color = [], None
        for offset, token in enumerate(self.layouts.question_tokens(question)[1:]):
            if token in self.colors:
                color = self.colors[token]
                found.append((offset, None, color))
            elif token in self.shapes:
                found.append((offset, self.shapes[token], color))
            elif token in self.sides and answer in SHAPES:
                found.append((offset, SHAPES.index(answer), None))
        return found


def attention_loss(scores, target):
    """scores (B, S, L) of one head before softmax, target (B, S, L) bool -> mean negative log share of attention that goes to
    the target, over the rows that have one."""
    rows = target.any(-1)
    if not rows.any():
        return scores.new_zeros(())
    scores, target = scores[rows].float(), target[rows]
    return (scores.logsumexp(-1) - scores.masked_fill(~target, float("-inf")).logsumexp(-1)).mean()
