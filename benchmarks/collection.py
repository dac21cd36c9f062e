"""Two hundred photos end to end, with peak memory, and the time from a correction to the page drawn anew.

    uv run python benchmarks/collection.py [--photos 200] [--runs 15]

Photos are 1280 x 720 with 12 astronaut's faces, each a little different. End to end: read, detect, every model's
answers, CSV, report, saved and loaded again. The click is "Undo" and "Redo" on the Photos page of that collection, run
in this process by Streamlit's AppTest: all that the server does between a click and the new picture.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from io import BytesIO

from machine import describe
from photo import composed
from PIL import Image, ImageEnhance
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.pages_table import VIEWS
from fer_core import artifacts, catalog, exports
from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.collection_add import add, reader
from fer_core.collection_answers import answer
from fer_core.collection_file import from_bytes, to_bytes
from fer_core.detection import Detector
from fer_core.photo_sources import Input
from fer_core.report_html import report_html


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--runs", type=int, default=15)
    wanted = parser.parse_args()
    print(describe())
    made = end_to_end(wanted.photos)
    print(f"{'peak memory of the process, MB':45} {peak():9.0f}")
    click(made, wanted.runs)


def end_to_end(photos: int) -> Collection:
    """The collection of so many photos; prints how long each step took."""
    inputs = [Input(f"{n}.jpg", varied(n)) for n in range(photos)]
    began = time.perf_counter()
    detector = Detector()
    models = {id: catalog.load(id) for id in artifacts.ids()}
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


def click(made: Collection, runs: int) -> None:
    """Prints the milliseconds of a rerun of the Photos page after a correction, faces known."""
    id = cache.new_work_id()
    cache.works().put(id, edit.delete(made, [made.faces[0].key]))
    at = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=900)
    at.query_params["work"] = id
    at.run()
    times = []
    for n in range(runs):
        button = next(one for one in at.button if one.label == ("Undo" if n % 2 == 0 else "Redo"))
        began = time.perf_counter()
        button.click().run()
        times.append(1000 * (time.perf_counter() - began))
    if at.exception:
        raise SystemExit(at.exception[0].message)
    spread = f"{min(times):.0f} to {max(times):.0f}   n={runs}"
    print(f"{'click to page drawn anew in the server, ms':45} {statistics.median(times):9.0f}   {spread}")


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
