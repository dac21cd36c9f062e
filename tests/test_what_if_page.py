"""The page What if: curves are the studies', sliders disturb the face, models without weights keep their curves."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import pytest

from dashboard import cache, ui_what_if, what_if_facts
from fer_core import artifacts
from fer_core.disturbances import DISTURBANCES
from fer_core.types import EMOTIONS, Interval
from fer_core.what_if import Point, Study
from tests.page_runs import run, text

SOME = Interval(0.4, 0.3, 0.5)
IDS = ("keras-native", "torch-native")
SHIPPED = artifacts.default_root()
PLAIN = Point(0.0, Interval(0.0, 0.0, 0.01), replace(SOME, value=0.35), (5,) * 7)
WHAT_IF = Study(
    "", "PublicTest", 35, 0, "ab", 35, EMOTIONS, PLAIN,
    {d.id: tuple(Point(float(s), SOME, SOME, (5,) * 7) for s in d.tried) for d in DISTURBANCES.values()},
)  # fmt: skip


@pytest.fixture
def studied(tmp_path, monkeypatch):
    """The two artifacts' cards without weights, with a study of each."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    for id in IDS:
        (tmp_path / id).mkdir()
        shutil.copy(SHIPPED / id / "card.json", tmp_path / id)
        found = replace(WHAT_IF, weights_sha256=artifacts.card(id).weights_sha256)
        artifacts.save_study("what_if", asdict(found), id)


def test_models_whose_weights_are_not_here_still_show_their_curves(studied):
    at = run("what_if", curve="blur", measure="accuracy")
    assert not at.exception and "500" not in text(at) and "35 faces of PublicTest" in text(at)
    table = next(frame.value for frame in at.dataframe if "sigma, 48ths of the width" in frame.value)
    assert len(table) == 2 * (1 + len(DISTURBANCES["blur"].tried))


def test_of_more_models_than_can_be_told_apart_the_most_accurate_curves_are_drawn(studied, monkeypatch):
    assert "most accurate are drawn" not in text(run("what_if"))
    monkeypatch.setattr(ui_what_if, "AT_MOST", 1)
    at = run("what_if", curve="blur")
    assert not at.exception and "Of the 2 chosen models the 1 most accurate are drawn" in text(at)
    lines = {trace["name"] for trace in json.loads(at.get("plotly_chart")[0].proto.spec)["data"] if trace.get("name")}
    (best,) = cache.most_accurate(dict.fromkeys(IDS, EMOTIONS), 1)
    assert lines & {artifacts.card(id).title for id in IDS} == {artifacts.card(best).title}
    table = next(frame.value for frame in at.dataframe if "sigma, 48ths of the width" in frame.value)
    assert set(table["model"]) == {artifacts.card(id).title for id in IDS}


def test_a_model_of_fewer_labels_is_said_to_be_judged_on_fewer_faces(studied):
    curves = {id: tuple(replace(point, answers=(5,) * 4) for point in points) for id, points in WHAT_IF.curves.items()}
    few = replace(WHAT_IF, labels=EMOTIONS[3:], knows=21, curves=curves, plain=replace(PLAIN, answers=(5,) * 4),
                  weights_sha256=artifacts.card(IDS[1]).weights_sha256)  # fmt: skip
    artifacts.save_study("what_if", asdict(few), IDS[1])
    at = run("what_if", measure="accuracy")
    said = text(at)
    assert not at.exception and said.count("not on a par") == 1
    assert f"**{artifacts.card(IDS[1]).title}** answers only happy, sad, surprise, neutral" in said
    assert "on the 21 faces with these labels, so they are not on a par" in said


def test_what_if_with_the_shipped_models():
    at = run("what_if", models=["keras-native", "torch-native"])
    assert not at.exception and "None of the 2 models changed its label" in text(at)
    at.slider(key="darken").set_value(95).run()
    at.slider(key="blur").set_value(4.0).run()
    assert not at.exception
    table = next(frame.value for frame in at.dataframe if "disturbed" in frame.value)
    assert len(table) == 2 and (table["percent"] != table["percent before"]).all()
    next(b for b in at.button if b.label == "As it was").click().run()
    assert at.slider(key="darken").value == 0 and "None of the 2 models" in text(at)


def test_the_curves_are_the_studies():
    table = what_if_facts.curve_table({"a": WHAT_IF}, {"a": "A"}, "rotate")
    assert table["Label changes"].tolist().count(0.0) == 1 and len(table) == 1 + len(DISTURBANCES["rotate"].tried)
    strongest = what_if_facts.strongest({"a": WHAT_IF}, {"a": "A"})
    assert len(strongest) == len(DISTURBANCES) and strongest["A"].tolist() == [40.0] * len(DISTURBANCES)
    worse = {"rotate": tuple(replace(one, flips=Interval(0.9, 0.8, 1)) if one.strength == 10 else one
                             for one in WHAT_IF.curves["rotate"])}  # fmt: skip
    own = replace(WHAT_IF, curves=dict(WHAT_IF.curves) | worse)
    assert what_if_facts.strongest({"a": own}, {"a": "A"})["A"].tolist() == strongest["A"].tolist()  # 10 is not the end
    assert what_if_facts.spoken(WHAT_IF, "rotate", "flips") == "40 % at -45, 0 % at 0, 40 % at 45".replace(
        " %", "\N{NO-BREAK SPACE}%"
    )
