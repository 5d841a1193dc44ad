"""Requests that nobody should send: HTTP that contradicts itself or stops in the middle, bodies that lie about their length, JSON that is deep, doubled or no
JSON, pictures that are bombs or cut off, other protocols. Each is answered with a right status or hung up on; the server goes on.

    python hostile.py http://127.0.0.1:8080 --requests 10000 --threads 8
"""
import argparse
import base64
import json
import os
import random
import socket
import struct
import threading
import time
import urllib.parse
import zlib

CHAT, DRAW, WEBUI = "/v1/chat/completions", "/v1/images/generations", "/sdapi/v1/txt2img"
OPTIONS = "/sdapi/v1/options"
# What no request of these may be answered with: 500 and its kin. 503 and 429 are proper refusals.
REFUSED = {400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431, 501, 503, 505}
JPEG = open(os.path.join(os.path.dirname(__file__), "../Resources/images/rgb.jpg"), "rb").read()


def png(width, height, data, depth=8, kind=2):
    def chunk(name, contents):
        return struct.pack(">I", len(contents)) + name + contents + struct.pack(">I", zlib.crc32(name + contents))
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


SMALL = png(4, 4, zlib.compress(b"\0" + b"\1\2\3" * 4) * 1)
# 16 GB of zeros in some kilobytes, as far as a file may be made here; and one whose header is honest and whose contents are endless.
BOMB = png(60_000, 60_000, zlib.compress(b"\0" * 10_000_000, 9), 1, 0)
FLOOD = png(8, 8, zlib.compress(b"\0" * 50_000_000, 9))


def post(path, body, headers="", length=None):
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    length = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n"
    return head.encode("latin-1") + body


def picture(data, kind="image/png"):
    url = data if isinstance(data, str) else f"data:{kind};base64," + base64.b64encode(data).decode()
    return json.dumps({"max_tokens": 1, "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "what?"}]}]})


class Case:
    """Bytes to send, the statuses that are right (none = hanging up is, too), and what the client does then."""

    def __init__(self, data, right=REFUSED, half_close=False, leave=None, silent=True):
        self.data, self.right, self.half_close, self.leave, self.silent = data, right, half_close, leave, silent


def get(headers="", path="/v1/models", method="GET", version="HTTP/1.1"):
    return f"{method} {path} {version}\r\nHost: localhost\r\n{headers}\r\n".encode("latin-1")


def http(rng):
    body = '{"sd_model_checkpoint": null}'
    smuggled = "GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = f"POST {OPTIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    ok = REFUSED | {200}
    chunk = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    return rng.choice([
        lambda: Case((head + f"Content-Length: {len(chunk)}\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk).encode()),
        lambda: Case((head + f"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}").encode()),
        lambda: Case((head + f"Content-Length: {len(body)}\r\nContent-Length: {len(body) + 1}\r\n\r\n{body}").encode()),
        lambda: Case((head + f"Content-Length: {len(body)}, {len(body)}\r\n\r\n{body}").encode()),
        lambda: Case((head + f"Content-Length: {rng.choice(['-1', '+5', '0x5', '5.0', '1e3', ' ', '5 5', '9' * 30, '٣'.encode().decode('latin-1')])}\r\n\r\n{body}").encode("latin-1")),
        lambda: Case((head + rng.choice([
            "Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding:\x0bchunked",
            "Transfer-Encoding: identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: gzip, chunked",
            "X: y\nTransfer-Encoding: chunked", "Transfer\x00-Encoding: chunked", " Transfer-Encoding: chunked", "Transfer_Encoding: chunked"])
            + "\r\n\r\n" + chunk).encode("latin-1"), ok),
        lambda: Case(get("X: 1\r\n").replace(b"\r\n", b"\n"), ok),
        lambda: Case((head + "Transfer-Encoding: chunked\r\n\r\n" + f"{len(body):x};a=b;c=\"d\"\r\n{body}\r\n0;x\r\n\r\n").encode(), ok),
        lambda: Case((head + "Transfer-Encoding: chunked\r\n\r\n" + f"{len(body):x};{'a' * 300_000}\r\n{body}\r\n0\r\n\r\n").encode(), ok),
        lambda: Case((head + "Transfer-Encoding: chunked\r\n\r\n" + rng.choice(
            ["-1", "FFFFFFFFFFFFFFFFF", "0x5", " 5", "5 ", "", "G", "7fffffffffffffff", "+5", "5\n", "\x00"]) + f"\r\n{body}\r\n0\r\n\r\n").encode(), ok),
        lambda: Case((head + "Transfer-Encoding: chunked\r\n\r\n" + chunk[:-4] + "Content-Length: 5\r\nHost: x\r\n\r\n").encode(), ok),
        lambda: Case(post(OPTIONS, body, length=len(body) + 9), half_close=True),
        lambda: Case(post(OPTIONS, body, length=len(body) - 3), half_close=True),
        lambda: Case(get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), ok),
        lambda: Case(get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"), ok),
        lambda: Case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"),
        lambda: Case(get("X: " + "a" * rng.choice([9_000, 40_000, 300_000]) + "\r\n"), ok),
        lambda: Case(get("".join(f"X-{i}: 1\r\n" for i in range(rng.choice([90, 150, 5000])))), ok),
        lambda: Case(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-" + bytes(rng.choices(b"abc", k=200)), leave=0.3),
        lambda: Case(get("X: a\r\n b\r\n"), ok),
        lambda: Case(get("X: a\0b\r\n"), ok),
        lambda: Case(get("X: a\rb\r\n"), ok),
        lambda: Case(get(": a\r\n")), lambda: Case(get("X Y: a\r\n")), lambda: Case(get("X\r\n")),
        lambda: Case(get(method=rng.choice(["get", "TRACE", "CONNECT", "PATCH", "DELETE", "G" * 5000, "G\0T", "OPTIONS"])), REFUSED),
        lambda: Case(get(path="/" + "a" * rng.choice([5_000, 100_000]))),
        lambda: Case(get(path=rng.choice(["/../../etc/passwd", "/%2e%2e/%00", "//evil", "/v1/models/..", "*", "", "/\x80", "/?" + "a" * 3000])), ok),
        lambda: Case(get(version=rng.choice(["HTTP/0.9", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1 x", "http/1.1", "", "ICY"])), ok),
        lambda: Case(b"GET http://evil.example/v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        lambda: Case(b"GET /v1/models HTTP/1.1\r\n\r\n"),
        lambda: Case(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", ok),
        lambda: Case(b"GET /v1/models HTTP/1.1\r\nHost: " + rng.choice([b"", b"a b", b"[::1", b"localhost:x", b"evil@localhost", b"localhost\t"]) + b"\r\n\r\n", ok),
        lambda: Case(get("Origin: http://evil.example\r\n"), {403}, silent=False),
        lambda: Case(post(OPTIONS, body, "Expect: 100-continue\r\n"), ok), lambda: Case(post(OPTIONS, body, "Expect: tea\r\n"), ok),
        lambda: Case(post(OPTIONS, body, "Content-Encoding: gzip\r\n"), {415}, silent=False),
        lambda: Case(get() + bytes(rng.randbytes(300)), ok),
        lambda: Case(rng.randbytes(rng.randrange(1, 3000)), half_close=True),
        lambda: Case(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(500), half_close=True),
        lambda: Case(post(CHAT, "", length=1 << 60), {413}, silent=False), lambda: Case(post(DRAW, " " * 3_000_000), {413}, silent=False),
        lambda: Case(post(OPTIONS, body[:9], length=len(body)), leave=rng.random()),
        lambda: Case(get() * 50 + b"GET", ok, half_close=True),
    ])()


def values(rng):
    return rng.choice([
        "null", "true", "-1", "0", "1e999", "-1e999", "NaN", "Infinity", "1.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "1" * 400, "0." + "1" * 400, "1e-999", "-0", "01", "1.", ".5", "+1", "0x10", '""', '"auto"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"a\0b"',
        '"\\x"', '"' + "a" * 5000 + '"', "[]", "{}", "[[[[]]]]", '{"a": {"a": {"a": 1}}}', "[1,]", '{"a":1,}', '"data:image/png;base64,AAAA"', '"1024x1024"',
        '"99999999999x1"', '"-1x-1"', '"0x0"', '[{"role": "user", "content": "hi"}]', '[{"role": "tool", "content": "hi"}]', '[{"role": "user", "content": [{}]}]',
        '[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}]}]'])


def bodies(rng):
    path = rng.choice([CHAT, DRAW, WEBUI, OPTIONS])
    return rng.choice([
        lambda: "[" * rng.choice([25, 1000, 100_000]), lambda: '{"a":' * rng.choice([25, 1000, 50_000]), lambda: '{"prompt": "a", "prompt": "b"}',
        lambda: '{"messages": [], "messages": []}', lambda: "", lambda: "null", lambda: "[]", lambda: '"a"', lambda: "{", lambda: '{"a"', lambda: '{"a": "',
        lambda: '{"prompt": "\ud800"}', lambda: '{"prompt": "a"}{', lambda: "\ufeff{}", lambda: "{}\0", lambda: "/* */ {}", lambda: "{'prompt': 'a'}",
        lambda: "[" + ",".join(["1"] * 250_000) + "]", lambda: '{"a": ' + "1" * 100_000 + "}",
        lambda: "{" + ",".join(f'"k{i}": 1' for i in range(50_000)) + "}",
        lambda: '{"prompt": 1' + "," + '"' + "k" * 100_000 + '": 2}',
        lambda: json.dumps({"prompt": 1, "messages": 1, "sd_model_checkpoint": 1, "steps": "x"}),
    ])(), path


def fields(rng):
    names = ["prompt", "messages", "n", "size", "seed", "stop", "stream", "max_tokens", "temperature", "top_p", "modalities", "width", "height", "steps", "model",
             "output_format", "partial_images", "response_format", "accelerate", "stream_options", "media_io_kwargs", "guidance_scale", "n_iter", "batch_size"]
    chosen = {rng.choice(names): values(rng) for _ in range(rng.randrange(1, 7))}
    # What is drawn or said stays short, and what is sized is small.
    chosen.update({"num_inference_steps": "2", "steps": "2", "max_tokens": "2", "n": "1", "n_iter": "1", "batch_size": "1", "size": '"64x64"',
                   "width": "64", "height": "64"})
    if rng.random() < 0.5:
        name = rng.choice(["n", "steps", "num_inference_steps", "max_tokens", "size", "width"])
        chosen[name] = rng.choice(["null", "-1", "0", '"x"', "1e999", "[]", "11111111111111111111", "0.5"])
    return "{" + ", ".join(f'"{name}": {value}' for name, value in chosen.items()) + "}", rng.choice([CHAT, DRAW, WEBUI])


def pictures(rng):
    damaged = bytearray(rng.choice([SMALL, JPEG]))
    for _ in range(rng.randrange(1, 8)):
        damaged[rng.randrange(8, len(damaged))] = rng.randrange(256)
    return rng.choice([
        lambda: picture(BOMB), lambda: picture(FLOOD), lambda: picture(JPEG[:rng.randrange(1, len(JPEG) * 2 // 3)], "image/jpeg"),
        lambda: picture(SMALL[:rng.randrange(1, len(SMALL) - 13)]), lambda: picture(rng.randbytes(200)), lambda: picture(bytes(damaged)),
        lambda: picture("data:image/png;base64,%%%"), lambda: picture("data:image/png;base64,AAA"), lambda: picture("data:image/png,AAAA"),
        lambda: picture("data:" + "a" * 100_000), lambda: picture("data:image/png;base64," + "=" * 10_000), lambda: picture("data:image/png;base64,"),
        lambda: picture("https://169.254.169.254/latest/meta-data"), lambda: picture("file:///etc/passwd"), lambda: picture("x" * 10_000), lambda: picture(""),
        lambda: picture("gopher://localhost/"), lambda: picture("<svg xmlns='http://www.w3.org/2000/svg'/>".encode()), lambda: picture(b"GIF89a" + rng.randbytes(50)),
        lambda: picture(b"\0\0\0\x18ftypheic" + rng.randbytes(80)), lambda: picture(b"RIFF\xff\xff\xff\xffWEBPVP8 " + rng.randbytes(80)),
        lambda: picture(b"BM" + rng.randbytes(80)), lambda: picture(b"II*\0" + rng.randbytes(80)),
        lambda: json.dumps({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}] * 100}]}),
        lambda: picture(SMALL).replace("image_url", "video_url"),
    ])()


def case(rng):
    kind = rng.random()
    if kind < 0.45:
        return http(rng)
    if kind < 0.65:
        body, path = bodies(rng)
        # Two of these paths need no field, and ignore those that they don't know.
        return Case(post(path, body), REFUSED if path in (CHAT, DRAW) else REFUSED | {200}, silent=False)
    if kind < 0.85:
        body, path = fields(rng)
        return Case(post(path, body), REFUSED | {200}, silent=False)
    # A damaged picture may be one still.
    return Case(post(CHAT, pictures(rng)), REFUSED | {200}, silent=False)


def run(address, one):
    """The status of the answer; None for a connection that ended without one."""
    host, port = address
    with socket.create_connection((host, port), timeout=180) as connection:
        try:
            connection.sendall(one.data)
            if one.leave is not None:
                time.sleep(one.leave)
                return "left"
            if one.half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        data = b""
        # Some of these wait for more that never comes, as the server may.
        connection.settimeout(2 if one.silent else 180)
        try:
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    break
                data += part
        except (ConnectionError, TimeoutError):
            pass
        words = data.split(b" ", 2)
        if len(words) > 2 and words[0].startswith(b"HTTP/1.1") and words[1] == b"100":
            return 100
        return int(words[1]) if len(words) > 2 and words[0].startswith(b"HTTP/") else None


class Hostility:
    """So many requests in so many seconds, by some threads."""

    def __init__(self, address, requests, seconds, threads=16, seed=1):
        where = urllib.parse.urlparse(address)
        self.address, self.requests, self.seconds = (where.hostname, where.port), requests, seconds
        self.lock, self.counts, self.wrong, self.next, self.begin, self.seed = threading.Lock(), {}, [], 0, time.time(), seed
        self.threads = [threading.Thread(target=self.work) for _ in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def work(self):
        while True:
            with self.lock:
                number = self.next
                self.next += 1
            if number >= self.requests:
                return
            time.sleep(max(0, self.begin + number * self.seconds / self.requests - time.time()))
            one = case(random.Random(f"{self.seed} {number}"))
            try:
                status = run(self.address, one)
            except OSError as error:
                status = repr(error)
            good = status in one.right or status in ("left", 100) or (status is None and one.silent)
            with self.lock:
                self.counts[str(status)] = self.counts.get(str(status), 0) + 1
                if not good:
                    self.wrong.append((number, status, one.data[:300]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    hostility = Hostility(options.address, options.requests, 0, options.threads, options.seed)
    hostility.start()
    hostility.join()
    print(f"  {dict(sorted(hostility.counts.items()))}")
    assert not hostility.wrong, hostility.wrong[:5]
