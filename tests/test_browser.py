"""A real browser against a real server: a photo goes in, the table comes out."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import skimage

ROOT = Path(__file__).resolve().parents[1]
PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _server(log, port=None, **environment):
    port = port or _free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "dashboard/Home.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    environment = {"PYTHONPATH": str(ROOT / "tests/diagnosed")} | environment  # where it hangs, conftest asks
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"], cwd=ROOT, stdout=out, stderr=out, env=os.environ | environment
        )
    try:
        for _ in range(240):
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with _server(log) as address:
        yield address, log


@contextmanager
def _chromium(*flags):
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium: .ci/run installs it.")
        pytest.skip("No Chromium on this machine: apt-get install chromium")
    asked = [*QUIET, *flags]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=asked) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def browser():
    with _chromium() as chromium:
        yield chromium


@contextmanager
def _page(chromium, asked):
    width, scheme = asked
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["desk", "phone"])
def page(request, browser):
    with _page(browser, request.param) as page:
        yield page


def _no_sideways_scroll(page):
    """Neither the window nor the page's own column, which scrolls for itself, is wider than what is seen.

    Within five seconds: while a busy machine still lays the page out, its column may be.
    """
    from playwright.sync_api import TimeoutError as TimedOut

    try:
        page.wait_for_function("""() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
            .every(part => part.scrollWidth <= part.clientWidth + 1)""", timeout=5000)  # fmt: skip
    except TimedOut:
        return False
    return True


def test_the_server_tells_no_one_of_its_use_and_no_visitor_of_its_insides():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["browser"]["gatherUsageStats"] is False and settings["client"]["showErrorDetails"] == "none"


def test_home_leads_to_photos_and_to_the_quiz(server, page):
    page.goto(server[0])
    page.get_by_role("heading", name="Seven Faces").wait_for()
    page.get_by_text("Article 5(1)(f)").wait_for()
    assert _no_sideways_scroll(page)
    for button, heading in (("Drop a group photo", "Photos"), ("Take the quiz", "Take the quiz")):
        page.goto(server[0])
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name=heading).wait_for()
        assert page.url.endswith(heading.split()[-1].lower())
    assert not page.errors


def test_an_uploaded_photo_is_read_by_every_model(server, page, tmp_path):
    photo = tmp_path / "private-name.png"
    photo.write_bytes(PHOTO.read_bytes())
    torn, cut = tmp_path / "torn-of-ada.jpg", tmp_path / "cut-of-ada.png"
    torn.write_bytes(b"\xff\xd8\xff\xe0 torn")
    cut.write_bytes(PHOTO.read_bytes()[:9000])
    page.goto(server[0] + "/photos")
    page.locator("input[type=file]").set_input_files([photo, torn, cut])
    page.get_by_role("img", name="The photo with 1 face boxed and numbered").wait_for()
    page.get_by_role("heading", name="Side by side").wait_for()
    page.get_by_text(re.compile(r"The \d+ models agree on")).wait_for()
    answer = re.compile(r"^(angry|disgust|fear|happy|sad|surprise|neutral) \d+\xa0%$")
    page.locator("[role=gridcell]", has_text=answer).first.wait_for(state="attached")
    for broken in (torn, cut):
        page.locator("[role=gridcell]", has_text=broken.name).first.wait_for(state="attached")
    assert _no_sideways_scroll(page)
    page.locator('[data-test-script-state="notRunning"]').wait_for()  # a button of an unfinished run is replaced
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all answers (CSV)").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("photo,file,face,x1,y1,x2,y2") and len(lines) == 2
    assert not page.errors
    log = server[1].read_text()
    assert server[0] in log  # so it is what the server says
    assert not [name for name in ("private-name", "of-ada") if name in log]  # logs name no file


def test_the_choice_of_models_lives_in_the_url(server, page):
    page.goto(server[0] + "/photos?models=torch-native")
    page.get_by_role("heading", name="Side by side").wait_for()
    page.get_by_role("figure", name=re.compile("^Probabilities of face 1. Native PyTorch CNN: ")).first.wait_for()
    assert not page.get_by_text(re.compile(r"models agree on")).count()
