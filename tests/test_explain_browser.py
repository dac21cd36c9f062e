"""A real browser: a face opens in Explain by a link, slow work is stopped and really ends, and maps are drawn."""

import re
import time
from urllib.parse import parse_qs, urlparse

import psutil
import pytest
from test_browser import _no_sideways_scroll, _server, browser, page  # noqa: F401

from fer_core import artifacts

QUICK = "torch-compact"
STEP = re.compile(r"step (\d+) of (\d+)")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The dashboard."""
    with _server(tmp_path_factory.mktemp("explain") / "log.txt") as address:
        yield address


def _idle(page):  # noqa: F811
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def _step(page):  # noqa: F811
    """How far the slow work is, as the page says; None where it says nothing."""
    bar = page.get_by_text(STEP)
    said = STEP.search(bar.first.inner_text(timeout=1000)) if bar.count() else None
    return int(said[1]) if said else None


def _seconds_of_work():
    """Seconds of a processor that the server used within one second."""
    server = next(one for one in psutil.Process().children() if "streamlit" in one.cmdline())
    before = server.cpu_times()
    time.sleep(1)
    after = server.cpu_times()
    return after.user + after.system - before.user - before.system


def test_slow_work_is_stopped_and_the_page_goes_on(server, page):  # noqa: F811
    page.set_default_timeout(240_000)  # TensorFlow and PyTorch are loaded on the way
    page.goto(server + f"/photos?models={QUICK}")
    link = page.get_by_role("button", name="Explain", exact=True)  # of the face that Photos shows
    link.wait_for()
    _idle(page)
    link.click()
    page.get_by_role("heading", name="Explain", exact=True).wait_for()
    asked = parse_qs(urlparse(page.url).query)
    face = asked["face"][0]
    assert asked["source"] == ["photos"]
    run = page.get_by_role("button", name=re.compile("^Run Shapley values for"))
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)
    missing = page.get_by_text("Not made yet: run it above.")
    everyone = "".join(f"&models={id}" for id in artifacts.ids())
    page.goto(server + f"/explain?source=photos&face={face}{everyone}&methods=shapley")  # a minute of work
    missing.first.wait_for()
    _idle(page)
    run.click()
    page.get_by_text(STEP).first.wait_for()
    stop.click()
    run.wait_for()
    _idle(page)
    assert _step(page) is None and stop.count() == 0 and missing.count() > 1
    quiet = any(_seconds_of_work() < 0.3 for _ in range(15))  # unstopped it would work on for longer
    assert quiet, "nobody asks the model any more"
    page.goto(server + f"/explain?source=photos&face={face}&models={QUICK}&methods=shapley")
    made = page.get_by_text(re.compile("^Maximum "))
    run.or_(made).first.wait_for()
    _idle(page)
    if run.count():  # it may have been done before Stop was pressed
        run.click()
    made.wait_for()
    _idle(page)
    assert stop.count() == run.count() == 0, "what is done has nothing to stop"
    page.goto(server + f"/explain?source=photos&face={face}{everyone}&methods=grad_cam")
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
