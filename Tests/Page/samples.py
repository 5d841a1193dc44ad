"""Pictures and a video to ask about."""
import json
import os
import pathlib
import subprocess
import tempfile

from PIL import Image

folder = tempfile.mkdtemp(prefix="flashu-page-samples-")
questions = [json.loads(line) for line in pathlib.Path("Models/shapes/eval/questions.jsonl").read_text().splitlines()]


def question(kind="color"):
    """A question with a sure answer: the picture's path, the question, the answer."""
    for one in questions:
        if kind in one["question"]:
            return os.path.abspath(f"Models/shapes/eval/{one['image']}"), one["question"], str(one.get("answer", one.get("answers", [""])))
    raise LookupError(kind)


def wide():
    """A picture that is wider than what the model reads."""
    path = os.path.join(folder, "wide.png")
    square = Image.open(question()[0]).convert("RGB")
    picture = Image.new("RGB", (square.width * 2, square.height), (240, 240, 240))
    picture.paste(square, (square.width // 2, 0))
    picture.save(path)
    return path


def video():
    """One second of a film."""
    path = os.path.join(folder, "film.mp4")
    if not os.path.exists(path):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-loop", "1", "-i", question()[0], "-t", "1", "-r", "8", "-pix_fmt", "yuv420p", "-y", path], check=True)
    return path


def damaged():
    """A file that begins as a picture does."""
    path = os.path.join(folder, "damaged.png")
    with open(path, "wb") as file:
        file.write(pathlib.Path(question()[0]).read_bytes()[:8] + b"nothing that follows is a PNG" * 9)
    return path


def text():
    path = os.path.join(folder, "words.txt")
    with open(path, "w") as file:
        file.write("no picture")
    return path
