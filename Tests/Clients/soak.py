"""Clients that draw, ask and leave at random, for some time, and others beside them that send what nobody should (hostile.py): every request that is
accepted is answered or properly refused, memory stays flat, no file or socket stays open, and a question's first token comes soon while images are drawn.

    python soak.py http://127.0.0.1:8080 Models/shapes --seconds 600 --clients 24
"""
import argparse
import base64
import http.client
import json
import random
import statistics
import threading
import time
import urllib.parse

import hostile

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("model")
parser.add_argument("--seconds", type=float, default=600)
parser.add_argument("--clients", type=int, default=24)
parser.add_argument("--growth", type=float, default=2, help="percent that memory may grow in the second half")
parser.add_argument("--hostile", type=int, default=10_000, help="malformed and hostile requests, spread over the time")
options = parser.parse_args()
host = urllib.parse.urlparse(options.address).netloc
questions = [json.loads(line) for line in open(f"{options.model}/eval/questions.jsonl")]
end = time.time() + options.seconds
lock = threading.Lock()
counts, first_tokens, wrong = {}, [], []


def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1


def question(rng):
    one = rng.choice(questions)
    picture = base64.b64encode(open(f"{options.model}/eval/{one['image']}", "rb").read()).decode()
    return {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + picture}},
        {"type": "text", "text": one["question"]}]}], "max_tokens": 32}


def client(seed):
    rng = random.Random(seed)
    while time.time() < end:
        draws, streams, leaves = rng.random() < 0.4, rng.random() < 0.5, rng.random() < 0.15
        if draws:
            path, body = "/v1/images/generations", {
                "prompt": "a photo of a red circle", "num_inference_steps": rng.choice([4, 8, 16]),
                "partial_images": rng.choice([0, 2])}
        else:
            path, body = "/v1/chat/completions", question(rng)
        body["stream"] = streams
        connection = http.client.HTTPConnection(host, timeout=300)
        try:
            start = time.time()
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            if leaves:
                time.sleep(rng.random() * 0.5)
                count("left")
                continue
            answer = connection.getresponse()
            if answer.status == 200 and streams and not draws:
                # The line of the role, then that of the first token.
                for line in [answer.readline(), answer.readline(), answer.readline()]:
                    pass
                with lock:
                    first_tokens.append(time.time() - start)
            text = answer.read()
            good = answer.status in (200, 429)
            if good and answer.status == 200:
                good = b'"error"' not in text and (
                    not streams or (b"[DONE]" in text if not draws else b"image_generation.completed" in text))
            count(f"{'draw' if draws else 'ask'} {answer.status}")
            if not good:
                with lock:
                    wrong.append((answer.status, text[:300]))
        except Exception as error:
            with lock:
                wrong.append(("broken", repr(error)))
        finally:
            connection.close()


def numbers():
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}


threads = [threading.Thread(target=client, args=(seed,)) for seed in range(options.clients)]
before = numbers()
hostility = hostile.Hostility(options.address, options.hostile, options.seconds)
for thread in threads:
    thread.start()
hostility.start()
memory, cache = [], []
while time.time() < end:
    time.sleep(min(1, max(0.05, end - time.time())))
    now = numbers()
    memory.append(now["process_resident_memory_bytes"])
    cache.append(now["flashu_image_cache_bytes"])
for thread in threads:
    thread.join()
hostility.join()
# Connections that clients left half open end after some seconds.
for _ in range(60):
    time.sleep(1)
    after = numbers()
    if after["process_open_fds"] <= before["process_open_fds"] and after["flashu_jobs"] == 0:
        break
# Of ten minutes the second half is the last five. What 24 clients hold at a moment comes and goes by more than the bound: growth is that of the line
# through all samples.
half = memory[len(memory) // 2:]
growth = 100 * statistics.linear_regression(range(len(half)), half).slope * len(half) / statistics.mean(half) if len(half) > 1 else 0
first_tokens.sort()
print(f"  {dict(sorted(counts.items()))}")
if first_tokens:
    print(f"  first token: p50 {first_tokens[len(first_tokens) // 2]:.2f} s, p99 {first_tokens[int(len(first_tokens) * 0.99)]:.2f} s")
tenths = " ".join(f"{statistics.mean(memory[i * len(memory) // 10:(i + 1) * len(memory) // 10] or memory) / 1e6:.0f}" for i in range(10))
print(f"  memory by tenths of the time: {tenths} MB; of pictures kept {cache[len(cache) // 2] / 1e6:.0f}, then {cache[-1] / 1e6:.0f} MB")
print(f"  memory: {half[-1] / 1e6:.0f} MB, {growth:+.1f} % in the second half; open files {before['process_open_fds']:.0f} -> {after['process_open_fds']:.0f}")
print(f"  hostile: {sum(hostility.counts.values())} requests, {dict(sorted(hostility.counts.items()))}")
assert not wrong, wrong[:5]
assert not hostility.wrong, hostility.wrong[:5]
assert sum(hostility.counts.values()) == options.hostile
assert after["flashu_jobs"] == 0 and after["flashu_requests_in_progress"] == 0, "work was left behind"
assert after["process_open_fds"] <= before["process_open_fds"] + 2, "files stay open"
assert growth <= options.growth, "memory grows"
