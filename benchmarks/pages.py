"""How long the evidence pages take in the server with ten models on 7,178 images, and their memory.

    uv run python benchmarks/pages.py [--runs 9]

Ten models are made from the shipped artifacts: the same answers, slightly blurred, under ten names. Each page runs in
this process by Streamlit's AppTest; an interaction is a rerun with another choice. With FER2013_PATH set, pictures too.
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
from pathlib import Path

import numpy as np
import psutil
from machine import describe
from streamlit.testing.v1 import AppTest

from dashboard.pages_table import VIEWS
from fer_core import artifacts, evidence

SETS = list(evidence.SETS)
PAGES = ("models", "confusion", "distribution", "curves", "data")
FRAMEWORKS = ("torch", "tensorflow", "keras")


def main() -> None:
    """Prints a line a page: first run, then the reruns' median and greatest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        ten_models(Path(folder))
        os.environ["SEVEN_FACES_ARTIFACTS"] = folder
        for page in PAGES:
            time_page(page, runs)
    loaded = [name for name in FRAMEWORKS if name in sys.modules]
    print(f"memory of the process after all pages: {psutil.Process().memory_info().rss / 1e6:.0f} MB")
    print(f"frameworks imported: {', '.join(loaded) or 'none'}")


def time_page(page: str, runs: int) -> None:
    """Prints the milliseconds of a page's first run and of its reruns on changing sets of images."""
    app = AppTest.from_file(str(VIEWS / f"{page}.py"), default_timeout=300)
    first = timed(app.run)
    reruns = []
    for i in range(runs):
        choices = [box for box in (*app.pills, *app.selectbox) if box.key == "set"]
        if choices:
            choices[0].set_value(SETS[i % len(SETS)])
        reruns.append(timed(app.run))
    if app.exception:
        raise SystemExit(f"{page}: {app.exception[0].message}")
    middle, most = statistics.median(reruns), max(reruns)
    memory = psutil.Process().memory_info().rss / 1e6
    figures = f"first {first:6.0f} ms   rerun median {middle:5.0f} ms   greatest {most:5.0f} ms   n={runs}"
    print(f"{page:14} {figures}   {memory:.0f} MB")


def timed(work) -> float:  # noqa: ANN001
    """Milliseconds that a call takes."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def ten_models(root: Path) -> None:
    """Artifacts of ten names in `root`, made from those that are here."""
    shutil.copytree(artifacts.default_root() / artifacts.REFERENCE, root / artifacts.REFERENCE)
    sources = artifacts.ids()
    for i in range(10):
        source = sources[i % len(sources)]
        folder = root / f"model-{i}"
        shutil.copytree(artifacts.default_root() / source, folder, ignore=shutil.ignore_patterns("weights*"))
        card = json.loads((folder / artifacts.CARD).read_text())
        (folder / artifacts.CARD).write_text(json.dumps(card | {"id": f"model-{i}", "title": f"Model {i}"}))
        stored = artifacts.predictions(source)
        noise = np.random.default_rng(i).dirichlet(np.ones(stored.probabilities.shape[1]), len(stored.ids))
        blurred = np.asarray(0.9 * stored.probabilities + 0.1 * noise, np.float32)
        artifacts.save_predictions(
            folder, artifacts.StoredPredictions(stored.ids, stored.truth, stored.splits, blurred)
        )


if __name__ == "__main__":
    main()
