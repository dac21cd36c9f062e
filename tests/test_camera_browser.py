"""A real browser whose camera films the astronaut: a photo is taken on Photos and one in the gallery of expressions."""

import re
from contextlib import suppress

import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import TimeoutError as NotInTimeError
from test_browser import _chromium, _no_sideways_scroll, _page, server  # noqa: F401


@pytest.fixture(scope="module")
def filming(tmp_path_factory):
    """A browser that gives pages a camera without asking; it sees the astronaut, again and again."""
    film = tmp_path_factory.mktemp("film") / "astronaut.mjpeg"
    astronaut = Image.fromarray(skimage.data.astronaut()[:384])
    with film.open("wb") as out:
        for _ in range(10):
            astronaut.save(out, "JPEG", quality=95, subsampling="4:2:0")
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with _chromium(*flags, f"--use-file-for-fake-video-capture={film}") as chromium:
        yield chromium


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["desk", "phone"])
def page(request, filming):
    with _page(filming, request.param) as page:
        yield page


def _take(page):
    """Presses the camera's shutter once it shows a picture, and as a person would again where nothing is sent."""
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 3")
    for _ in range(3):
        with suppress(NotInTimeError), page.expect_request(re.compile("upload_file"), timeout=20_000):
            page.get_by_role("button", name="Take Photo").click()
            return
    raise AssertionError("the camera sends no picture")


def test_a_photo_from_the_camera_is_read_like_any_other(server, page):  # noqa: F811
    page.goto(f"{server[0]}/photos?by=camera")
    _take(page)
    page.get_by_role("img", name="The photo with 1 face").first.wait_for()
    assert _no_sideways_scroll(page) and not page.errors


def test_the_gallery_takes_an_expression_from_the_camera(server, page):  # noqa: F811
    page.goto(f"{server[0]}/gallery")
    page.get_by_text("0 of 7").wait_for()
    _take(page)
    page.get_by_text("1 of 7").wait_for()
    assert _no_sideways_scroll(page) and not page.errors
