"""The client that OpenAI ships, unchanged, against a running server: images, chat, streams of both, errors, cancelling.

    python openai_client.py http://127.0.0.1:8080 Models/shapes
"""
import base64
import io
import json
import sys
import threading
import time
import urllib.request

import openai
from PIL import Image

address, model_folder = sys.argv[1:3]
client = openai.OpenAI(base_url=address + "/v1", api_key="no-key-needed", max_retries=0, timeout=300)
question = json.loads(open(f"{model_folder}/eval/questions.jsonl").readline())
picture = open(f"{model_folder}/eval/{question['image']}", "rb").read()
url = "data:image/png;base64," + base64.b64encode(picture).decode()
look = [{"role": "user", "content": [
    {"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": question["question"]}]}]


def decoded(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


def number(name):
    for line in urllib.request.urlopen(address + "/metrics").read().decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])


def models():
    assert "shapes" in [model.id for model in client.models.list()]


def images():
    answer = client.images.generate(
        model="shapes", prompt="a photo of a red circle", n=2, size="1024x1024", response_format="b64_json",
        extra_body={"seed": 3, "num_inference_steps": 6})
    assert len(answer.data) == 2 and answer.usage.total_tokens > 0
    assert all(decoded(one.b64_json).size == (128, 128) for one in answer.data)
    assert answer.size == "128x128"


def image_stream():
    events = list(client.images.generate(
        model="shapes", prompt="a photo of a red circle", stream=True, partial_images=2, output_format="webp",
        extra_body={"num_inference_steps": 8}))
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert decoded(events[-1].b64_json).format == "WEBP" and events[-1].usage.output_tokens == 65


def chat():
    answer = client.chat.completions.create(model="shapes", messages=look, max_tokens=32768, temperature=0)
    assert answer.choices[0].finish_reason == "stop" and answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    pieces = list(client.chat.completions.create(
        model="shapes", messages=look, stream=True, stream_options={"include_usage": True}))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text == answer.choices[0].message.content
    assert pieces[-1].usage.completion_tokens == answer.usage.completion_tokens
    hello = client.chat.completions.create(model="shapes", messages=[{"role": "user", "content": "hello"}], max_tokens=5)
    assert hello.choices[0].finish_reason in ("stop", "length")


def chat_image():
    answer = client.chat.completions.create(
        model="shapes", messages=[{"role": "user", "content": "a photo of a red circle"}],
        extra_body={"modalities": ["image"], "num_inference_steps": 5})
    content = answer.choices[0].message.content
    assert decoded(content[0]["image_url"]["url"].split(",")[1]).size == (128, 128)


def errors():
    for kind, call in [
        (openai.BadRequestError, lambda: client.images.generate(prompt="", model="shapes")),
        (openai.NotFoundError, lambda: client.images.generate(prompt="a", model="dall-e-9")),
        (openai.BadRequestError, lambda: client.images.edit(image=picture, prompt="a", model="shapes")),
        (openai.BadRequestError, lambda: client.chat.completions.create(messages=[], model="shapes")),
    ]:
        try:
            call()
        except kind as error:
            assert error.type and error.request_id, error
        else:
            raise AssertionError(kind)


def cancel():
    """Leaving a stream frees the work that was done for it."""
    stream = client.images.generate(
        model="shapes", prompt="a red circle", stream=True, partial_images=3, n=4,
        extra_body={"num_inference_steps": 80})
    assert next(iter(stream)).partial_image_index == 0
    assert number("flashu_jobs") == 1
    stream.close()
    start = time.time()
    while number("flashu_jobs"):
        assert time.time() - start < 5, "the work goes on"
        time.sleep(0.01)


def many():
    """32 at once, as evaluation clients send them: none is refused."""
    answers = []

    def ask():
        answers.append(client.chat.completions.create(model="shapes", messages=look, max_tokens=32768, temperature=0))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 32 and len({answer.choices[0].message.content for answer in answers}) == 1


for test in [models, images, image_stream, chat, chat_image, errors, cancel, many]:
    start = time.time()
    test()
    print(f"  {test.__name__}: {time.time() - start:.1f} s")
