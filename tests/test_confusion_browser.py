"""A real browser: a click on a cell brings its faces, a click or a key a face, and the URL brings it all back."""

import re

import numpy as np
import pytest
from test_browser import _no_sideways_scroll, _server, browser, page  # noqa: F401
from test_confusion_page import MODELS, most_common_cell

from fer_core import artifacts, datasets
from fer_core.types import EMOTIONS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The dashboard with a FER2013 of noise whose test images have the reference's ids."""
    reference = artifacts.reference()
    faces = np.random.default_rng(0).integers(0, 256, (len(reference.ids), 48, 48), dtype=np.uint8)
    found = datasets.Dataset(faces, reference.truth, reference.splits, reference.ids, None, "", "noise")
    folder = tmp_path_factory.mktemp("confusion")
    datasets.save(found, folder / "noise.npz")
    with _server(folder / "log.txt", FER2013_PATH=str(folder / "noise.npz")) as address:
        yield address


def _click_cell(page, row, column):  # noqa: F811
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.wait_for()
    box = plot.bounding_box()
    x, y = ((EMOTIONS.index(label) + 0.5) / len(EMOTIONS) for label in (column, row))
    plot.scroll_into_view_if_needed()
    plot.click(position={"x": x * box["width"], "y": y * box["height"]}, force=True)


def test_a_click_on_a_cell_shows_its_faces_and_the_url_keeps_them(server, page):  # noqa: F811
    row, column, ids = most_common_cell(MODELS[0])
    page.goto(server + "/confusion")
    page.get_by_role("heading", name="Confusion").wait_for()
    _click_cell(page, row, column)
    page.get_by_text(re.compile(rf"^{len(ids):,} images")).wait_for()
    buttons = page.get_by_role("button", name=re.compile(r"^\d{5}$"))
    buttons.nth(11).wait_for()  # a page is drawn piece by piece
    shown = [int(text) for text in buttons.all_text_contents()]
    assert len(shown) == 12 and set(shown) <= set(ids)
    page.get_by_role("img", name=f"Face {shown[0]}, which FER2013 labels {row}").wait_for()
    buttons.nth(3).click()
    page.get_by_role("img", name=f"Face {shown[3]}, which FER2013 labels {row}").wait_for()
    page.get_by_role("heading", name="Faces").click()  # nothing has the focus
    page.keyboard.press("ArrowRight")
    page.get_by_role("img", name=f"Face {shown[4]}, which FER2013 labels {row}").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("img", name=f"Face {shown[3]}, which FER2013 labels {row}").wait_for()
    for part in (f"row={row}", f"column={column}", f"face={shown[3]}"):
        assert part in page.url
    assert _no_sideways_scroll(page)
    page.reload()
    page.get_by_role("img", name=f"Face {shown[3]}, which FER2013 labels {row}").wait_for()
    page.get_by_text(re.compile(rf"^{len(ids):,} images")).wait_for()
    assert not page.errors
