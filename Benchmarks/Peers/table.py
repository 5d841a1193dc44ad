"""The measurements as Markdown."""
import statistics


def table(results):
    """results: a list of (name, runs), a run with `rows_per_second`, `token_seconds`, `peak_bytes`, `command` and `note`. -> lines"""
    lines = ["| engine | rows read a second | seconds a further token | peak memory | command |", "|---|---|---|---|---|"]
    for name, runs in results:
        lines.append(f"| {name} | {spread(runs, 'rows_per_second', 1, '.1f')} | {spread(runs, 'token_seconds', 1, '.4f')} "
                     f"| {spread(runs, 'peak_bytes', 1e-9, '.2f')} GB | `{runs[0]['command']}` |")
    lines.append("")
    for name, runs in results:
        notes = dict.fromkeys(run["note"] for run in runs if run["note"])
        lines += [f"- {name}: {note}" for note in notes]
    return lines


def spread(runs, key, scale, form):
    """-> the median, and least and most where there are several"""
    values = [run[key] * scale for run in runs]
    text = f"**{statistics.median(values):{form}}**"
    return text if len(values) == 1 else f"{text} ({min(values):{form}}..{max(values):{form}})"
