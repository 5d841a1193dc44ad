"""What reuse between a video's frames costs: films of shapes, asked about with and without it.

    python films.py FOLDER [--films 60]      # writes films and list.jsonl; wants numpy, Pillow and ffmpeg
    flashu ask-set FOLDER/list.jsonl -o FOLDER/off.jsonl --frames 16
    flashu ask-set FOLDER/list.jsonl -o FOLDER/a.jsonl --frames 16 --set frameCache.threshold=0.02
    python films.py FOLDER --compare off.jsonl a.jsonl

A film of two seconds shows two things. In a third of them nothing moves (but for what the codec does), in a third the second thing moves slowly, in a third
another takes its place halfway. Questions are about what holds all the time, so each has one true answer.
"""
import argparse
import copy
import json
import math
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "Training"))
import world  # noqa: E402

RATE, SECONDS = 12, 2


def film(rng, motion):
    """Scenes, one a frame, and what holds in all of them: the first thing and the background."""
    scene = world.sample_scene(rng, "pair")
    other = world.sample_scene(rng, "single")["objects"][0]
    count = RATE * SECONDS
    angle = rng.uniform(0, 2 * math.pi)
    scenes = []
    for i in range(count):
        one = copy.deepcopy(scene)
        thing = one["objects"][1]
        if motion == "moving":
            thing["x"] += 10 * math.cos(angle) * math.sin(2 * math.pi * i / count)
            thing["y"] += 10 * math.sin(angle) * math.sin(2 * math.pi * i / count)
        if motion == "cut" and i >= count // 2:
            thing.update({key: other[key] for key in ("shape", "color")})
        scenes.append(one)
    first, second = scene["objects"]
    asked = [(f"what color is the {first['shape']}?", first["color"]), ("what color is the background?", scene["background"]),
             (f"is there a {first['color']} {first['shape']}?", "yes"), (f"what size is the {first['shape']}?", first["size"])]
    if motion != "cut":
        asked += [(f"what color is the {second['shape']}?", second["color"]), (f"is there a {second['color']} {second['shape']}?", "yes")]
    elif other["shape"] == first["shape"]:
        return film(rng, motion)  # "the circle" would be two
    return scenes, asked


def write(folder, count):
    rng = random.Random(13)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        motion = ("still", "moving", "cut")[number % 3]
        scenes, asked = film(rng, motion)
        path = folder / f"{number:03}-{motion}.mp4"
        pixels = b"".join(world.render(scene).tobytes() for scene in scenes)
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{world.SIZE}x{world.SIZE}", "-r", str(RATE), "-i", "-",
             "-pix_fmt", "yuv420p", "-crf", "20", str(path)], input=pixels, check=True)
        lines.append(json.dumps({"video": path.name, "id": path.stem, "questions": [q for q, _ in asked], "true": [a for _, a in asked]}))
    (folder / "list.jsonl").write_text("\n".join(lines) + "\n")


def compare(folder, exact, other):
    true = {}
    for line in map(json.loads, (folder / "list.jsonl").read_text().splitlines()):
        for question, answer in zip(line["questions"], line["true"]):
            true[line["id"], question] = answer
    read = lambda name: {(a["id"], a["question"]): a["answer"].strip() for a in map(json.loads, (folder / name).read_text().splitlines())}
    a, b = read(exact), read(other)
    for motion in ("still", "moving", "cut", ""):
        keys = [key for key in true if key[0].endswith(motion)]
        same = sum(a[key] == b[key] for key in keys)
        right = [sum(answers[key] == true[key] for key in keys) for answers in (a, b)]
        print(f"{motion or 'all':7} {len(keys)} questions: {same / len(keys):.1%} answered alike; right {right[0]} and {right[1]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--compare", nargs=2)
    arguments = parser.parse_args()
    if arguments.compare:
        compare(arguments.folder, *arguments.compare)
    else:
        write(arguments.folder, arguments.films)


if __name__ == "__main__":
    main()
