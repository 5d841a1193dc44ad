"""The cheap look gives the verdicts of the full measurement."""
import json

from common import MODEL
from evaluate import answers_of
from sample import Engine
from validate import answers


def test_teacher_forcing_decides_as_greedy_decoding_does():
    engine, rows = Engine(), [json.loads(line) for line in open(MODEL / "eval/questions.jsonl")][:40]
    said = answers_of(engine, rows, MODEL)
    assert answers(engine, rows) == [s == r["answer"] for s, r in zip(said, rows)]
