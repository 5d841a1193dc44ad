"""One real training step, resuming, and the losses that only training knows."""
import argparse

import numpy as np
import pytest
import torch

import batches
import data
import train_model
from common import MODEL
from labels import Probe, token_labels
from world import SHAPES

OPTIONS = dict(steps=40, decay=20, warmup=4, stop=None, gen=3, und=2, micro_gen=2, micro_und=1, lr=3e-4, adamw=False, text=0.3,
               probe=0.2, words=0.2, lookups=0.2, prompts=0.1, ema=0.9, seed=4, bf16=False, threads=1, save=1e9,
               init=str(MODEL / "model.safetensors"), resume=False, open=0.0, keep=None)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working directory with one small shard."""
    for module in (batches, data, train_model):
        monkeypatch.setattr(module, "WORK", tmp_path)
    monkeypatch.setattr(data, "SHARD", 12)
    monkeypatch.setattr("sys.argv", ["data.py", "--shards", "1", "--arranged", "1", "--threads", "1"])
    data.main()
    return tmp_path


def parameters(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(work):
    straight = train_model.Trainer(argparse.Namespace(**OPTIONS))
    before = parameters(straight)
    losses = straight.run_step()
    assert losses.isfinite().all() and (losses > 0).all() and len(losses) == 9
    straight.save()
    straight.run_step()
    resumed = train_model.Trainer(argparse.Namespace(**{**OPTIONS, "init": None, "resume": True}))
    assert resumed.step == 1
    resumed.run_step()
    assert torch.equal(parameters(straight), parameters(resumed))
    assert not torch.equal(before, parameters(resumed))
    for a, b in zip(straight.ema.shadow, resumed.ema.shadow):
        assert torch.equal(a, b)


def test_workers_and_micro_batches_change_rounding_only(work):
    one = train_model.Trainer(argparse.Namespace(**{**OPTIONS, "micro_gen": 2, "micro_und": 2, "words": 0.0, "probe": 0.0,
                                                    "lookups": 0.0, "prompts": 0.0}))
    two = train_model.Trainer(argparse.Namespace(**{**OPTIONS, "micro_gen": 2, "micro_und": 2, "words": 0.0, "probe": 0.0,
                                                    "lookups": 0.0, "prompts": 0.0, "threads": 2}))
    start, a, b = parameters(one), one.run_step(), two.run_step()
    assert torch.allclose(a, b, rtol=1e-4)
    moved = parameters(one) - start
    assert (parameters(two) - parameters(one)).norm() < 0.02 * moved.norm()


def test_a_new_end_is_read_from_the_schedule(work):
    t = train_model.Trainer(argparse.Namespace(**OPTIONS))
    (work / "schedule.json").write_text('{"steps": 10, "decay": 5}')
    t.reschedule()
    t.step = 9
    assert t.learning_rate() == pytest.approx((0.2, 0.2))


def test_naming_loss_teaches_words_and_ignores_the_background():
    scenes = data.training_scenes(6, 2)
    shape, color, back, place = (torch.from_numpy(np.asarray(x)) for x in token_labels(scenes))
    labels = [shape.long(), color.long(), back.long(), place.float()]
    torch.manual_seed(0)
    probe, shapes, colors = Probe(32), torch.randn(6, 32), torch.randn(8, 32)
    states = torch.zeros(6, 64, 32)
    on = labels[0] < len(SHAPES)
    states[on] = shapes[labels[0][on]] + colors[labels[1][on]]
    first = probe.words(states, labels, shapes, colors)
    other = states.clone()
    other[~on] = 9.0
    assert torch.equal(first, probe.words(other, labels, shapes, colors))
    optimizer = torch.optim.Adam(probe.parameters(), lr=0.03)
    for _ in range(60):
        optimizer.zero_grad()
        loss = probe.words(states, labels, shapes, colors)
        loss.backward()
        optimizer.step()
    assert loss < 0.3 * first
