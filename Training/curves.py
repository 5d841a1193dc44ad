"""Learning curves as a small SVG, from the rows that train_model.py logs.

    python curves.py training.jsonl > curves.svg
"""
import json
import sys

PANELS = [("flow loss", "flow", "#1f77b4"), ("answer loss", "text", "#d62728"),
          ("answer tokens right", "token_accuracy", "#2ca02c"), ("learning rate factor", "lr", "#7f7f7f")]
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 150, 52, 30, 60


def smooth(values: list, keep=0.8) -> list:
    """Exponential moving average without start-up bias."""
    out, mean, weight = [], 0.0, 0.0
    for v in values:
        mean, weight = keep * mean + (1 - keep) * v, keep * weight + 1 - keep
        out.append(mean / weight)
    return out


def panel(rows, title, key, color, x0, y0) -> list:
    """One plot with its frame; raw values pale, smoothed ones strong."""
    steps, values = [r["step"] for r in rows], [r[key] for r in rows]
    low, high = min(values), max(values)
    high = high if high > low else low + 1
    span = max(steps[-1] - steps[0], 1)

    def line(ys, opacity):
        at = " ".join(f"{x0 + (s - steps[0]) / span * WIDTH:.1f},{y0 + (high - v) / (high - low) * HEIGHT:.1f}"
                      for s, v in zip(steps, ys))
        return f'<polyline points="{at}" fill="none" stroke="{color}" stroke-width="1.6" opacity="{opacity}"/>'
    labels = [(x0 - 6, y0 + 9, "end", f"{high:.3g}"), (x0 - 6, y0 + HEIGHT, "end", f"{low:.3g}"),
              (x0, y0 + HEIGHT + 15, "start", f"step {steps[0]}"), (x0 + WIDTH, y0 + HEIGHT + 15, "end", str(steps[-1]))]
    return [f'<text x="{x0}" y="{y0 - 8}" font-weight="bold">{title}</text>',
            f'<rect x="{x0}" y="{y0}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>',
            *(f'<text x="{x}" y="{y}" text-anchor="{a}" fill="#555">{t}</text>' for x, y, a, t in labels),
            line(values, 0.35), line(smooth(values), 1)]


def figure(rows: list) -> str:
    """Four panels, two by two."""
    width, height = 2 * (LEFT + WIDTH) + 20, 2 * (HEIGHT + GAP) + 10
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="11">', f'<rect width="{width}" height="{height}" fill="white"/>']
    for i, (title, key, color) in enumerate(PANELS):
        parts += panel(rows, title, key, color, LEFT + i % 2 * (LEFT + WIDTH), TOP + i // 2 * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(figure([json.loads(line) for line in open(sys.argv[1])]))
