"""What accuracy costs: who is compared, who is on the front, and the chart on the page Models."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import figures_cost
from dashboard.entries import Entry
from fer_core import artifacts, evidence
from tests.page_runs import run, text


def entry(id: str, work: int | None, accuracy: float) -> Entry:
    """A shipped model that is said to cost so much and to be right so often."""
    report = evidence.stored_reports(id)["PublicTest"]
    found = replace(report.metrics["accuracy"], value=accuracy)
    known = replace(report, metrics={**report.metrics, "accuracy": found})
    return Entry(id, artifacts.card(id).title, artifacts.card(id), known, multiply_adds=work)


HEADING = "What accuracy costs"
A, B, C = "torch-vgg", "torch-native", "torch-resnet18"


def test_no_model_on_the_front_is_equalled_by_a_cheaper_one() -> None:
    cheap, dear, best = entry(A, 100, 0.6), entry(B, 200, 0.6), entry(C, 300, 0.7)
    shown = figures_cost.comparable([best, dear, cheap], "work")
    assert [one.id for one in shown] == [A, B, C] and [one.id for one in figures_cost.front(shown)] == [A, C]


def test_of_one_cost_the_better_is_on_the_front_alone() -> None:
    worse, better = entry(A, 100, 0.6), entry(B, 100, 0.65)
    for given in ([worse, better], [better, worse]):
        assert [one.id for one in figures_cost.front(figures_cost.comparable(given, "work"))] == [B]
    drawn = figures_cost.figure(figures_cost.comparable([worse, better], "work"), "work")
    marks = [trace for trace in drawn.data if trace.mode == "markers"]
    assert len({trace.x[0] for trace in marks}) == 2 and {trace.customdata[0] for trace in marks} == {100}


def test_people_and_models_of_unknown_cost_are_left_out() -> None:
    person = Entry("people", "People", None, evidence.stored_reports(A)["PublicTest"])
    assert [one.id for one in figures_cost.comparable([person, entry(A, None, 0.6), entry(B, 9, 0.5)], "work")] == [B]
    assert len(figures_cost.comparable([person, entry(A, None, 0.6)], "parameters")) == 1


def test_a_model_of_fewer_labels_is_compared_only_where_all_are_asked_about_the_same() -> None:
    five = entry("keras-native-five", 50, 0.9)
    assert [one.id for one in figures_cost.comparable([five, entry(A, 100, 0.6)], "work")] == [A]
    assert figures_cost.comparable([five], "work") == [five]


@pytest.mark.parametrize(
    ("cost", "first"), [("work", "MoodMirror advanced (Keras)"), ("parameters", "Native Keras CNN")]
)
def test_the_page_draws_it(cost: str, first: str) -> None:
    at = run("models", cost=cost)
    assert HEADING in [one.value for one in at.subheader] and "Not told" not in text(at)
    table = next(frame.value for frame in at.dataframe if "multiply-adds a face" in frame.value)
    title = figures_cost.COSTS[cost]
    assert table[title].is_monotonic_increasing and str(table["model"].iloc[0]).startswith(first)
    assert len(table) == sum(len(artifacts.card(id).labels) == 7 for id in artifacts.ids())
    shared = run("models", cost=cost, labels="shared")
    table = next(frame.value for frame in shared.dataframe if "multiply-adds a face" in frame.value)
    assert "Native Keras CNN, five labels" in set(table["model"]), "all are asked about the same five labels there"


def test_where_people_alone_are_shown_there_is_no_cost() -> None:
    assert HEADING not in [one.value for one in run("models", only="people").subheader]


def test_models_whose_export_does_not_say_are_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(shutil.copytree(artifacts.default_root(), tmp_path / "root"))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    (root / A / artifacts.ENGINE).unlink()
    at = run("models")
    assert "Not told by an export: VGG, from scratch, Ensemble." in text(at)  # the smaller first
    table = next(frame.value for frame in at.dataframe if "multiply-adds a face" in frame.value)
    assert not {"Ensemble", "VGG, from scratch"} & set(table["model"]) and len(table) > 5
