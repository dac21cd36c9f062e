"""The README's pictures, taken anew from the dashboard: docs/photos.png and docs/explain.png.

    FER2013_PATH=fer2013.csv uv run python tools/pictures.py

Needs a Chromium, and FER2013 for the mean faces under the maps. The photo is the example that every machine has.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("keras-native", "torch-compact", "torch-efficientnet-lite0")
"""Those whose mean maps the README shows."""
WIDTH, MARGIN = 1060, 40
"""Of a picture, and what is left around its title, in pixels."""


def main() -> None:
    """Nothing comes back; both pictures are written."""
    asked = "&".join(f"models={id}" for id in MODELS)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 2400}, color_scheme="light")
        page.set_default_timeout(180_000)
        page.goto(f"{address}/photos")
        page.locator("[role=gridcell]", has_text="%").first.wait_for(state="attached")
        picture(page, "Native against compiled", ROOT / "docs" / "photos.png")
        page.goto(f"{address}/where-models-look?{asked}")
        picture(page, "Grad-CAM for the model", ROOT / "docs" / "explain.png")
        browser.close()


def picture(page: Page, last: str, path: Path) -> None:
    """Nothing comes back; the page from its title down to the first words that begin so is a PNG there."""
    end = page.get_by_text(last).first
    end.wait_for()
    page.wait_for_load_state("networkidle")
    page.locator('[data-testid="stStatusWidget"]').wait_for(state="detached")
    top, bottom = page.locator("h1").bounding_box(), end.bounding_box()
    if top is None or bottom is None:
        raise SystemExit(f"{path.name}: the page has no {last!r} to see.")
    height = bottom["y"] + bottom["height"] - top["y"] + MARGIN
    left, upper = top["x"] - MARGIN, top["y"] - MARGIN / 2
    page.screenshot(path=path, clip={"x": left, "y": upper, "width": WIDTH, "height": height})


@contextmanager
def served() -> Iterator[str]:
    """The address of a dashboard of its own, ended afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/Home.py", "--server.headless", "true"]
    server = subprocess.Popen([*command, "--server.port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
