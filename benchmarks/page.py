"""Writes docs/benchmarks.md from the figures that the other benchmarks left as JSON.

    uv run python benchmarks/page.py FOLDER [--page docs/benchmarks-avx2.md] [--said "In its head: whose figures."]

FOLDER has engines.json, detection.json, stages.json, users.json, quiz.json, pages.json and start.json, or some of
them; `make benchmarks` runs them all. The goals' limits stand in docs/benchmarks.md alone: they are its machine's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from goals import WANTED, goals

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEAD = """# How fast it is

Written by `benchmarks/page.py` from what the other benchmarks measured; the limits of the goals are our words. Each
table names its machine and the load of the minute before it began. Engines and detectors ran in turns in one run,
`fer` right after ours: compare within a table, not between two. Accuracies are those of the models that were shipped
when their table was measured; a model that has been trained anew since costs the same, but may read better today.
"""
PAGE_GOAL, PAGE_GOALS, PAGE_MEMORY = 300, {"cell to faces": 500}, 300
"""Milliseconds that an interaction with an evidence page may take, and those with a goal of their own; MB in all."""


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--said", default="")
    asked = parser.parse_args()
    folder, page = asked.folder, asked.page.resolve()
    parts = {"engines": engines, "detection": detection, "stages": stages, "users": users, "quiz": quiz, "pages": pages,
             "start": start}  # fmt: skip
    read = {name: json.loads(path.read_text("utf-8")) for name in parts if (path := folder / f"{name}.json").is_file()}
    head = [HEAD, *([f"{asked.said}\n"] if asked.said else []), *([aims(read)] if page == PAGE else [])]
    page.write_text("\n".join([*head, *(parts[name](one) for name, one in read.items())]), "utf-8")
    print(f"{page} has {len(read)} of {len(parts)} parts.")


def aims(found: dict[str, Any]) -> str:
    """The part on goals, met and missed."""
    heads = ["what", "reached", "goal", "", "limit, and what would close it"]
    return "\n".join(["## Goals on two cores\n", table(heads, [one.row for one in goals(found)])])


def engines(found: dict[str, Any]) -> str:
    """The part on the engines."""
    times = [
        [f"`{row['model']}`", row["peer"], f"{row['images_a_second']:,.0f}", spread(row),
         goal(row), f"{row['p50']:.2f}", f"{row['p95']:.2f}", row["n"]]
        for row in found["times"]
    ]  # fmt: skip
    faces = [
        [row["peer"], f"{row['faces_a_second']:,.0f}", spread(row), row["n"],
         f"{row['accuracy']:.1%}" if "accuracy" in row else ""]
        for row in found["faces"]
    ]  # fmt: skip
    memory = [
        [row["engine"], row["models"], f"{row['before_mb']:.0f}", f"{row['after_mb']:.0f}", f"{row['seconds']:.1f}"]
        for row in found["memory"]
    ]
    heads = ["model", "engine", "images/s, batch 32", "least to greatest", "goal", "one face, p50 ms", "p95 ms", "n"]
    return "\n".join([
        "## Engines, the networks alone", machine(found), table(heads, times),
        "## Faces of 48 × 48 pixels, from pixels to probabilities", machine(found),
        table(["who", "faces/s, 32 at once", "least to greatest", "n", "PrivateTest accuracy"], faces),
        "## Memory with all shipped models", machine(found),
        table(["engine", "models", "MB before", "MB after twelve faces", "seconds to load and answer"], memory),
    ])  # fmt: skip


def spread(row: dict[str, Any]) -> str:
    """The slowest and the fastest run."""
    return f"{row['least']:,.0f} to {row['greatest']:,.0f}"


def goal(row: dict[str, Any]) -> str:
    """What was aimed at, where it was."""
    wanted = WANTED.get(row["model"]) if row["peer"].startswith("OpenVINO") else None
    return f"{wanted:,}" if wanted else ""


def detection(found: dict[str, Any]) -> str:
    """The part on finding faces."""
    rows = [
        [f"{row['width']} × {row['height']}, {row['faces']} faces", row["smallest"], row["peer"],
         f"{row['median']:.0f}", f"{row['p95']:.0f}", f"{row['minimum']:.0f}", f"{row['processor']:.0f}",
         row["found"], row["runs"]]
        for row in found["times"]
    ]  # fmt: skip
    heads = ["photo", "smallest, px", "who", "median ms", "p95 ms", "least ms", "processor ms", "found", "n"]
    kept = found["memory"]
    before, after = (f"{kept[name]:.0f}" for name in ("before_mb", "after_mb"))
    flat = f"Memory before and after {kept['photos']:,} photos: {before} and {after} MB.\n"
    return "\n".join(["## Finding faces", machine(found), table(heads, rows), flat])


def stages(found: dict[str, Any]) -> str:
    """The part on where a photo's time goes."""
    whole = found["parts"][-1]["median"]
    rows = [
        [part["part"], f"{part['median']:.1f}", f"{part['least']:.1f} to {part['greatest']:.1f}",
         f"{100 * part['median'] / whole:.0f} %"]
        for part in found["parts"]
    ]  # fmt: skip
    return "\n".join([
        f"## Where the time of a photo of 1280 × 720 with {found['faces']} faces goes", machine(found),
        table(["", "median ms", "least to greatest", "of all"], rows), f"n = {found['runs']}.\n",
    ])  # fmt: skip


def users(found: dict[str, Any]) -> str:
    """The part on many users."""
    rows = [
        [title, f"{one['median']:.0f}", f"{one['p95']:.0f}", one["n"]]
        for title, one in (("one user", found["alone_ms"]), (f"{found['users']} users at once", found["together_ms"]))
    ]
    memory = ", ".join(f"{one:.0f}" for one in found["memory_mb"])
    return "\n".join([
        "## A photo of 1280 × 720 with 12 faces, from bytes to every model's answers", machine(found),
        table(["", "median ms", "p95 ms", "n"], rows), f"Memory before and after three rounds: {memory} MB.\n",
    ])  # fmt: skip


def quiz(found: dict[str, Any]) -> str:
    """The part on a class that takes the quiz."""
    rows = [
        [row["database"], row["load"], f"{row['median']:.0f}", f"{row['p95']:.0f}",
         f"{row['least_p95']:.0f} to {row['greatest_p95']:.0f}", f"{row['greatest']:.0f}", f"{row['a_second']:.0f}",
         f"{row['processor']:.1f}", row["n"], f"{row['busy']:.1f}"]
        for row in found["rows"]
    ]  # fmt: skip
    heads = ["database", "load", "median ms", "p95 ms", "p95 of each round", "greatest ms", "a second",
             "processor ms each", "n", "load after"]  # fmt: skip
    words = (
        f"From sending an answer to having the next face; {found['people']} people, of whom no answer was lost or "
        "stored twice, or these figures would not be here. “Without a pause” is threads on the core alone, without "
        "pictures; all others are websocket connections to the dashboard, which share the processor with it. Processor "
        "time is the server's: PostgreSQL's own processes are not in it, SQLite works inside it. Goal: p95 "
        f"under 300 ms. People who think for {found['think']:g} s on average are quicker than most: the quiz reckons "
        "with 4.5 s a face.\n"
    )
    return "\n".join([f"## A class of {found['people']} takes the quiz", machine(found), words, table(heads, rows)])


def pages(found: dict[str, Any]) -> str:
    """The part on the evidence pages."""
    rows = [
        [row["page"], row["interaction"], f"{row['first']:.0f}", f"{row['median']:.0f}", f"{row['greatest']:.0f}",
         PAGE_GOALS.get(row["interaction"], PAGE_GOAL), f"{row['processor']:.0f}", row["n"], f"{row['mb']:.0f}"]
        for row in found["rows"]
    ]  # fmt: skip
    heads = ["page", "interaction", "first run ms", "median ms", "greatest ms", "goal", "processor ms, greatest", "n",
             "MB after"]  # fmt: skip
    words = (
        f"{found['models']} models on {found['images']:,} images. A page's script run by Streamlit's AppTest in one "
        "process, without network and browser: its first run in a session, then the runs after one choice each; Data's "
        "parts are drawn again without one. A row of n = 1 has no spread.\n"
    )
    loaded = ", ".join(found["frameworks"]) or "none"
    memory = (
        f"Memory of the process after all of these: {found['memory_mb']:.0f} MB; goal: under {PAGE_MEMORY}. Frameworks "
        f"loaded: {loaded}.\n"
    )
    return "\n".join(["## Evidence pages", machine(found), words, table(heads, rows), memory])


def start(found: dict[str, Any]) -> str:
    """The part on starting."""
    rows = [[name, f"{one['median']:.2f}", f"{one['least']:.2f} to {one['greatest']:.2f}", one["n"]]
            for name, one in found["figures"].items()]  # fmt: skip
    return "\n".join(["## Start", machine(found), table(["", "median", "least to greatest", "n"], rows)])


def machine(found: dict[str, Any]) -> str:
    """On what, in a line."""
    return f"\n{found['machine']}.\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
