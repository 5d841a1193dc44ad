"""Runs the examples of docs/api.md, in order and in one folder, against a running server.

    python run_examples.py http://127.0.0.1:8080 docs/api.md FOLDER
"""
import pathlib
import re
import subprocess
import sys

address, page, folder = sys.argv[1:4]
text = pathlib.Path(page).read_text()
source = pathlib.Path(__file__).resolve().parents[2] / "Examples/AskServer/AskServer.swift"
assert f"```swift\n{source.read_text()}```" in text, "the Swift example is not the one in Examples/AskServer"
for language, code in re.findall(r"```(sh|python)\n(.*?)```", text, re.S):
    code = code.replace("http://127.0.0.1:8080", address)
    command = ["bash", "-euo", "pipefail", "-c", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    assert b'"error"' not in done.stdout, done.stdout
    print(f"  {code.splitlines()[0][:60]} ... {done.stdout.decode().strip()[-80:]}")
