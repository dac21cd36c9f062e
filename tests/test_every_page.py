"""Every page runs alone, with artifacts and without; a new page joins by being listed in PAGES."""

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import ui_compare
from dashboard.pages_table import PAGES, VIEWS
from dashboard.words import percent
from fer_core import artifacts

ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


def _run(page, **query):
    at = AppTest.from_file(str(page), default_timeout=180)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def _text(at):
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.info, at.warning, at.error, at.code)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def no_artifacts(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.script.stem)
def test_it_runs_and_has_a_title(page):
    at = _run(page.script)
    assert not at.exception
    assert len(at.title) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.script.stem)
def test_without_artifacts_it_says_how_to_make_one(page, no_artifacts):
    at = _run(page.script)
    assert not at.exception
    assert "python -m trainers" in _text(at)


def test_the_menu_has_every_view():
    assert {page.script.stem for page in PAGES} == {path.stem for path in VIEWS.glob("*.py")} - {"__init__"}
    assert len({page.url for page in PAGES}) == len(PAGES)


def test_home_draws_its_figures_from_the_cards():
    at = _run(VIEWS / "home.py")
    table = _home_table(at)
    for id in artifacts.ids():
        card, reports = artifacts.card(id), artifacts.metrics(id)
        assert table[card.title]["parameters"] == f"{card.parameters:,}"
        if "PrivateTest" in reports:
            accuracy = reports["PrivateTest"]["metrics"]["accuracy"][0]
            assert table[card.title]["PrivateTest"] == f"**{percent(accuracy, 1)}**"
    labels = {card.title: len(card.labels) for card in map(artifacts.card, artifacts.ids())}
    order = [(labels[title], float(row["PrivateTest"].strip("*%\N{NO-BREAK SPACE}"))) for title, row in table.items()]
    assert order == sorted(order, reverse=True), "the most accurate first, those of fewer labels last"
    assert "Ensemble: As slow as all its members together." in _text(at)
    assert "Article 5(1)(f)" in _text(at)


def test_home_names_a_damaged_artifact_and_shows_the_others(tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    for id in ("keras-native", "torch-native"):
        shutil.copytree(artifacts.default_root() / id, root / id)
    (root / "torch-native" / "card.json").write_text("{")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    at = _run(VIEWS / "home.py")
    assert not at.exception
    assert "torch-native" in at.warning[0].value
    assert list(_home_table(at)) == ["Native Keras CNN"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [("gone", "its weights are not on this machine. Make them with: uv run python -m trainers train torch-native"),
     ("torn", "cannot be asked"), ("foreign", "'torch-mine', which fer_core/catalog.py lacks")],
)  # fmt: skip
@pytest.mark.parametrize("page", ["photos", "gallery", "what_if", "explain"])
def test_a_model_that_cannot_be_asked_costs_no_other_its_answer(page, damage, said, tmp_path, monkeypatch):
    for id in ("keras-native", "torch-native"):
        shutil.copytree(artifacts.default_root() / id, tmp_path / id)
    weights, card = (tmp_path / "torch-native" / name for name in (artifacts.WEIGHTS, artifacts.CARD))
    if damage == "foreign":  # as on a branch that has not the contributor's network
        card.write_text(
            card.read_text("utf-8").replace('"architecture": "torch-native"', '"architecture": "torch-mine"')
        )
    else:
        weights.unlink() if damage == "gone" else weights.write_bytes(weights.read_bytes()[:1000])
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    at = _run(VIEWS / f"{page}.py")
    assert not at.exception, at.exception[0].message
    assert any(said in warning.value for warning in at.warning)
    if page == "photos":
        heads = ui_compare.heads([artifacts.card(id) for id in ("keras-native", "torch-native")])
        row = at.dataframe[0].value.iloc[0]
        assert "%" in row[heads["keras-native"]] and heads["torch-native"] not in row.index


def test_a_title_cannot_break_homes_table(tmp_path, monkeypatch):
    shutil.copytree(artifacts.default_root() / "keras-native", tmp_path / "keras-native")
    card = tmp_path / "keras-native" / "card.json"
    card.write_text(card.read_text().replace("Native Keras CNN", "Mine | yours\\n| x |"))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    at = _run(VIEWS / "home.py")
    assert not at.exception
    (line,) = [line for line in _text(at).splitlines() if line.startswith("| Mine")]
    assert line.startswith("| Mine \\| yours \\| x \\| | **")


def _home_table(at):
    """Home's table as it is written, a row a model: its cells by their column."""
    (text,) = [one.value for one in at.markdown if one.value.startswith("| model")]
    head, _, *rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines()]
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def test_photos_reads_the_example_at_once():
    at = _run(VIEWS / "photos.py")
    table, cards = at.dataframe[0].value, [artifacts.card(id) for id in artifacts.ids()]
    assert table["", "face"].tolist() == [1]
    heads = ui_compare.heads(cards)
    assert len(set(heads.values())) == len(cards)
    for card in cards:
        assert "%" in table[heads[card.id]][0]
        assert len(table[ui_compare.ALL, card.title][0]) == len(card.labels)
    assert "agree on" in _text(at)


def test_photos_with_one_model_or_none():
    at = _run(VIEWS / "photos.py")
    at.pills[0].set_value(["keras-native"]).run()
    assert ("", "face") in at.dataframe[0].value.columns
    assert ("", "models") not in at.dataframe[0].value.columns  # one model cannot agree with itself
    at.pills[0].set_value([]).run()
    assert not at.exception and not at.dataframe
    assert "Choose at least one model" in _text(at)


def test_fifty_photos_at_once():
    at = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=300).run()
    files = [(f"{n}.jpg", _jpeg((90, 90 + n)), "image/jpeg") for n in range(48)]
    at.file_uploader[0].set_value([("a.png", ASTRONAUT, "image/png"), *files, ("b.txt", b"?", "text/plain")]).run()
    assert not at.exception
    outcomes = at.dataframe[0].value["what happened"].tolist()
    assert len(outcomes) == 50 and outcomes[0] == "1 face"
    assert sum("No face found" in outcome for outcome in outcomes) == 48
    assert "agree on" in _text(at)  # the one good photo is read


def test_two_faces_are_counted_by_label():
    from io import BytesIO

    from PIL import Image

    pair = Image.new("RGB", (1024, 512))
    with Image.open(BytesIO(ASTRONAUT)) as astronaut:
        for x in (0, 512):
            pair.paste(astronaut.convert("RGB"), (x, 0))
    buffer = BytesIO()
    pair.save(buffer, "PNG")
    at = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=180).run()
    at.file_uploader[0].set_value([("pair.png", buffer.getvalue(), "image/png")]).run()
    assert not at.exception
    assert "How often each label is said: 2 faces" in _text(at)
    counts = next(frame.value for frame in at.dataframe if "label" in frame.value)
    assert counts.drop(columns="label").sum().tolist() == [2] * len(artifacts.ids())


def _jpeg(size=(64, 64), **options):
    buffer = BytesIO()
    Image.fromarray(np.full((*size, 3), 127, np.uint8)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def test_one_bad_file_never_costs_the_others():
    at = AppTest.from_file(str(VIEWS / "photos.py"), default_timeout=180).run()
    at.file_uploader[0].set_value([
        ("good.png", ASTRONAUT, "image/png"),
        ("nothing.jpg", b"", "image/jpeg"),
        ("text.txt", b"no picture", "text/plain"),
        ("torn.jpg", _jpeg((900, 900))[:400], "image/jpeg"),
        ("grey.jpg", _jpeg((300, 300)), "image/jpeg"),
        ("again.png", ASTRONAUT, "image/png"),
        ("<img src=x onerror=alert(1)>.png", ASTRONAUT[:9], "image/png"),
    ]).run()  # fmt: skip
    assert not at.exception
    ledger = at.dataframe[0].value.set_index("no.")["what happened"]
    assert len(ledger) == 7
    assert ledger[1] == "1 face"
    assert "No face found" in ledger[5]
    assert "same picture as no. 1" in ledger[6]
    for number in (2, 3, 4, 7):
        assert len(ledger[number]) > 20 and "Traceback" not in ledger[number]
