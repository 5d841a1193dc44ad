"""What the attention loss asks for, on scenes made by hand."""
import pytest
import torch

import tokenizer
from layouts import N, SUFFIX, Layouts
from lookups import Lookups, attention_loss
from world import COLORS, SHAPES

RED, BLUE = list(COLORS).index("red"), list(COLORS).index("blue")


@pytest.fixture(scope="module")
def layouts():
    return Layouts(tokenizer.load())


@pytest.fixture(scope="module")
def labels():
    """A red star on tokens 3 and 4, a blue circle on 10, a red circle on 20."""
    shape, color = torch.full((1, N), 6), torch.full((1, N), 8)
    shape[0, [3, 4]], color[0, [3, 4]] = SHAPES.index("star"), RED
    shape[0, 10], color[0, 10] = SHAPES.index("circle"), BLUE
    shape[0, 20], color[0, 20] = SHAPES.index("circle"), RED
    return shape, color


def seen(layouts, labels, question, answer, before=()):
    """-> per layer {word: image tokens (numbers) or words that it should attend to}."""
    group = [*before, (question, answer)]
    slot = list(layouts.packed(group))[-1][0]
    ids = layouts.understanding_batch([group])["ids"][0]
    first, head = len(layouts.prefix) + 1, len(layouts.prefix) + 1 + N

    def word(at):
        return layouts.tok.decode([int(ids[at])]).strip()

    def name(key):
        return key - first if first <= key < head else word(key - head) if key >= head else "prompt"
    out = []
    for target in Lookups(layouts).questions([group], *labels):
        rows = [r for r in range(SUFFIX) if r >= slot and target[0, r].any()]
        out.append({word(r): {name(int(k)) for k in target[0, r].nonzero()} for r in rows})
    return out


def test_a_name_finds_its_object_and_the_answer_reads_it(layouts, labels):
    look, compare, read = seen(layouts, labels, "what color is the star?", "red")
    assert look == compare == {"star": {3, 4}} and list(read.values()) == [{"star"}]
    look, _, _ = seen(layouts, labels, "how many circles are there?", "two")
    assert look == {"circles": {10, 20}}


def test_colour_and_shape_must_hold_together(layouts, labels):
    look, compare, read = seen(layouts, labels, "is there a red circle?", "yes")
    assert look == compare == {"red": {3, 4, 20}, "circle": {20}} and list(read.values()) == [{"circle"}]
    look, _, _ = seen(layouts, labels, "is there a blue star?", "no")
    assert look == {"blue": {10}, "star": {"prompt"}}


def test_a_relation_compares_the_second_object_with_the_first(layouts, labels):
    look, compare, read = seen(layouts, labels, "is the star left of the circle?", "yes")
    assert look == {"star": {3, 4}, "circle": {10, 20}} and compare == {"star": {3, 4}, "circle": {"star"}}
    assert list(read.values()) == [{"circle"}]


def test_a_side_finds_the_object_there(layouts, labels):
    look, _, _ = seen(layouts, labels, "which shape is on the left?", "star")
    assert look == {"left": {3, 4}}


def test_questions_without_a_name_ask_for_nothing_and_packing_moves_targets_along(layouts, labels):
    for question in ("what color is the background?", "describe the image.", "how many objects are there?"):
        assert seen(layouts, labels, question, "white") == [{}, {}, {}]
    alone = seen(layouts, labels, "what size is the star?", "large")
    assert seen(layouts, labels, "what size is the star?", "large", before=[("is there a heart?", "no")]) == alone


def test_what_an_image_token_will_show_finds_its_words(layouts, labels):
    prompt = "a photo of a red star left of a blue circle on a light blue background"
    words = prompt.split()
    target = Lookups(layouts).prompts([prompt], 20, *labels)[0]

    def found(k):
        return {words[int(slot) - 1] for slot in target[k].nonzero()}
    assert found(3) == found(4) == {"red", "star"} and found(10) == {"blue", "circle"}
    assert found(20) == set() and found(0) == {"background"}               # the red circle is not in the prompt
    assert target.shape == (N, 20 + 1 + N)
    plain = Lookups(layouts).prompts(["a star and a circle", ""], 9, *(torch.cat([x, x]) for x in labels))
    assert plain[0, 3].nonzero().tolist() == [[2]] and plain[0, 20].nonzero().tolist() == [[5]]
    assert not plain[0, 0].any() and not plain[1].any()


def test_the_loss_is_the_log_share_of_the_target():
    scores, target = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4, dtype=torch.bool)
    target[0, 0, :2] = True                                                 # the second row has no target
    assert attention_loss(scores, target) == pytest.approx(torch.log(torch.tensor(2.0)).item())
