"""Arranged scenes and what captions say of them."""
import random

import pytest

from data import ARRANGED, ARRANGED_SEED, held_out_pairs, training_scenes
from evaluator import detect
from world import RELATIONS, SIZE, arranged_scene, caption, render


@pytest.mark.parametrize("kind", ARRANGED)
def test_arranged_objects_keep_their_distance_and_are_read_exactly(kind):
    rng = random.Random(kind)
    for i in range(60):
        scene = arranged_scene(rng, kind)
        for o in scene["objects"]:
            assert o["r"] + 3 < min(o["x"], o["y"], SIZE - o["x"], SIZE - o["y"])
        for k, a in enumerate(scene["objects"]):
            for b in scene["objects"][:k]:
                assert max(abs(a["x"] - b["x"]), abs(a["y"] - b["y"])) > a["r"] + b["r"] + 1
        if scene["relation"]:
            (a, b), (ux, uy) = scene["objects"], RELATIONS[scene["relation"]]
            assert (a["x"] - b["x"]) * ux + (a["y"] - b["y"]) * uy > 2 * a["r"]
        if i % 6 == 0:
            found = detect(render(scene))
            assert sorted((o["shape"], o["color"]) for o in found["objects"]) == sorted(
                (o["shape"], o["color"]) for o in scene["objects"]), scene


def test_captions_leave_nothing_open_that_a_model_would_have_to_choose():
    rng = random.Random(3)
    joined = 0
    for scene in training_scenes(300, ARRANGED_SEED, arranged_scene, ARRANGED):
        text, objects = caption(scene, rng), scene["objects"]
        if " and " in text:
            joined += 1
            first, second = sorted(objects, key=lambda o: text.index(o["shape"]))
            assert first["x"] < second["x"] - 40
        assert "small" in text or all(o["size"] == "large" for o in objects)
    assert joined > 20


def test_arranged_scenes_hold_no_held_out_pair():
    held = [{(a, b), (c, d)} for a, b, c, d in held_out_pairs()]
    for scene in training_scenes(400, ARRANGED_SEED + 1, arranged_scene, ARRANGED):
        assert scene["kind"] != "pair" or {(o["color"], o["shape"]) for o in scene["objects"]} not in held
