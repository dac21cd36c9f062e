"""Two hundred photos end to end, with peak memory, and the time from a click on a control to the picture updated.

    uv run python benchmarks/collection.py [--photos 200] [--runs 15]

Photos are 1280 x 720 with 12 astronaut's faces, each a little different. End to end: read, detect, every model's
answers, CSV, report, saved and loaded again. Then that collection is loaded into the dashboard, and headless Chromium
clicks on the Photos page: "Undo" and "Redo" of a deleted face, landmarks shown and hidden. The time is measured in the
browser, from the click to the frame that has the new picture. Other crops and confidences are timed without a browser.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from machine import describe
from photo import composed
from PIL import Image, ImageEnhance
from playwright.sync_api import Page, sync_playwright
from server import dashboard
from start import FLAGS

from fer_core import artifacts, catalog, exports
from fer_core.collection import Collection
from fer_core.collection_add import add, reader, search_again
from fer_core.collection_answers import answer
from fer_core.collection_file import from_bytes, save, to_bytes
from fer_core.crop_rule import CropRule
from fer_core.detection import DEFAULT_OPTIONS, Detector
from fer_core.photo_sources import Input
from fer_core.remembering import RememberingDetector
from fer_core.report_html import report_html

CLICKS = {
    "click on undo or redo to new picture, ms": ("Undo", "Redo"),
    "click on landmarks on or off to picture, ms": ("Landmarks and confidence", "Faces"),
}
FROM_CLICK_TO_PICTURE = """words => new Promise(done => {
  const main = document.querySelector("[data-testid=stMain]");
  const picture = () => main.querySelector('img[alt^="The photo with"]');
  const before = picture().src;
  const control = [...main.querySelectorAll("button, [role=radio]")].find(e => e.innerText.trim().endsWith(words));
  const began = performance.now();
  const look = () => {
    const now = picture();
    if (now && now.src !== before && now.complete) requestAnimationFrame(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  control.click();
  look();
})"""


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--runs", type=int, default=15)
    wanted = parser.parse_args()
    print(describe())
    made = end_to_end(wanted.photos)
    print(f"{'peak memory of the process, MB':45} {peak():9.0f}")
    cut_anew(wanted.runs)
    clicks(made, wanted.runs)


def end_to_end(photos: int) -> Collection:
    """The collection of so many photos; prints how long each step took."""
    inputs = [Input(f"{n}.jpg", varied(n)) for n in range(photos)]
    began = time.perf_counter()
    detector = Detector()
    models = {id: catalog.load(id, engine="auto") for id in artifacts.ids()}
    step("detector and models loaded, s", began)
    began = time.perf_counter()
    made = add(Collection(), inputs, reader(detector))
    step(f"{photos} photos read and searched, s", began)
    print(f"{'faces found':45} {len(made.faces):9}")
    for id, model in models.items():
        began = time.perf_counter()
        made = answer(made, artifacts.card(id), model.predict_proba)
        step(f"answers of {id}, s", began)
    ids = list(models)
    for name, work in (("CSV", lambda: exports.faces_csv(made, ids)), ("report", lambda: report_html(made, ids)),
                       ("saved", lambda: to_bytes(made)), ("loaded", lambda: from_bytes(to_bytes(made)))):  # fmt: skip
        began = time.perf_counter()
        work()
        step(f"{name}, s", began)
    return made


def clicks(made: Collection, runs: int) -> None:
    """Prints the milliseconds from clicks on the Photos page to the new picture, faces known."""
    with tempfile.TemporaryDirectory() as folder, dashboard(Path(folder) / "log.txt") as port:
        file = Path(folder) / "saved.faces"
        save(made, file, originals=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"http://127.0.0.1:{port}/collection")
            page.locator("input[type=file]").last.set_input_files(file)
            page.get_by_role("button", name="Correct faces on Photos").click()
            page.get_by_role("heading", name="Side by side").wait_for()
            for control in ("1", "Delete"):
                idle(page)
                page.locator("button:enabled", has_text=re.compile(f"{control}$")).first.click()
            page.locator("button:enabled", has_text=re.compile("Undo$")).first.wait_for()
            for name, pair in CLICKS.items():
                report(name, [clicked(page, pair[n % 2]) for n in range(runs + 1)][1:])  # the first wakes all up
            browser.close()


def clicked(page: Page, words: str) -> float:
    """Milliseconds in the browser from a click on the control with these words to the frame with another picture."""
    idle(page)
    return float(page.evaluate(FROM_CLICK_TO_PICTURE, words))


def idle(page: Page) -> None:
    """Returns when the page is drawn to its end, and half a second later."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(500)


def cut_anew(runs: int) -> None:
    """Prints the milliseconds until a photo's faces are there under another crop rule and another confidence."""
    detector = RememberingDetector()
    one = add(Collection(), [Input("0.jpg", varied(0))], reader(detector))
    ways = {"another crop rule to all faces, ms": [replace(DEFAULT_OPTIONS, crop=CropRule(1 + n / 50, "square"))
                                                   for n in range(runs)],
            "another confidence to all faces, ms": [replace(DEFAULT_OPTIONS, confidence=0.9 + n / 1000)
                                                    for n in range(runs)]}  # fmt: skip
    for name, wanted in ways.items():
        times = []
        for options in wanted:
            began = time.perf_counter()
            search_again(one, options, reader(detector))
            times.append(1000 * (time.perf_counter() - began))
        report(name, times)


def report(name: str, times: list[float]) -> None:
    """Prints the median, the 95th percentile and the range of some times."""
    p95 = sorted(times)[round(0.95 * (len(times) - 1))]
    spread = f"p95 {p95:.0f}   {min(times):.0f} to {max(times):.0f}   n={len(times)}"
    print(f"{name:45} {statistics.median(times):9.0f}   {spread}", flush=True)


def varied(n: int) -> bytes:
    """A photo of 12 faces, darker or brighter than all others, so that no crop is that of another photo."""
    buffer = BytesIO()
    with Image.open(BytesIO(composed(12, 1280, 720))) as image:
        ImageEnhance.Brightness(image).enhance(0.6 + n / 400).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def step(name: str, began: float) -> None:
    """Prints the seconds since `began`."""
    print(f"{name:45} {time.perf_counter() - began:9.2f}")


def peak() -> float:
    """The most memory that this process had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
