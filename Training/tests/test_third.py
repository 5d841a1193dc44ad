"""The third generation's world, words, evaluator and script."""
import json
import random

import numpy as np
import pytest
import torch
from PIL import ImageFilter, Image

import tokenizer
from layouts import Layouts
from third import device as on
from third import evalset
from third.batches import SUFFIX, Speller, Steps, prompts, questions
from third.evaluator import check, detect
from third.render import Renderer, images
from third.words import ABSENT, KINDS, View, prompt, question, text
from third.world import EDGE, HELD, OBJECTS, REACH, SHAPES, SIZES, SIZE_NAMES, TEXTURES, TURN, sample, take


@pytest.fixture(scope="module")
def scenes():
    return sample(256, np.random.default_rng(1))


@pytest.fixture(scope="module")
def speller():
    return Speller(tokenizer.train(sentences=(text(prompt(View(s, i), random.Random(i))[0]) for s in [sample(300, np.random.default_rng(2))]
                                              for i in range(300))))


def one(shape, color="red", x=64.0, y=64.0, r=22.0, turn=0.0, back="white", texture=0) -> dict:
    """A batch of one scene with one object."""
    from third.world import BACK_NAMES, COLOR_NAMES
    s = {k: np.full((1, OBJECTS), -1, np.int8) for k in ("shape", "color", "size", "group")}
    s.update({k: np.zeros((1, OBJECTS), np.float32) for k in ("x", "y", "r", "turn")})
    s["shape"][0, 0], s["color"][0, 0], s["group"][0, 0] = SHAPES.index(shape), COLOR_NAMES.index(color), 0
    s["size"][0, 0] = [low <= r <= high for low, high in SIZES.values()].index(True)
    for k, v in (("x", x), ("y", y), ("r", r), ("turn", turn)):
        s[k][0, 0] = v
    return {**s, "count": np.array([1], np.int8), "back": np.array([BACK_NAMES.index(back)], np.int8),
            "texture": np.array([texture], np.int8), "pattern": np.array([[0.5, 8.0, 0.0, 10.0]], np.float32)}


def key(view):
    return view.back, sorted((view.shape[k], view.color[k], SIZE_NAMES[view.size[k]]) for k in range(view.n))


def read(image):
    found = detect(image)
    return found["background"], sorted((o["shape"] or "", o["color"] or "", o["size"]) for o in found["objects"])


# ------------------------------------------------------------------ world

def test_scenes_vary_what_prompts_leave_open_and_keep_their_distance(scenes):
    there = np.arange(OBJECTS) < scenes["count"][:, None]
    assert set(scenes["count"]) == set(range(1, OBJECTS + 1)) and set(scenes["texture"]) == set(range(len(TEXTURES)))
    assert set(scenes["shape"][there]) == set(range(len(SHAPES))) and np.abs(scenes["turn"]).max() <= TURN
    reach = scenes["r"] * REACH[scenes["shape"]]
    for v in ("x", "y"):
        assert (scenes[v] - reach)[there].min() >= EDGE - 0.01 and (scenes[v] + reach)[there].max() <= 128 - EDGE + 0.01
        assert scenes[v][there].std() > 20
    for i in range(256):
        n = scenes["count"][i]
        kinds = scenes["color"][i, :n].astype(int) * len(SHAPES) + scenes["shape"][i, :n]
        assert not HELD[kinds[:, None], kinds[None]].any()


def test_the_renderer_draws_what_the_scene_says(scenes):
    draw = Renderer()
    part = draw.tensors(take(scenes, slice(0, 16)))
    pixels, cover = draw(part)
    labels, objects = draw.labels(part, cover, 8)
    for i in range(16):
        for k in range(int(scenes["count"][i])):
            mass = cover[i, k]
            x = float((mass.sum(0) * draw.at).sum() / mass.sum())
            assert abs(x - scenes["x"][i, k]) < 0.3 * scenes["r"][i, k]
            assert (objects[i] == k).any() and set(labels[0][i][objects[i] == k].tolist()) == {int(scenes["shape"][i, k])}
        assert cover[i, int(scenes["count"][i]):].sum() == 0
    assert pixels.min() >= -1 and pixels.max() <= 1
    big = Renderer(192)
    small, large = pixels, big(big.tensors(take(scenes, slice(0, 16))))[0]
    assert (torch.nn.functional.interpolate(large, 128, mode="area") - small).abs().mean() < 0.03


# ------------------------------------------------------------------ words

def test_what_is_said_is_what_the_tokenizer_reads(scenes, speller):
    rng = random.Random(3)
    for i in range(120):
        view = View(scenes, i)
        said, _ = prompt(view, rng)
        assert speller.spell(said)[0] == speller.encode(text(said))
        for kind in KINDS:
            found = question(view, rng, kind)
            for s in found[:2] if found else ():
                ids, masks, last = speller.spell(s)
                assert ids == speller.encode(text(s)) and len(masks) == len(ids) and last[-1] == len(ids) - 1


def test_true_scenes_fulfil_their_prompts_and_others_do_not(scenes):
    rng, wrong = random.Random(4), 0
    for i in range(200):
        view = View(scenes, i)
        found = {"background": view.back, "objects": [{"shape": view.shape[k], "color": view.color[k], "size": SIZE_NAMES[view.size[k]],
                                                       "x": view.x[k], "y": view.y[k]} for k in range(view.n)]}
        _, wish = prompt(view, rng)
        assert check(found, wish), (found, wish)
        more = {**found, "objects": [*found["objects"], found["objects"][0]]}
        assert not check(more, wish)
        if wish["exclude"]:
            swapped = {**found, "objects": [{**found["objects"][0], "shape": wish["exclude"][0]["class"]}, *found["objects"][1:]]}
            assert not check(swapped, wish)
        other = View(scenes, (i + 1) % 200)
        wrong += (other.n, sorted(other.shape)) != (view.n, sorted(view.shape))
    assert wrong > 100


def test_answers_are_true(scenes):
    rng = random.Random(5)
    for i in range(200):
        view = View(scenes, i)
        for kind in ("exist", "count", "more", "larger", "relation", "place"):
            found = question(view, rng, kind)
            if not found:
                continue
            said, answer = text(found[0]), text(found[1])
            if kind == "count" and "objects are" in said and len(said.split()) == 5:
                assert answer == ["zero", "one", "two", "three", "four", "five", "six"][view.n]
            if kind == "exist":
                *_, name = said.rstrip("?").split()
                assert (answer == "yes") <= (name in view.shape)
                assert any(m == ABSENT for _, m in found[0]) or answer == "yes"
            if kind == "more":
                first, second = said.rstrip("?").split()[3], said.rstrip("?").split()[5]
                count = [sum((s + ("es" if s.endswith("ss") else "s")) == w for s in view.shape) for w in (first, second)]
                assert (answer == "yes") == (count[0] > count[1])


# ------------------------------------------------------------------ batches

def test_layouts_and_targets_are_those_of_the_second_generation(scenes, speller):
    lay = Layouts(speller.tok)
    words = ["a red circle and two blue squares", ""]
    ours = on.drawing({k: torch.as_tensor(v) for k, v in prompts(speller, [[(w, 0)] if w else [] for w in words], 22).items()}, 64)
    theirs = lay.generation_batch(words, 22)
    for k in ("ids", "positions", "image"):
        assert torch.equal(ours[k], theirs[k].to(ours[k].dtype)), k
    keep = theirs["ids"] != speller.ids["pad_id"]
    rows = torch.cat([keep, torch.ones(2, 65, dtype=torch.bool)], 1)
    assert torch.equal(ours["mask"][:, 0][rows], theirs["mask"][:, 0][rows])
    group = [("is there a circle?", "yes"), ("describe the image.", "a red circle")]
    arrays = questions(speller, [[([(q, 0)], [(a, 0)], None) for q, a in group]], 144)
    ours, theirs = on.asking({k: torch.as_tensor(v) for k, v in arrays.items()}, speller.prefix, 64), lay.understanding_batch([group])
    used = int((theirs["ids"][0] != speller.ids["pad_id"]).sum())
    head = len(speller.prefix) + 65
    for k in ("prefix", "ids", "labels"):
        assert torch.equal(ours[k], theirs[k]), k
    assert torch.equal(ours["positions"][:, :head + used], theirs["positions"][:, :head + used])
    assert torch.equal(ours["mask"][0, 0, :head + used, :head + used], theirs["mask"][0, 0, :head + used, :head + used])


def test_words_aim_at_the_tokens_of_their_objects(speller):
    scene = one("star", "blue", x=30, y=30)
    draw = Renderer()
    part = draw.tensors(scene)
    _, objects = draw.labels(part, draw(part)[1], 8)
    arrays = {k: torch.as_tensor(v) for k, v in prompts(speller, [[("a", 1), ("star", 1)]]).items()}
    target = on.prompt_targets(arrays, objects, 64)[0]
    assert torch.equal(target.any(-1), objects[0] == 0) and target[objects[0] == 0][0].nonzero().flatten().tolist() == [1, 2]
    group = [([("is", 0), ("the", 0), ("star", 1), ("there", 0), ("or", 0), ("circle", ABSENT)], [("yes", 0)], 2)]
    arrays = {k: torch.as_tensor(v) for k, v in questions(speller, [group]).items()}
    p = len(speller.prefix)
    look, compare, read_ = (t[0] for t in on.question_targets(arrays, objects, p, 64))
    star, circle = 1 + speller.spell(group[0][0])[2][2], 1 + speller.spell(group[0][0])[2][5]
    assert torch.equal(look[star].nonzero().flatten() - p - 1, (objects[0] == 0).nonzero().flatten())
    assert look[circle].nonzero().flatten().tolist() == list(range(p))
    assert compare[circle].nonzero().flatten().tolist() == [p + 65 + star] and torch.equal(compare[star], look[star])
    assert read_.any(-1).sum() == 1 and read_.any(0).nonzero().flatten().tolist() == [p + 65 + circle]


def test_a_step_is_the_same_whenever_it_is_made(speller):
    data = Steps(speller, 7, 6, 3)
    a, b, c = data[5], data[5], data[6]
    assert all(np.array_equal(a[k], b[k]) for k in a) and not np.array_equal(a["prompt"], c["prompt"])
    assert a["suffix"].shape == (3, SUFFIX) and (a["answer"] != -100).any(1).all()


# ------------------------------------------------------------------ evaluator

def test_ground_truth_is_read_exactly():
    truth = sample(40, np.random.default_rng(11))
    bad = [i for i, image in enumerate(images(truth)) if read(image) != key(View(truth, i))]
    assert not bad


@pytest.mark.parametrize("shape", SHAPES)
def test_a_turned_blurred_shape_is_read_and_no_other(shape):
    for turn, r, texture in ((0.0, 22.0, 0), (TURN, 16.0, 1), (-0.3, 12.4, 2)):
        scene = one(shape, r=r, turn=turn, texture=texture)
        image = images(scene)[0]
        soft = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(0.7)))
        assert read(image) == key(View(scene, 0)) and read(soft) == key(View(scene, 0)), (turn, r)


def _cut(image, x0, y0, x1, y1):
    out = image.copy()
    out[y0:y1, x0:x1] = image[1, 1]
    return out


FAULTS = {
    "half": lambda im: _cut(im, 64, 0, 128, 128),
    "broken": lambda im: _cut(im, 0, 59, 128, 69),
    "hollow": lambda im: np.where(np.hypot(*(np.mgrid[:128, :128] - 64.0))[..., None] < 7, im[1, 1], im) if (im[64, 64] != im[1, 1]).any() else _cut(im, 40, 0, 62, 128),
    "two colours": lambda im: np.where((np.mgrid[:128, :128][0][..., None] < 64) & (np.abs(im.astype(int) - im[1, 1]).sum(-1, keepdims=True) > 150), [40, 80, 220], im),
    "debris": lambda im: np.where((np.abs(np.mgrid[:128, :128] - 14).max(0) < 5)[..., None], [220, 40, 40], im),
    "stretched": lambda im: np.asarray(Image.fromarray(im).resize((128, 74)))[np.clip(np.arange(128) - 27, 0, 73)],
    "nothing": lambda im: np.broadcast_to(im[1, 1], im.shape).copy()}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_faults_are_wrong(shape, fault):
    image = FAULTS[fault](images(one(shape, turn=0.2))[0]).astype(np.uint8)
    assert not check(detect(image), {"include": [{"class": shape, "count": 1}]})


def test_other_shapes_colors_sizes_and_counts_are_wrong():
    found = detect(images(one("T", turn=0.3))[0])
    right = {"class": "T", "count": 1, "color": "red", "size": "large"}
    assert check(found, {"include": [right]}) and check(found, {"include": [{"count": 1}], "exclude": [{"class": "Z", "count": 1}]})
    for k, v in (("class", "cross"), ("color", "blue"), ("size", "small"), ("count", 2)):
        assert not check(found, {"include": [{**right, k: v}]})
    assert not check(found, {"include": [right], "background": "beige"}) and not check(found, {"include": [{"count": 1}], "exclude": [{"class": "T", "count": 1}]})


# ------------------------------------------------------------------ evaluation set and script

def test_shapesbench_2_is_fixed_and_held_out():
    rows = evalset.prompts(per_task=3)
    assert rows == evalset.prompts(per_task=3) and [r["tag"] for r in rows[:7]] == evalset.TASKS
    assert evalset.PER_TASK * len(evalset.TASKS) >= 500 and evalset.PER_KIND * len(KINDS) >= 1500
    from pathlib import Path
    kept = Path(evalset.__file__).resolve().parent.parent / "shapesbench2"
    lines = {name: [json.loads(line) for line in open(kept / f"{name}.jsonl")] for name in ("prompts", "questions", "scenes")}
    asked, scenes = evalset.questions()
    assert lines["questions"] == asked and lines["scenes"][:20] == [evalset.truth(scenes, i) for i in range(20)]
    assert lines["prompts"] == evalset.prompts() and json.loads((kept / "set.json").read_text())["version"] == 2
    from third.world import COLOR_NAMES
    for r in rows:
        if r["tag"] in ("two", "position"):
            a, b = (COLOR_NAMES.index(o["color"]) * len(SHAPES) + SHAPES.index(o["class"]) for o in r["include"])
            assert HELD[a, b]


def test_the_script_runs_from_end_to_end_and_goes_on_after_a_stop(tmp_path):
    import subprocess
    import sys
    from pathlib import Path
    script = [sys.executable, str(Path(__file__).resolve().parent.parent / "third_generation.py"), str(tmp_path), "--smoke", "--steps"]
    for steps in ("1", "2"):
        (tmp_path / "eval2/scores.json").unlink(missing_ok=True)
        subprocess.run([*script, steps], check=True)
        for name in ("model.safetensors", "vae.safetensors", "config.json", "geometry.json", "tokenizer.json", "tokenizer_config.json", "eval2/scores.json"):
            assert (tmp_path / name).stat().st_size > 100, name
    curve = [json.loads(line) for line in open(tmp_path / "work/curve.jsonl")]
    assert [r["step"] for r in curve if r["phase"] == "model"] == [1, 2]
    assert sum(r["phase"] == "vae" for r in curve) == 2                  # its step and its PSNR: not trained again
