"""How long the evidence pages take in the server with ten models on 7,178 images, and their memory.

    uv run python benchmarks/pages.py [--runs 5] [--models 10] [--json FILE]

The models are made from the shipped artifacts: the same answers, slightly blurred, under other names. Each page runs in
this process by Streamlit's AppTest; an interaction is a rerun after one choice, as a click in the browser is. What a
server does once after its start (loading libraries, reading artifacts) is told apart from what every click costs. With
FER2013_PATH set, pictures too. Wall time is what a user waits; CPU time leaves out what other programs took.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from machine import describe
from streamlit.testing.v1 import AppTest

from dashboard.pages_table import VIEWS
from fer_core import artifacts, evidence
from fer_core.types import EMOTIONS

SETS = list(evidence.SETS)
WEIGHTS, METRICS = "weights*", "metrics.json"
FRAMEWORKS = ("torch", "tensorflow", "keras")
Choices = Iterator[Callable[[AppTest], object]]


def main() -> None:
    """Prints a line an interaction, then the memory and whether a framework was imported."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    options = parser.parse_args()
    found: dict[str, object] = {"machine": describe(), "models": options.models}
    print(found["machine"])
    with tempfile.TemporaryDirectory() as folder:
        some_models(Path(folder), options.models)
        os.environ["SEVEN_FACES_ARTIFACTS"] = folder
        found["images"] = len(artifacts.reference().ids)
        found["rows"] = [time_one(*asked) for asked in interactions(options.runs)]
    memory, loaded = psutil.Process().memory_info().rss / 1e6, [name for name in FRAMEWORKS if name in sys.modules]
    found |= {"memory_mb": memory, "frameworks": loaded}
    print(f"memory of the process after all pages: {memory:.0f} MB")
    print(f"frameworks imported: {', '.join(loaded) or 'none'}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def interactions(runs: int) -> Iterator[tuple[str, dict[str, str], str, Choices]]:
    """Page, its query, the interaction's name, and the choices to make one after the other.

    Data's parts are drawn again without any.
    """
    yield "models", {}, "set", sets()
    yield "models", {}, "sort", chosen("sort", ["ece", "macro_f1", "name", "size", "training"])
    yield "model", {}, "model", chosen("model", [f"model-{i}" for i in range(1, runs + 1)])
    yield "model", {}, "set", sets()
    yield "confusion", {}, "set", sets()
    yield "confusion", {}, "rows", chosen("rows", ["majority", "model-1", "model-2", "model-3", "model-4"])
    yield (
        "confusion",
        {},
        "six columns",
        (several("columns", [f"model-{i}" for i in range(9, 9 - n, -1)]) for n in (3, 4, 5, 6)),
    )
    yield "confusion", {}, "pair", chosen("less", ["model-0~model-1"])
    yield "confusion", {"row": "happy"}, "cell to faces", chosen("column", list(EMOTIONS[:runs]))
    yield "confusion", {"row": "happy", "column": "happy"}, "next face", (press("Next") for _ in range(runs))
    yield "pairs", {}, "set", sets()
    yield "distribution", {}, "set", sets()
    for part in ("roc", "reliability", "risk", "votes"):
        yield "curves", {"part": part}, f"{part}: set", sets()
    yield "curves", {"part": "roc"}, "roc: all nine", iter([several("curve", ["macro", "micro", *EMOTIONS])])
    for part in ("counts", "samples", "copies", "conflicts", "votes", "unusable", "augmentation"):
        yield "data", {"part": part}, part, iter([lambda at: at] * runs)
    yield "data", {"part": "samples"}, "samples: label", chosen("label", list(EMOTIONS[:runs]))


def time_one(page: str, query: dict[str, str], name: str, choices: Choices) -> dict[str, object]:
    """The milliseconds of a page's first run, and of each choice: the median, the greatest, CPU's greatest; printed."""
    app = AppTest.from_file(str(VIEWS / f"{page}.py"), default_timeout=300)
    app.query_params.update(query)
    first = timed(app.run)[0]
    spent = []
    for choose in choices:
        choose(app)
        spent.append(timed(app.run))
        if app.exception:
            raise SystemExit(f"{page}, {name}: {app.exception[0].message}")
    walls, processor = zip(*spent, strict=True)
    memory = psutil.Process().memory_info().rss / 1e6
    median = statistics.median(walls)
    then = f"then median {median:5.0f} ms   greatest {max(walls):5.0f} ms"
    cpu = f"CPU greatest {max(processor):5.0f} ms"
    print(f"{page:12} {name:16} first {first:6.0f} ms   {then}   {cpu}   n={len(spent)}   {memory:.0f} MB")
    return {"page": page, "interaction": name, "first": first, "median": median, "greatest": max(walls),
            "processor": max(processor), "n": len(spent), "mb": memory}  # fmt: skip


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that a call takes, by the clock and by the processor."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu)


def sets() -> Choices:
    """The choice of each set of images that is not the default."""
    return chosen("set", [SETS[0], SETS[2], SETS[3]])


def chosen(key: str, ids: list[str]) -> Choices:
    """The choice of each of these in the widget of that key."""
    return (several(key, id) for id in ids)


def several(key: str, ids: list[str] | str) -> Callable[[AppTest], object]:
    """The choice of these in the widget of that key."""

    def choose(app: AppTest) -> object:
        widgets = (*app.pills, *app.selectbox, *app.multiselect)
        return next(widget for widget in widgets if widget.key == key).set_value(ids)

    return choose


def press(label: str) -> Callable[[AppTest], object]:
    """A press of the button that says so."""
    return lambda app: next(button for button in app.button if button.label == label).click()


def some_models(root: Path, n: int) -> None:
    """Artifacts of n names in `root`, made from those that are here; no two have the same accuracy."""
    shutil.copytree(artifacts.default_root() / artifacts.REFERENCE, root / artifacts.REFERENCE)
    sources = artifacts.ids()
    for i in range(n):
        source = sources[i % len(sources)]
        folder = root / f"model-{i}"
        shutil.copytree(artifacts.default_root() / source, folder, ignore=shutil.ignore_patterns(WEIGHTS, METRICS))
        card = json.loads((folder / artifacts.CARD).read_text()) | {"id": f"model-{i}", "title": f"Model {i}"}
        stored = artifacts.predictions(source)
        noise = np.random.default_rng(i).dirichlet(np.ones(stored.probabilities.shape[1]), len(stored.ids))
        share = 0.1 + 0.4 * i / n
        blurred = np.asarray((1 - share) * stored.probabilities + share * noise, np.float32)
        kept = artifacts.StoredPredictions(stored.ids, stored.truth, stored.splits, blurred)
        artifacts.save_predictions(folder, kept)
        (folder / artifacts.CARD).write_text(json.dumps(card))
        reference = artifacts.reference(root)
        rater = evidence.model(artifacts.card(card["id"], root), kept, reference)
        reports = {name: one.to_dict() for name, one in evidence.reports(rater, reference, bootstrap=50).items()}
        (folder / METRICS).write_text(json.dumps(reports))


if __name__ == "__main__":
    main()
