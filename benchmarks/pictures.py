"""The README's pictures, taken anew from the dashboard: docs/photos.png and docs/explain.png.

    FER2013_PATH=fer2013.csv uv run python benchmarks/pictures.py

Needs a Chromium, and FER2013 for the mean faces under the maps. The photo is the example that every machine has.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright
from server import ROOT, dashboard

MODELS = ("keras-native", "torch-compact", "torch-efficientnet-lite0")
"""Those whose mean maps the README shows."""
WIDTH, MARGIN = 1060, 40
"""Of a picture, and what is left around its title, in pixels."""


def main() -> None:
    """Nothing comes back; both pictures are written."""
    asked = "&".join(f"models={id}" for id in MODELS)
    with TemporaryDirectory() as folder, dashboard(Path(folder) / "log") as port, sync_playwright() as playwright:
        address = f"http://127.0.0.1:{port}"
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


if __name__ == "__main__":
    main()
