"""Three replicas behind nginx, under load: one is killed, comes back, and all are restarted in turn. No request is lost but those whose answer had
begun on the killed one, counted exactly.

    python replicas.py FLASHU MODEL FOLDER HTTPS_PORT PORT PORT PORT

FOLDER holds flashu.crt (of flashu.example), keys and nginx's access.log; each replica's log is written there.
"""
import base64
import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

flashu, model, folder, front, *ports = sys.argv[1:]
front, ports = int(front), [int(port) for port in ports]
name = "flashu.example"
key = [line for line in open(f"{folder}/keys").read().split("\n") if line and line[0] != "#"][0]
trust = ssl.create_default_context(cafile=f"{folder}/flashu.crt")
questions = [json.loads(line) for line in open(f"{model}/eval/questions.jsonl")]
lock = threading.Lock()
start = time.time()


def log(text):
    print(f"{time.time() - start:6.1f} s  {text}", flush=True)


class Connection(http.client.HTTPConnection):
    """By TLS to nginx, under the name that its certificate has."""

    def connect(self):
        self.sock = trust.wrap_socket(socket.create_connection(("127.0.0.1", front), timeout=60), server_hostname=name)


def headers(**more):
    return {"Host": name, "Content-Type": "application/json", "Authorization": f"Bearer {key}", **more}


class Replica:
    def __init__(self, port):
        self.port, self.runs, self.process = port, 0, None

    def begin(self):
        self.runs += 1
        self.log = f"{folder}/replica-{self.port}-{self.runs}.log"
        self.process = subprocess.Popen(
            [flashu, "serve", "-m", model, "--port", str(self.port), "-t", "1", "--allow-host", name, "--log-format", "json",
             "--api-key-file", f"{folder}/keys"], stderr=open(self.log, "w"))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def wait(self):
        for _ in range(600):
            if self.get("/health")[0] == 200:
                return
            assert self.process.poll() is None, open(self.log).read()
            time.sleep(0.05)
        raise AssertionError(f"replica {self.port} does not get ready")

    def ids(self):
        """Of requests that it has answered, or whose answer it has begun."""
        return {json.loads(line)["request"] for line in open(self.log) if line.endswith("}\n") and '"path":"/v1/' in line}

    def numbers(self):
        lines = self.get("/metrics")[1].splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}


class Sent:
    """A request and what became of it."""

    def __init__(self, rng):
        self.draws, self.streams = rng.random() < 0.5, rng.random() < 0.5
        self.id = self.outcome = None
        if self.draws:
            self.path = "/v1/images/generations"
            self.body = {"prompt": "a photo of a red circle", "num_inference_steps": rng.choice([4, 8, 12]),
                         "partial_images": 2 if self.streams else 0}
        else:
            one = rng.choice(questions)
            picture = base64.b64encode(open(f"{model}/eval/{one['image']}", "rb").read()).decode()
            self.path = "/v1/chat/completions"
            self.body = {"messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + picture}},
                {"type": "text", "text": one["question"]}]}], "max_tokens": 32}
        self.body["stream"] = self.streams

    def run(self):
        connection = Connection(name)
        try:
            connection.request("POST", self.path, json.dumps(self.body), headers())
            answer = connection.getresponse()
            self.id = answer.getheader("X-Request-Id")
            text = answer.read()
            if answer.status != 200:
                self.outcome = f"refused {answer.status} {text[:300]}"
            elif self.streams:
                end = b"image_generation.completed" if self.draws else b"[DONE]"
                self.outcome = "whole" if end in text and b'"error"' not in text else "broken"
            else:
                self.outcome = "whole" if json.loads(text) else "broken"
        except http.client.IncompleteRead:
            self.outcome = "broken"
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Nothing of an answer had come, or it broke off.
            self.outcome = "broken" if self.id else f"lost {error!r}"
        finally:
            connection.close()


class Load:
    def __init__(self, clients):
        self.sent, self.ends = [], False
        self.threads = [threading.Thread(target=self.client, args=(seed,)) for seed in range(clients)]
        for thread in self.threads:
            thread.start()

    def client(self, seed):
        rng = random.Random(seed)
        while not self.ends:
            one = Sent(rng)
            with lock:
                self.sent.append(one)
            one.run()

    def all(self):
        with lock:
            return list(self.sent)

    def end(self):
        self.ends = True
        for thread in self.threads:
            thread.join()

    def begun(self, replica):
        """Requests whose answer has begun on a replica and has not ended."""
        ids = replica.ids()
        return {one.id for one in self.all() if one.id in ids and one.outcome is None}


def nginx_lines():
    return open(f"{folder}/access.log").read().splitlines()


def takes_load(replica, count=3, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if len(replica.ids()) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"replica {replica.port} gets no requests")


replicas = [Replica(port) for port in ports]
try:
    for replica in replicas:
        replica.begin()
    for replica in replicas:
        replica.wait()

    # What nginx passes on: keys, names, sizes of bodies, streams as they come, and that a client has gone.
    def ask(path, body=None, **more):
        connection = Connection(name)
        connection.request("POST" if body is not None else "GET", path, body, headers(**more))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    assert ask("/health")[0] == 200 and ask("/v1/models")[0] == 200
    assert ask("/v1/models", Authorization="Bearer wrong-key")[0] == 401
    assert ask("/metrics")[0] == 404
    status, text = ask("/v1/chat/completions", b" " * (70 << 20))
    assert status == 413 and json.loads(text)["error"]["code"] == "request_too_large", (status, text[:200])

    def stream(body):
        connection = Connection(name)
        connection.request("POST", "/v1/images/generations", json.dumps({"prompt": "a red circle", "stream": True, **body}), headers())
        return connection, connection.getresponse()

    connection, answer = stream({"num_inference_steps": 40, "partial_images": 2})
    times = [time.time() for line in iter(answer.readline, b"") if line.startswith(b"event:")]
    assert len(times) == 3 and times[2] - times[0] > 0.05, f"the stream came at once: {times}"
    connection.close()

    connection, answer = stream({"num_inference_steps": 1000, "n": 10})
    assert sum(replica.numbers()["flashu_requests_in_progress"] for replica in replicas) == 1
    answer.close()
    connection.close()
    for _ in range(100):
        if not any(replica.numbers()["flashu_jobs"] for replica in replicas):
            break
        time.sleep(0.05)
    else:
        raise AssertionError("a drawing goes on though its client has gone")
    log("keys, names, bodies, streams and hang-ups pass through nginx")

    load = Load(8)
    for replica in replicas:
        takes_load(replica)

    # Killed while it answers. Stopped first, so that what is in flight on it can be counted exactly.
    victim = replicas[1]
    while True:
        while not load.begun(victim):
            time.sleep(0.01)
        victim.process.send_signal(signal.SIGSTOP)
        # What it has sent comes to its client.
        time.sleep(0.5)
        begun = load.begun(victim)
        if begun:
            break
        victim.process.send_signal(signal.SIGCONT)
    before = len(nginx_lines())
    victim.process.kill()
    victim.process.wait()
    time.sleep(4)
    broken = {one.id for one in load.all() if one.outcome == "broken"}
    others = [one.outcome for one in load.all() if one.outcome not in (None, "whole", "broken")]
    # nginx tells which replicas it asked, in order.
    again = [line for line in nginx_lines()[before:] if f"to=127.0.0.1:{victim.port}, 127.0.0.1:" in line and '" 200 ' in line]
    log(f"killed one of three: {len(begun)} answers had begun on it, {len(broken)} were lost, {len(again)} requests were asked again elsewhere")
    assert broken == begun, (broken, begun)
    assert not others, others
    assert again, "nothing that the killed replica had not begun to answer was in flight on it"

    victim.begin()
    victim.wait()
    takes_load(victim)
    log("it is back and takes its share")

    for replica in replicas:
        replica.process.terminate()
        assert replica.process.wait(60) == 0, open(replica.log).read()
        replica.begin()
        replica.wait()
        takes_load(replica)
    open(f"{folder}/metrics.txt", "w").write(replicas[0].get("/metrics")[1])
    load.end()
    after = [one.outcome for one in load.all() if one.id not in begun and one.outcome != "whole"]
    assert not after, after
    log(f"all three were restarted in turn and lost nothing; {len(load.all())} requests in all")
except BaseException:
    if "load" in globals():
        load.ends = True
    raise
finally:
    for replica in replicas:
        if replica.process and replica.process.poll() is None:
            replica.process.send_signal(signal.SIGCONT)
            replica.process.terminate()
    for replica in replicas:
        if replica.process:
            replica.process.wait(60)
