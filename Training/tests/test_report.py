"""The report and the curves from made-up numbers."""
import xml.etree.ElementTree as ElementTree

from curves import PANELS, figure, smooth
from evaluate import summary
from report import text

LOG = [{"step": 25 * k, "flow": 1 / (k + 1), "text": 0.5, "token_accuracy": 0.9, "lr": 1.0, "active_minutes": k, "scenes": 1024}
       for k in range(1, 9)]


def test_curves_are_valid_svg_inside_their_frame():
    root = ElementTree.fromstring(figure(LOG))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2 * len(PANELS)
    width, height = float(root.get("width")), float(root.get("height"))
    for line in lines:
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width and 0 <= y <= height


def test_smoothing_keeps_a_constant():
    assert all(abs(v - 2) < 1e-9 for v in smooth([2.0] * 5))


def test_report_states_every_task_with_its_interval():
    part = summary(["a", "b"] * 10, [True, False] * 10)
    scores = {"weights": "0123", "points": 30, "guidance": 3.5, "generation": part, "understanding": part}
    plain, compared = text(scores, {}, LOG), text(scores, scores, LOG)
    assert "| a | 10 of 10 | 100.0 % [72.2, 100.0] |" in plain
    assert "| **overall** | **10 of 20** | **50.0 % [29.9, 70.1]** |" in plain
    assert "| b | 0 of 10 | 0.0 % [0.0, 27.8] | 0.0 % [0.0, 27.8] of 10 |" in compared
    assert "ends at step 200" in plain
