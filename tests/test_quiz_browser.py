"""A real browser sits a whole quiz by keyboard, is killed in the middle, resumes by code, and sees its result."""

import re
import time

import pytest
from test_browser import QUIET, _free_port, _no_sideways_scroll, _server, browser  # noqa: F401

from fer_core import artifacts
from fer_core.human import classes, quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.database import Database
from fer_core.human.faces import Fer2013Faces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS
from tests.quiz_pages import noise_fer2013

OPTIONS = Options(per_class=2, repeats=2, checks=1, practice=1, fixation=200)
PLACES = 18
PATIENCE = 150_000
"""Milliseconds: a server that starts beside other work on two cores takes its time."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a FER2013 of noise and a database with one class."""
    folder = tmp_path_factory.mktemp("quiz")
    data = noise_fer2013(folder / "noise.npz")
    url = f"sqlite:///{folder}/quiz.sqlite3"
    database = Database(url)
    group = classes.open_class(database, "3b", "horse battery", Fer2013Faces(artifacts.reference(), data), OPTIONS)
    yield folder, {"FER2013_PATH": str(folder / "noise.npz"), "SEVEN_FACES_DATABASE": url}, database, group
    database.close()


@pytest.fixture
def open_page(browser):  # noqa: F811
    """A function that opens a browser context of its own, with nothing kept from another, on a phone's screen."""
    contexts = []

    def opened():
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.errors = []
        page.asked = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        return page

    yield opened
    for context in contexts:
        context.close()


def _press(page, place):
    """Waits for the face at that place, presses a key, and gives the label that it stands for."""
    page.get_by_text(re.compile(rf"^{place} of {PLACES}$")).wait_for()
    page.locator(".answers button:enabled").first.wait_for()
    page.wait_for_timeout(150)  # no person is quicker
    check = re.search("“(.+)”", page.locator(".asked").text_content())
    label = check.group(1) if check else EMOTIONS[place % 7]
    page.keyboard.press(str(EMOTIONS.index(label) + 1))
    return label


def _code(page):
    found = re.search(r"run=(\w{16})", page.url)
    assert found
    return found.group(1)


def _wait_until_stored(database, code, n):
    for _ in range(240):
        if quiz.state(database, code).answered == n:
            return
        time.sleep(0.25)
    raise AssertionError(f"{quiz.state(database, code).answered} of {n} answers were stored")


def test_a_quiz_by_keyboard_outlives_the_browser_and_the_server(place, open_page):
    folder, environment, database, group = place
    said = []
    with _server(folder / "log.txt", **environment) as address:
        page = open_page()
        page.goto(f"{address}/quiz?class={group}")
        page.get_by_text("I agree that my answers").click()
        page.get_by_role("button", name="Begin").click()
        said += [_press(page, i) for i in range(1, 8)]
        page.get_by_text(re.compile(rf"^8 of {PLACES}$")).wait_for()
        code = _code(page)
        assert own_answers(database, code)["label"].tolist() == said  # in the database before the next face came
        said.append(_press(page, 8))
        _wait_until_stored(database, code, 8)
        page.context.close()  # killed in the middle; then the server goes too
    with _server(folder / "log2.txt", **environment) as address:
        page = open_page()
        page.goto(f"{address}/quiz")
        page.get_by_placeholder("XXXX-XXXX-XXXX-XXXX").fill("-".join(re.findall("....", code.lower())))
        page.get_by_role("button", name="Go on").click()
        said += [_press(page, i) for i in range(9, 13)]
        page.get_by_text(re.compile(rf"^13 of {PLACES}$")).wait_for()
        page.reload()
        said += [_press(page, i) for i in range(13, PLACES + 1)]
        page.get_by_role("button", name="See my result").click()
        page.get_by_text("The faces that you missed").wait_for()
        assert _no_sideways_scroll(page) and code in page.url
        assert not page.errors
        elsewhere = [url for url in page.asked if not url.startswith((address, "data:", "blob:"))]
        assert not elsewhere
    table = own_answers(database, code)
    assert table["label"].tolist() == said and table["position"].tolist() == list(range(1, PLACES + 1))
    assert table["reaction_ms"].between(100, 60_000).all()


def test_an_answer_given_while_the_server_is_gone_is_taken_when_it_is_back(place, open_page):
    folder, environment, database, group = place
    port = _free_port()
    with _server(folder / "log5.txt", port, **environment) as address:
        page = open_page()
        page.goto(f"{address}/quiz?class={group}")
        page.get_by_text("I agree that my answers").click()
        page.get_by_role("button", name="Begin").click()
        said = [_press(page, 1), _press(page, 2)]
        page.get_by_text(re.compile(rf"^3 of {PLACES}$")).wait_for()
        page.locator(".answers button:enabled").first.wait_for()
        code = _code(page)
    said.append(_press(page, 3))
    page.wait_for_timeout(1000)
    assert quiz.state(database, code).answered == 2
    with _server(folder / "log6.txt", port, **environment):
        said.append(_press(page, 4))
        page.get_by_text(re.compile(rf"^5 of {PLACES}$")).wait_for()
    assert own_answers(database, code)["label"].tolist() == said


def test_a_finger_and_a_second_tab(place, open_page):
    folder, environment, database, group = place
    with _server(folder / "log3.txt", **environment) as address:
        one = open_page()
        one.goto(f"{address}/quiz?class={group}")
        one.get_by_text("I agree that my answers").click()
        one.get_by_role("button", name="Begin").click()
        one.get_by_text(re.compile(rf"^1 of {PLACES}$")).wait_for()
        code = _code(one)
        other = one.context.new_page()
        other.set_default_timeout(PATIENCE)
        other.goto(f"{address}/quiz?run={code}")
        other.get_by_text(re.compile(rf"^1 of {PLACES}$")).wait_for()
        one.bring_to_front()
        one.locator(".answers button:enabled", has_text="happy").tap()
        one.get_by_text(re.compile(rf"^2 of {PLACES}$")).wait_for()
        other.bring_to_front()
        other.locator(".answers button:enabled", has_text="sad").click()
        other.get_by_text("was answered already, in another tab perhaps: happy").wait_for()
        other.get_by_text(re.compile(rf"^2 of {PLACES}$")).wait_for()
        assert own_answers(database, code)["label"].tolist() == ["happy"]
        assert not one.errors
        tall = one.locator(".answers button").evaluate_all("all => Math.min(...all.map(b => b.offsetHeight))")
        assert tall >= 44  # what a finger hits (WCAG 2.2, target size enhanced)
        box = one.locator(".answers").bounding_box()
        assert box and box["y"] + box["height"] < 667  # face and answers on the screen of the smallest phone at once


def test_the_source_of_the_page_tells_nothing(place, open_page):
    folder, environment, database, group = place
    with _server(folder / "log4.txt", **environment) as address:
        page = open_page()
        page.goto(f"{address}/quiz?class={group}")
        page.get_by_text("I agree that my answers").click()
        page.get_by_role("button", name="Begin").click()
        page.locator(".answers button:enabled").first.wait_for()
        code = _code(page)
        task = quiz.state(database, code).task
        source = page.content() + page.locator(".trial").evaluate("e => e.outerHTML")
        assert task and task.face and 'alt="The face to judge"' in source
        assert task.face not in source and task.face.removeprefix("fer2013:") not in re.sub('base64,[^"]+', "", source)
        assert not re.search('truth|repeat"|practice":', source.split('class="trial"')[1])


def _tab_to(page, name):
    """Moves on by the Tab key, as one does without a mouse, to the control of that name, and waits for the server."""
    for _ in range(12):
        page.keyboard.press("Tab")
        page.locator('[data-test-script-state="notRunning"]').wait_for()
        if name in page.evaluate("() => document.activeElement.ariaLabel || document.activeElement.textContent"):
            return
    pytest.fail(f"No way by the keyboard to {name!r}.")


def _with_passphrase(page, field, button, until):
    """Types the passphrase and presses the button, all by the keyboard, until the page says so."""
    _tab_to(page, field)
    page.keyboard.type("horse battery")
    _tab_to(page, button)
    page.keyboard.press("Enter")
    page.get_by_text(until).wait_for()


def test_a_class_is_opened_and_deleted_by_keyboard(place, open_page):
    folder, environment, _, _ = place
    with _server(folder / "log7.txt", **environment) as address:
        page = open_page()
        page.goto(f"{address}/class-results")
        page.get_by_role("textbox", name="Title").focus()
        page.keyboard.type("By keyboard")
        _with_passphrase(page, "A passphrase for you", "Open the class", "Nobody has answered yet")
        told = page.get_by_test_id("stCode").inner_text()
        member = open_page()
        member.goto(told)
        member.get_by_text("By keyboard").wait_for()
        assert told.startswith(f"{address}/quiz?class=")
        page.locator("summary", has_text="Delete the class").focus()
        page.keyboard.press("Enter")
        _with_passphrase(page, "Its passphrase", "Delete the class and all", "The class is deleted")
        assert not page.errors
