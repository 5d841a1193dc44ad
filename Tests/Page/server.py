"""A `flashu serve` of the shapes model that tests start, kill and start again."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

program = os.environ["FLASHU"]
model = "Models/shapes"


class Server:
    def __init__(self, *arguments, port=0):
        self.arguments, self.port, self.process = arguments, port, None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Starts, on the port of before if it ran already, and waits until the model is there."""
        log = tempfile.NamedTemporaryFile("w+", prefix="flashu-page-")
        self.process = subprocess.Popen(
            [program, "serve", "-m", model, "--port", str(self.port), "--log-format", "json", *self.arguments], stderr=log)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"listening on http://[^:]*:(\d+)", pathlib.Path(log.name).read_text())
            if found:
                self.port = int(found[1])
                try:
                    urllib.request.urlopen(f"{self.address}/health", timeout=5)
                    return
                except OSError:
                    pass
            time.sleep(0.05)
        raise RuntimeError("the server did not begin:\n" + pathlib.Path(log.name).read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)

    def number(self, name):
        """A number of /metrics."""
        for line in urllib.request.urlopen(f"{self.address}/metrics").read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return 0.0

    def get(self, path):
        return json.load(urllib.request.urlopen(self.address + path))

    def post(self, path, body):
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=300))
