"""The parts that the deliverable stands on: files, layouts, batches, schedule, statistics."""
import argparse
import json
import random

import pytest
import torch
from safetensors import safe_open

import tokenizer
from batches import QUESTIONS, Batches, sample_t
from common import MODEL, ActiveClock, replace
from data import held_out_pairs, training_scenes
from eval_sets import prompts, questions
from evaluate import summary, wilson
from export import config, geometry
from layouts import N, TEXT, Layouts
from optimizers import Muon
from sample import Engine, timesteps
from train_model import Trainer
from world import question


@pytest.fixture(scope="module")
def engine():
    return Engine()


def test_written_configuration_is_the_delivered_one():
    stored = json.loads((MODEL / "geometry.json").read_text())
    assert geometry(MODEL, stored["vae"]["mean"], stored["vae"]["std"]) == stored
    assert config() == json.loads((MODEL / "config.json").read_text())


def test_delivered_weights_are_bf16_and_small(engine):
    with safe_open(MODEL / "model.safetensors", "pt") as f:
        assert {f.get_tensor(k).dtype for k in f.keys()} == {torch.bfloat16}
        assert set(f.keys()) == set(engine.model.state_dict())
    assert sum((MODEL / n).stat().st_size for n in ("model.safetensors", "vae.safetensors")) < 40e6


def test_padding_does_not_change_the_velocity(engine):
    prompts, x = ["a circle", "a photo of a large purple heart right of a small pink star"], Engine.noise(3, 2)
    with torch.inference_mode():
        tight, loose = (engine.model.predict_velocity(engine.layouts.generation_batch(prompts, n), x, torch.full((2,), 0.3))
                        for n in (max(len(engine.layouts.encode(p)) for p in prompts) + 2, TEXT))
    assert (tight - loose).norm() < 1e-5 * loose.norm()


def test_packed_questions_answer_as_single_ones(engine):
    scene, x = training_scenes(1, 8)[0], Engine.noise(4, 1)
    rng = random.Random(2)
    pairs = [question(scene, rng, k)[1:] for k in ("exist", "background", "describe")]
    batch = engine.layouts.understanding_batch([pairs])
    with torch.inference_mode():
        together = engine.model.answer_logits(batch, x)[0]
        for pair in pairs:
            alone = engine.layouts.understanding_batch([[pair]])
            got = engine.model.answer_logits(alone, x)[0][alone["labels"][0] != -100]
            targets = alone["labels"][0][alone["labels"][0] != -100]
            rows = together[batch["labels"][0] != -100]
            at = [i for i in range(len(rows) - len(targets) + 1)
                  if torch.equal(batch["labels"][0][batch["labels"][0] != -100][i:i + len(targets)], targets)]
            assert any((rows[i:i + len(targets)] - got).norm() < 1e-4 * got.norm() for i in at)


def test_noise_of_image_i_depends_on_seed_plus_i_only():
    assert torch.equal(Engine.noise(7, 3)[2], Engine.noise(9, 1)[0])


def test_grid_is_the_official_one():
    t = timesteps(30)
    assert t[0] == 0 and t[-1] == 1 and torch.allclose(t[1], torch.tensor(1 / 29 / (1 / 29 + 3 - 3 / 29)))


def test_training_never_sees_held_out_pairs():
    held = [{(a, b), (c, d)} for a, b, c, d in held_out_pairs()]
    assert len(held) == 100
    for s in training_scenes(400, 3):
        assert s["kind"] != "pair" or {(o["color"], o["shape"]) for o in s["objects"]} not in held


def test_questions_are_true_distinct_and_of_every_type(engine):
    batches = Batches.__new__(Batches)
    rng, kinds = random.Random(1), set()
    for s in training_scenes(60, 5):
        pairs = batches.questions(s, rng, 14)
        assert len({q for q, _ in pairs}) == len(pairs) > 3
        truth = {}
        for _ in range(400):
            kind, q, answer = question(s, rng)
            truth[q] = (kind, answer)
        for q, answer in pairs:
            if q in truth:
                assert truth[q][1] == answer
                kinds.add(truth[q][0])
    assert kinds == set(QUESTIONS)


def test_times_lie_inside_and_favour_noise():
    t = sample_t(4000, torch.Generator().manual_seed(0))
    assert 0 < t.min() and t.max() < 1 and 0.2 < t.mean() < 0.5


def test_muon_orthogonalises():
    m = Muon([torch.nn.Parameter(torch.zeros(2, 2))], lr=0.1)
    for shape in ((3, 40, 96), (3, 96, 40)):
        values = torch.linalg.svdvals(m.orthogonalise(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
        assert 0.5 < values.min() and values.max() < 1.3


@pytest.mark.parametrize("step,factor", [(0, 0.1), (9, 1.0), (50, 1.0), (60, 1.0), (80, 0.5), (100, 0.01)])
def test_schedule_depends_on_the_step_alone(step, factor):
    t = Trainer.__new__(Trainer)
    t.a, t.step = argparse.Namespace(steps=100, decay=40, warmup=10), step
    assert t.learning_rate() == pytest.approx((factor, 1.0 if step == 0 else factor))


def test_clock_ignores_pauses(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("common.time.time", lambda: now[0])
    clock = ActiveClock()
    for later in (5, 9, 5000, 5003):
        now[0] = later
        clock.tick()
    assert clock.active == 12


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")

    def fail(tmp):
        tmp.write_text("half")
        raise RuntimeError
    with pytest.raises(RuntimeError):
        replace(path, fail)
    assert path.read_text() == "old"


@pytest.mark.parametrize("right,count,low,high", [(0, 50, 0, 0.0713), (25, 50, 0.3664, 0.6336), (50, 50, 0.9287, 1)])
def test_wilson(right, count, low, high):
    assert wilson(right, count) == pytest.approx((low, high), abs=1e-4)


def test_summary():
    s = summary(["a", "b", "a", "b"], [True, False, True, True])
    assert s["overall"]["right"] == 3 and s["tasks"]["a"]["share"] == 1 and s["tasks"]["b"]["share"] == 0.5


def test_special_tokens_are_single(engine):
    for name, k in tokenizer.token_ids(engine.layouts.tok).items():
        assert engine.layouts.tok.encode(engine.layouts.tok.id_to_token(k), add_special_tokens=False).ids == [k], name
    assert N == 64 and isinstance(engine.layouts, Layouts)


def test_evaluation_sets_are_made_again_alike():
    assert [json.dumps(r) for r in prompts()] == (MODEL / "eval/prompts.jsonl").read_text().splitlines()
    rows, _ = questions()
    assert [json.dumps(r) for r in rows] == (MODEL / "eval/questions.jsonl").read_text().splitlines()


def test_tokenizer_is_trained_again_alike():
    assert json.loads(tokenizer.train().to_str()) == json.loads((MODEL / "tokenizer.json").read_text())
