"""How long from process start to the first page served and to the first photo answered, and with how much memory.

    uv run python benchmarks/start.py [--runs 5] [--json FILE]

Each run starts a fresh server, opens its first page in a headless Chromium that runs already, as a user's browser does,
goes on to Photos, and waits for the example photo's table. Beside it, in turns, an app of one line: what Streamlit and
the browser take by themselves.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import psutil
from machine import describe
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
EMPTY = 'import streamlit as st\n\nst.header("The models")\n'
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Prints one line a figure: median, least and greatest over the runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    wanted = parser.parse_args()
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        runs = [one_run(ours) | one_run(partial(least, empty)) for _ in range(wanted.runs)]
    print(describe())
    figures = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"{name:45} median {statistics.median(values):8.2f}   {spread}   n={len(values)}")
        figures[name] = {"median": statistics.median(values), "least": min(values), "greatest": max(values),
                         "n": len(values)}  # fmt: skip
    if wanted.json:
        wanted.json.write_text(json.dumps({"machine": describe(), "figures": figures}, indent=1) + "\n")


Browse = Callable[[Page, int], dict[str, float]]


def one_run(browse: Browse) -> dict[str, float]:
    """Seconds and megabytes of one fresh server, in a browser that runs already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(180_000)
        page.goto("about:blank")
        figures = browse(page, port)
        browser.close()
    return figures


def ours(page: Page, port: int) -> dict[str, float]:
    """The dashboard's figures: its first page and its first photo."""
    with served(ROOT / "dashboard" / "Home.py", port) as server:
        return _browse(page, f"http://127.0.0.1:{port}", server)


def least(app: Path, page: Page, port: int) -> dict[str, float]:
    """The same of an app of one line, its first page alone."""
    with served(app, port):
        figures, _ = _first_page(page, f"http://127.0.0.1:{port}")
    return {f"an app of one line: {name}": value for name, value in figures.items()}


@contextmanager
def served(app: Path, port: int) -> Iterator[psutil.Process]:
    """The process of a Streamlit server, as `streamlit run` starts it, ended afterwards."""
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless", "true"]
    server = subprocess.Popen(
        [*command, "--server.port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def _first_page(page: Page, address: str) -> tuple[dict[str, float], float]:
    """Seconds to the server's first answer and to the first page, and when the process was started."""
    began, figures = time.perf_counter(), {}
    while True:
        try:
            urlopen(f"{address}/_stcore/health", timeout=1)
            break
        except OSError:
            time.sleep(0.02)
    figures["process start to server answering, s"] = time.perf_counter() - began
    page.goto(address)
    page.get_by_role("heading", name="The models").wait_for()
    figures["process start to first page drawn, s"] = time.perf_counter() - began
    return figures, began


def _browse(page: Page, address: str, server: psutil.Process) -> dict[str, float]:
    figures, began = _first_page(page, address)
    figures["memory after the first page, MB"] = server.memory_info().rss / 1e6
    asked = time.perf_counter()
    page.get_by_role("button", name="Drop a group photo").click()
    page.get_by_role("heading", name="Side by side").wait_for()
    figures["click to first photo answered, s"] = time.perf_counter() - asked
    figures["process start to first photo answered, s"] = time.perf_counter() - began
    page.wait_for_timeout(1000)
    figures["memory after the first photo, MB"] = server.memory_info().rss / 1e6
    return figures


if __name__ == "__main__":
    main()
