"""Every metric and every label that a dashboard or a file of alerts names is one that a server has. The server must have drawn and answered, as a stream
too.

    python dashboard.py METRICS.txt flashu.json alerts.yml PANELS.yml

The dashboard's expressions are written to PANELS.yml as rules, for promtool to read.
"""
import json
import re
import sys

metrics, dashboard, alerts, rules = sys.argv[1:]
labels = {}
for line in open(metrics):
    if line.startswith("#"):
        continue
    name, _, rest = line.partition("{") if "{" in line else line.partition(" ")
    labels.setdefault(name, set()).update(re.findall(r'(\w+)="', rest))
# Prometheus gives these itself.
labels["up"] = set()
own = {"instance", "job"}


def expressions():
    document = json.load(open(dashboard))
    for panel in document["panels"]:
        for target in panel["targets"]:
            yield f"panel {panel['title']!r}", target["expr"]
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]
    # The alerts' language is checked by promtool; here only lines that hold an expression count.
    inside = False
    for line in open(alerts):
        if re.match(r"\s+- alert:", line):
            inside, name = False, line.split(":")[1].strip()
        if re.match(r"\s+expr:", line):
            inside = True
        if re.match(r"\s+(for|labels|annotations):", line):
            inside = False
        if inside:
            yield f"alert {name}", line.split("expr:")[-1]


found, wrong = 0, []
for place, text in expressions():
    plain = re.sub(r'"[^"]*"', '""', text)
    names = set(re.findall(r"\b((?:flashu|process)_\w+|up)\b", plain))
    for name in names:
        found += 1
        if name not in labels:
            wrong.append(f"{place}: no metric {name}")
    for name, inside in re.findall(r"\b((?:flashu|process)_\w+|up)\{([^}]*)\}", plain):
        for label in re.findall(r"(\w+)\s*[=!]", inside):
            if label not in labels.get(name, set()) | own:
                wrong.append(f"{place}: {name} has no label {label}")
    for group in re.findall(r"\bby \(([^)]*)\)", plain):
        for label in group.replace(" ", "").split(","):
            if not any(label in labels.get(name, set()) | own for name in names):
                wrong.append(f"{place}: none of {sorted(names)} has the label {label}")
assert not wrong, "\n".join(wrong)
assert found > 20, f"only {found} metrics were found in the files"
print(f"{found} uses of {len(labels)} metrics, all of which the server has")

texts = [text.replace("$__rate_interval", "5m").replace("$instance", ".*") for place, text in expressions() if place.startswith("panel")]
json.dump({"groups": [{"name": "panels", "rules": [{"record": f"panel:{i}", "expr": text} for i, text in enumerate(texts)]}]}, open(rules, "w"))
