"""Open scenes, their share in training, and the measure of diversity."""
import random

import numpy as np
import pytest

import batches
import data
import tokenizer
from diversity import measure, summary
from evaluator import detect
from layouts import Layouts
from world import OPPOSITE, RADII, RELATIONS, SIZE, caption, open_scene, render


def test_open_scenes_vary_place_and_size_and_name_only_sizes_that_have_a_name():
    rng = random.Random(1)
    scenes = [open_scene(rng) for _ in range(300)]
    objects = [s["objects"][0] for s in scenes]
    assert np.std([o["x"] for o in objects]) > 18 and np.std([o["y"] for o in objects]) > 18 and np.ptp([o["r"] for o in objects]) > 12
    for s, o in zip(scenes, objects):
        assert o["r"] + 3.9 <= min(o["x"], o["y"], SIZE - o["x"], SIZE - o["y"])
        text = caption(s, rng)
        named = [z for z in RADII if z in text]
        assert named in ([], [o["size"]]) and "medium" not in text
    assert {o["size"] for o in objects} == {*RADII, "medium"}


@pytest.mark.parametrize("kind", ["single", "pair", "count"])
def test_open_objects_keep_their_distance_and_are_read_exactly(kind):
    rng = random.Random(kind)
    for i in range(60):
        scene = open_scene(rng, kind)
        objects = scene["objects"]
        assert len(objects) in {"single": [1], "pair": [2], "count": [2, 3, 4]}[kind]
        for k, a in enumerate(objects):
            assert a["r"] + 3.9 <= min(a["x"], a["y"], SIZE - a["x"], SIZE - a["y"])
            for b in objects[:k]:
                assert max(abs(a["x"] - b["x"]), abs(a["y"] - b["y"])) > a["r"] + b["r"] + 4.7
        if kind == "pair":
            (a, b), (ux, uy) = objects, RELATIONS[scene["relation"]]
            assert a["shape"] != b["shape"] and (a["x"] - b["x"]) * ux + (a["y"] - b["y"]) * uy > a["r"] + b["r"]
        if kind == "count":
            assert len({(o["shape"], o["color"], o["r"]) for o in objects}) == 1
        assert "medium" not in caption(scene, rng, usual=False)
        if i % 6 == 0:
            found = detect(render(scene))
            assert sorted((o["shape"], o["color"]) for o in found["objects"]) == sorted((o["shape"], o["color"]) for o in objects), scene


@pytest.fixture
def work(tmp_path, monkeypatch):
    for module in (batches, data):
        monkeypatch.setattr(module, "WORK", tmp_path)
    monkeypatch.setattr(data, "SHARD", 30)
    monkeypatch.setattr(data, "encode", lambda scenes, *_: (np.zeros((len(scenes), 16, 16, 16), np.float16), np.zeros(16, np.float32)))
    monkeypatch.setattr("sys.argv", ["data.py", "--shards", "1", "--arranged", "1", "--open", "1", "--threads", "1"])
    data.main()


def test_the_share_of_open_drawings_is_kept_and_no_question_is_asked_about_them(work):
    layouts, rng = Layouts(tokenizer.load()), random.Random(2)
    for share in (0.0, 0.5):
        b = batches.Batches(layouts, 1, share=share)
        drawn = [b.scenes[i] for i in rng.choices(range(90), cum_weights=b.generation_weights, k=4000)]
        assert abs(np.mean(["open" in s for s in drawn]) - share) < 0.04
        assert any("arranged" in s and s["kind"] == "single" for s in drawn) == (share == 0)
        assert any("arranged" in s and s["kind"] == "pair" for s in drawn)
        asked = [b.scenes[i] for i in rng.choices(range(90), cum_weights=b.understanding_weights, k=2000)]
        assert not any("open" in s for s in asked) and any("arranged" in s for s in asked)


def test_where_pairs_are_open_they_are_not_arranged_and_and_says_nothing_of_places(work, monkeypatch):
    monkeypatch.setattr("sys.argv", ["data.py", "--shards", "1", "--arranged", "1", "--open", "1", "--open-all", "1", "--threads", "1"])
    data.main()
    b, rng = batches.Batches(Layouts(tokenizer.load()), 1, share=0.7), random.Random(3)
    assert b.open_kinds == {"single", "pair", "count"}
    drawn = [b.scenes[i] for i in rng.choices(range(120), cum_weights=b.generation_weights, k=3000)]
    assert not any("arranged" in s for s in drawn) and abs(np.mean(["open" in s for s in drawn]) - 0.7) < 0.04
    pair = next(s for s in drawn if s["kind"] == "pair" and "open" in s)
    texts = {b.caption(pair, rng) for _ in range(300)}
    first = [text.index(pair["objects"][0]["shape"]) < text.index(pair["objects"][1]["shape"]) for text in texts if " and " in text]
    assert 0.2 < np.mean(first) < 0.8
    # What is said of places is true.
    said = {rel for text in texts for rel in RELATIONS if f" {rel} " in text}
    assert said == {pair["relation"], OPPOSITE[pair["relation"]]}


def test_diversity_tells_the_same_from_the_different():
    meta = {"prompt": "a photo of a red circle", "include": [{"class": "circle", "count": 1, "color": "red"}]}

    def scene(x, r, color="red"):
        return render({"background": "white", "objects": [{"shape": "circle", "color": color, "x": x, "y": 64, "r": r}]})
    same = measure(np.zeros((3, 4)), np.stack([scene(64, 20)] * 3), meta)
    assert same["right"] == 1 and all(same[k] == 0 for k in ("latents", "pixels", "place", "size", "colors", "backgrounds"))
    apart = measure(np.array([[0.0], [2.0]]), np.stack([scene(40, 14), scene(80, 23)]), meta)
    assert apart["latents"] == 2 and abs(apart["place"] - 40) < 1 and abs(apart["size"] - np.sqrt(np.pi) * 9) < 1 and apart["pixels"] > 1
    wrong = measure(np.zeros((2, 4)), np.stack([scene(40, 14), scene(80, 23, "blue")]), meta)
    assert wrong["right"] == 0.5 and np.isnan(wrong["place"]) and summary([wrong])["place"] is None
    assert summary([wrong, apart])["place"] == round(apart["place"], 4)
