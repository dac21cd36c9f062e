"""The Curves page: its figures are fer_core's, its choices live in the URL, and nothing in the URL breaks it."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from test_confusion_page import four_labels  # noqa: F401

from dashboard import curve_facts, figures_curves
from fer_core import artifacts, calibration, crowd, curves, evidence
from fer_core.types import EMOTIONS
from tests.page_runs import run as run_page

run = partial(run_page, "curves")

PARTS = ("roc", "reliability", "risk", "votes")


def raters(reference):
    models = [(artifacts.card(id), artifacts.predictions(id)) for id in artifacts.ids()]
    return (*evidence.people(reference), *(evidence.model(card, stored, reference) for card, stored in models))


def ends(of):
    return of.value, of.low, of.high


def random_rater(labels, seed=0, n=60):
    p = np.random.default_rng(seed).dirichlet(np.ones(len(labels)), n)
    answered = np.array([EMOTIONS.index(labels[i]) for i in p.argmax(axis=1)])
    return evidence.Rater(f"m{seed}", f"Model {seed}", "model", labels, answered, p)


@pytest.fixture
def reference():
    rng = np.random.default_rng(3)
    votes = rng.multinomial(10, np.ones(10) / 10, 60).astype(np.uint8)
    splits = np.repeat(np.array([1, 2], np.uint8), 30)
    truth = np.tile(np.arange(7), 9)[:60].astype(np.uint8)
    return artifacts.Reference(np.arange(60), truth, splits, votes, rng.random(60) < 0.2)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", evidence.SETS)
def test_every_part_on_every_set(part, name):
    at = run(part=part, set=name)
    assert not at.exception
    assert at.pills(key="set").value == name


def test_the_table_has_the_figures_of_fer_core():
    name = "PrivateTest without copies"
    reference = artifacts.reference()
    everyone = [rater.id for rater in raters(reference)]
    table = run(part="reliability", set=name, raters=everyone).dataframe[-1].value.set_index("rater")
    for rater in raters(reference):
        if rater.probabilities is None:
            continue
        on, row = evidence.known(rater, reference, name), table.loc[rater.title]
        assert row["images"] == len(on.y) and row["labels"] == len(rater.labels)
        assert row["AURC"] == pytest.approx(curves.risk_coverage(on.y, on.p).area)
        roc = curves.roc_curves(on.y, on.p, on.labels)
        assert row["AUC macro"] == pytest.approx(roc["macro"].area)
        assert row["AUC micro"] == pytest.approx(roc["micro"].area)
        if rater.calibrated:
            assert row["ECE after"] == pytest.approx(calibration.reliability(on.y, on.p).ece)
            assert row["ECE by chance"] == pytest.approx(calibration.reliability(on.y, on.p).by_chance)
    for id in artifacts.ids():
        card = replace(artifacts.card(id), temperature=None)
        raw = evidence.known(evidence.model(card, artifacts.predictions(id), reference), reference, name)
        expected = calibration.reliability(raw.y, raw.p).ece
        assert table.loc[card.title, "ECE before"] == pytest.approx(expected)


def test_score_before_and_probability_after():
    at = run(part="reliability")
    said = " ".join(element.value for element in at.markdown)
    assert "Before calibration: scores" in said and "After: probabilities" in said


def test_choices_come_from_the_url():
    id = artifacts.ids()[0]
    at = run(raters=[id], curve=["happy", "disgust"])
    assert at.pills(key="raters").value == [id]
    assert {"**happy**", "**disgust**"} <= {element.value for element in at.markdown}
    assert at.dataframe[-1].value["rater"].tolist() == [artifacts.card(id).title]


@pytest.mark.parametrize("bad", ["", "nobody", "<script>", "PrivateTest,x", "9" * 400])
def test_nothing_in_the_url_leaves_a_trace(bad):
    at = run(part=bad, set=bad, raters=[bad], curve=[bad, bad])
    assert not at.exception and len(at.title) == 1


def test_without_anything_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    at = run()
    assert not at.exception
    assert "python -m trainers evaluate" in at.code[0].value


def test_distances_are_those_of_fer_core(reference):
    models = [random_rater(EMOTIONS, seed) for seed in (0, 1)]
    found = curve_facts.distances([evidence.truth(reference), *models], reference, "PublicTest")
    rows = np.flatnonzero(evidence.mask(reference, "PublicTest"))
    for one, rater in zip(found[1:], models, strict=True):
        expected = crowd.divergence(reference.votes[rows], rater.probabilities[rows])
        assert ends(one.mean) == pytest.approx(ends(expected.means["jensen_shannon"]))
        assert (one.n, one.left_out) == (len(expected.rows), expected.left_out)
    certain = np.eye(7)[reference.truth[rows]]
    expected = crowd.divergence(reference.votes[rows], certain)
    assert ends(found[0].mean) == pytest.approx(ends(expected.means["jensen_shannon"]))


def test_fewer_labels_are_compared_on_the_shared_ones(reference):
    four = random_rater(("happy", "sad", "surprise", "neutral"))
    one = curve_facts.distances([four], reference, "PublicTest")[0]
    columns = [crowd.EMOTION_COLUMNS[EMOTIONS.index(label)] for label in four.labels]
    rows = np.flatnonzero(evidence.mask(reference, "PublicTest"))
    shared = reference.votes[rows][:, columns].astype(float)
    voted = shared.sum(axis=1) > 0
    people, model = shared[voted] / shared[voted].sum(axis=1, keepdims=True), four.probabilities[rows][voted]
    middle = (people + model) / 2

    def entropy(p):
        return -np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0).sum(axis=1)

    expected = entropy(middle) - (entropy(people) + entropy(model)) / 2
    assert one.mean.value == pytest.approx(expected.mean(), abs=1e-5)
    assert one.n == voted.sum() and one.left_out == (~voted).sum()
    facts = curve_facts.confidences(four, reference, "PublicTest")
    assert facts.left_out == (~np.isin(reference.truth[rows], [EMOTIONS.index(label) for label in four.labels])).sum()


def test_the_drawn_curve_keeps_its_ends_and_its_colour():
    for n in (0, 1, 299, 300, 301, 7000):
        at = figures_curves.thin(n)
        assert len(at) == min(n, figures_curves.POINTS)
        assert not n or (at[0], at[-1]) == (0, n - 1)
    people = evidence.Rater("crowd", "Crowd", "people", EMOTIONS, np.zeros(1, int))
    models = [replace(random_rater(EMOTIONS, seed), id=f"m{seed}") for seed in range(10)]
    styles = figures_curves.lines([people, *models])
    assert len({(style["color"], style["dash"]) for style in styles.values()}) == 11
    assert styles["m3"] == figures_curves.lines([people, *models, replace(models[0], id="z")])["m3"]


def test_a_model_with_fewer_labels_says_on_which_images_it_is_drawn(four_labels):  # noqa: F811
    at = run(part="roc", raters=["four", artifacts.ids()[0]], curve=["macro", "fear"])
    assert not at.exception
    n = int(np.isin(artifacts.reference().truth[artifacts.reference().splits == 2], four_labels).sum())
    said = [caption.value for caption in at.caption]
    assert any("**Four labels** knows 4 labels" in one and f"{n:,} images" in one for one in said)
    table = at.dataframe[-1].value.set_index("rater")
    assert table.loc["Four labels", "images"] == n and table.loc["Four labels", "labels"] == 4


def test_two_models_of_one_title_are_told_apart(four_labels, tmp_path):  # noqa: F811
    card = json.loads((tmp_path / "four" / "card.json").read_text())
    other = next(id for id in artifacts.ids() if id != "four")
    title = artifacts.card(other).title
    (tmp_path / "four" / "card.json").write_text(json.dumps(card | {"title": title}))
    at = run(part="risk")
    assert not at.exception and {"four", other} <= set(at.pills(key="raters").value)
    assert f"{title} (four)" in at.dataframe[0].value["rater"].tolist()
