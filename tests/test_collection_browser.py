"""A real browser: three photos go in, faces are deleted, drawn and labelled, accuracy is read, and all loads again."""

import csv
import re
from contextlib import suppress
from pathlib import Path

import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from test_browser import _no_sideways_scroll, _server, browser  # noqa: F401

from fer_core.collection_file import load

DELETED, DRAWN = "1", "2"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The dashboard."""
    with _server(tmp_path_factory.mktemp("collection") / "log.txt") as address:
        yield address


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """The astronaut twice side by side, mirrored, and shrunk."""
    folder = tmp_path_factory.mktemp("photos")
    astronaut = Image.fromarray(skimage.data.astronaut()[:320, 60:380])
    pair = Image.new("RGB", (640, 320))
    for x in (0, 320):
        pair.paste(astronaut, (x, 0))
    pair.save(folder / "tiled.png")
    astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.jpg", quality=95)
    astronaut.resize((160, 160)).save(folder / "shrunk.png")
    return [folder / name for name in ("tiled.png", "mirrored.jpg", "shrunk.png")]


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["desk", "phone"])
def page(request, browser):  # noqa: F811
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True)
    page.set_default_timeout(240_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


def _idle(page):
    """Waits until the page is drawn to its end: what is clicked before may be from the run before."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def _faces(page, n):
    """Waits until the photo that is shown has so many faces."""
    page.get_by_role("img", name=f"The photo with {n} face").first.wait_for()
    _idle(page)


def _pull(page, left, top, right, bottom):
    """Pulls a box on the canvas, from and to shares of its sides."""
    drawn = page.get_by_role("figure", name="The photo to draw on")  # not the chart that stood first before
    canvas = drawn.locator(".nsewdrag").first
    canvas.wait_for()
    _idle(page)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    ends = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ((left, top), (right, bottom))]
    page.mouse.move(*ends[0])
    page.mouse.down()
    page.mouse.move((ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2, steps=3)
    page.mouse.move(*ends[1], steps=3)
    page.mouse.up()


def _choose(page, name, option):
    """Opens a choice and takes one; opens it again where the page was drawn anew meanwhile and closed it."""
    wanted = page.get_by_role("option", name=option)
    for _ in range(10):
        page.get_by_role("combobox", name=name).click()
        with suppress(PlaywrightTimeoutError):
            wanted.click(timeout=10_000)
            return
    pytest.fail(f"{name!r} never offered {option!r}.")


def _download(page, name, to):
    with page.expect_download() as found:
        page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(name)}$")).click()
    found.value.save_as(to)
    return to


def test_from_three_photos_to_a_file_that_loads_again(server, page, photos, tmp_path):
    page.goto(server + "/photos")
    page.locator("input[type=file]").first.set_input_files(photos)
    page.wait_for_url(re.compile("work="))
    _faces(page, 2)
    page.get_by_role("button", name=DELETED, exact=True).click()
    page.locator("button:enabled:visible", has_text=re.compile(r"Delete$")).click()  # a hidden twin has the tooltip
    _faces(page, 1)
    page.get_by_role("radio", name="Draw").click()
    _pull(page, 0.19, 0.2, 0.33, 0.53)
    page.get_by_role("button", name=DRAWN, exact=True).wait_for()
    page.reload()  # in mid-work: nothing is lost
    page.get_by_role("button", name=DRAWN, exact=True).wait_for()
    assert _no_sideways_scroll(page)

    page.get_by_role("button", name="Label, evaluate, save").click()
    page.get_by_text("0 of 4").wait_for()
    _idle(page)
    _choose(page, "pose", "happy")
    page.get_by_text("4 of 4").wait_for()
    _idle(page)
    assert _no_sideways_scroll(page)
    page.get_by_role("tab", name="Results").click()
    page.get_by_role("heading", name="Accuracy").wait_for()
    page.locator("[role=gridcell]", has_text=re.compile(r"^\d+\.\d to \d+\.\d$")).first.wait_for(state="attached")
    assert _no_sideways_scroll(page)

    page.get_by_role("tab", name="Save and export").click()
    with _download(page, "Answers (CSV)", tmp_path / "a.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["origin"] for row in rows].count("drawn") == 1 and {row["label"] for row in rows} == {"happy"}
    assert b"default-src 'none'" in _download(page, "Report (HTML)", tmp_path / "a.html").read_bytes()
    saved = _download(page, "Save", tmp_path / "mine.faces")
    assert [face.label for face in load(saved).faces] == ["happy"] * 4

    page.goto(server + "/collection")  # a session that knows nothing
    page.locator("input[type=file]").last.set_input_files(Path(saved))
    page.get_by_text("4 of 4").wait_for()
    assert not page.errors


def test_a_click_anywhere_in_a_row_opens_that_face_sorted_or_not(server, page, photos):
    page.goto(server + "/photos?models=torch-compact&models=torch-native")
    page.locator("input[type=file]").first.set_input_files(photos[0])
    _faces(page, 2)
    table = page.locator("[data-testid=stDataFrame]:visible").first
    opened = page.get_by_test_id("stMain").get_by_text(re.compile(r"^Face \d of photo 1$"))

    def click(x, y):
        _idle(page)
        table.scroll_into_view_if_needed()
        table.click(position={"x": x, "y": y})

    for row, face in ((1, 2), (0, 1)):
        click(100, 70 + 68 * row + 34)
        opened.filter(has_text=f"Face {face}").wait_for()
    for _ in range(2):
        click(20, 52)  # the head of the column Face: up, then down
    click(100, 70 + 34)
    opened.filter(has_text="Face 2").wait_for()
