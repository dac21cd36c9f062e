"""A real browser: a face opens in Explain by a link, and every model's map is drawn."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from test_browser import _no_sideways_scroll, _server, browser, page  # noqa: F401

from fer_core import artifacts

SLOW = "torch-efficientnet-lite0"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The dashboard."""
    with _server(tmp_path_factory.mktemp("explain") / "log.txt") as address:
        yield address


def _idle(page):  # noqa: F811
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def test_a_face_opens_by_a_link_and_every_map_is_drawn(server, page):  # noqa: F811
    page.set_default_timeout(240_000)  # TensorFlow and PyTorch are loaded on the way
    page.goto(server + f"/photos?models={SLOW}")
    link = page.get_by_role("button", name="Explain", exact=True)  # of the face that Photos shows
    link.wait_for()
    _idle(page)
    link.click()
    page.get_by_role("heading", name="Explain", exact=True).wait_for()
    asked = parse_qs(urlparse(page.url).query)
    face = asked["face"][0]
    assert asked["source"] == ["photos"]
    page.goto(server + f"/explain?source=photos&face={face}&methods=grad_cam")
    for id in artifacts.ids():
        title = artifacts.card(id).title
        shown = page.get_by_role(
            "img", name=re.compile(rf"^As the model saw it\. Grad-CAM of {re.escape(title)} for \w+")
        )
        shown.first.wait_for()
        assert "Of the map's mass: " in (shown.first.get_attribute("alt") or "")
    _idle(page)
    assert page.get_by_text(re.compile(r"^Maximum ")).count() == len(artifacts.ids())
    assert f"face={face}" in page.url
    assert _no_sideways_scroll(page)
    assert not page.errors
