"""The Confusion page: matrices as computed by hand, the faces behind a cell, and nothing that a URL can break."""

import json
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, confusion_data as data, figures_confusion, words
from fer_core import artifacts, datasets, evidence
from fer_core.crowd import VOTES
from fer_core.metrics import METRICS
from fer_core.types import EMOTIONS
from tests.page_runs import run as run_page, text

run = partial(run_page, "confusion")
MODELS = artifacts.ids()[:2]
PRIVATE = datasets.SPLITS.index("PrivateTest")


def answered(id, split=PRIVATE):
    """By hand from the artifact: truth and answers on one part, ids, and the answers' uncalibrated probabilities."""
    stored, card = artifacts.predictions(id), artifacts.card(id)
    rows = np.flatnonzero(stored.splits == split)
    order = rows[np.argsort(stored.ids[rows])]
    names = [EMOTIONS.index(label) for label in card.labels]
    p = stored.probabilities[order].astype(np.float64) ** (1 / (card.temperature or 1))
    p /= p.sum(axis=1, keepdims=True)
    return SimpleNamespace(
        ids=stored.ids[order], truth=artifacts.reference().truth[artifacts.reference().splits == split],
        said=np.array(names)[p.argmax(axis=1)], confidence=p.max(axis=1),
    )  # fmt: skip


def by_hand(a, b):
    counts = np.zeros((7, 7))
    np.add.at(counts, (a, b), 1)
    return counts


def shown(at, number):
    return at.dataframe[number].value[list(EMOTIONS)].to_numpy(float)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A FER2013 of noise whose test images have the reference's ids."""
    reference = artifacts.reference()
    faces = np.random.default_rng(0).integers(0, 256, (len(reference.ids), 48, 48), dtype=np.uint8)
    path = tmp_path_factory.mktemp("fer2013") / "noise.npz"
    found = datasets.Dataset(faces, reference.truth, reference.splits, reference.ids, None, "", "noise")
    datasets.save(found, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER2013_PATH", str(path))
        cache.dataset.clear()
        yield found
    cache.dataset.clear()


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.delenv("FER2013_PATH", raising=False)
    cache.dataset.clear()
    yield
    cache.dataset.clear()


@pytest.mark.parametrize(("words", "axis"), [("counts", None), ("by truth", 1), ("by prediction", 0)])
def test_matrices_are_those_computed_by_hand(words, axis):
    at = run(**{"as": words})
    assert not at.exception
    for number, id in enumerate(MODELS):
        one = answered(id)
        expected = by_hand(one.truth, one.said)
        if axis is not None:
            with np.errstate(invalid="ignore"):
                expected = expected / expected.sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(shown(at, number), expected)


def test_two_models_against_each_other_and_the_other_part():
    at = run(rows=MODELS[0], columns=MODELS[1], set="PublicTest", **{"as": "counts"})
    one, other = (answered(id, datasets.SPLITS.index("PublicTest")) for id in MODELS)
    np.testing.assert_array_equal(shown(at, 0), by_hand(one.said, other.said))
    assert f"Agreement **{words.percent((one.said == other.said).mean(), 1)}**" in text(at)


def test_the_difference_and_the_paired_comparison():
    at = run(**{"as": "counts"})
    one, other = (answered(id) for id in MODELS)
    np.testing.assert_array_equal(shown(at, 2), by_hand(one.truth, one.said) - by_hand(one.truth, other.said))
    right, wrong = one.said == one.truth, other.said != one.truth
    assert f"right: **{(right & wrong).sum():,}**" in text(at)
    assert f"{100 * (right.mean() - (~wrong).mean()):+.1f}".replace("-", "−") + " points" == at.metric[0].value
    assert "Exact McNemar test: p" in text(at)


def test_agreement_and_kappa_are_the_metrics_with_their_intervals():
    raters = {rater.id: rater for rater in cache.raters()}
    found = data.together(list(raters.values()), artifacts.reference(), "PrivateTest")
    for a, b in [("truth", MODELS[0]), ("majority", MODELS[0]), ("truth", "majority")]:
        one = data.agreement(found, a, b)
        y, said = found.answered[a], found.answered[b]
        if (y >= 0).all():
            assert one.share.value == pytest.approx((y == said).mean())
        assert one.kappa.value == pytest.approx(METRICS["cohen_kappa"](y % 8, said % 8))
        assert one.share.low <= one.share.value <= one.share.high and one.kappa.low <= one.kappa.high


def test_people_who_say_none_of_the_seven_are_in_no_cell_and_the_page_says_so():
    at = run(columns="majority", **{"as": "counts"})
    reference = artifacts.reference()
    here = reference.votes[reference.splits == PRIVATE]
    none = np.isin(here.argmax(axis=1), [VOTES.index(name) for name in ("contempt", "unknown", "NF")]).sum()
    assert shown(at, 0).sum() == len(here) - none
    assert f"{none:,} images were called none of the labels: they are in no cell and no share" in text(at)


def most_common_cell(id):
    one = answered(id)
    counts = by_hand(one.truth, one.said)
    row, column = np.unravel_index(counts.argmax(), counts.shape)
    where = np.flatnonzero((one.truth == row) & (one.said == column))
    where = where[np.argsort(-one.confidence[where], kind="stable")]
    return EMOTIONS[row], EMOTIONS[column], one.ids[where].tolist()


def faces_shown(at):
    return [int(button.label) for button in at.button if button.label.isdigit()]


def test_a_cell_shows_its_faces_and_one_face_every_answer(pictures):
    row, column, ids = most_common_cell(MODELS[0])
    at = run(row=row, column=column)
    assert not at.exception
    assert f"**{len(ids):,}** images" in text(at)
    first = faces_shown(at)
    assert len(first) == 12 and set(first) <= set(ids)
    next(button for button in at.button if button.label == str(first[5])).click().run()
    assert at.query_params["face"] == str(first[5])
    assert f"**Face {first[5]}** of PrivateTest" in text(at) and f"FER2013's label: **{row}**" in text(at)
    table = at.dataframe[2].value.set_index("rater")
    assert table.loc[artifacts.card(MODELS[0]).title, "answer"] == column
    assert set(table.index) >= {artifacts.card(id).title for id in MODELS}
    reference = artifacts.reference()
    votes = reference.votes[reference.ids == first[5]][0]
    assert table.loc[evidence.PEOPLE["crowd"], "happy"] == pytest.approx(votes[VOTES.index("happiness")] / votes.sum())


def test_next_and_previous_walk_the_cell_and_turn_the_pages(pictures):
    row, column, _ = most_common_cell(MODELS[0])
    at = run(row=row, column=column)
    first = faces_shown(at)
    for _ in range(12):
        press(at, "Next")
    assert first[0] not in faces_shown(at) and "13 of" in text(at)
    press(at, "Previous")
    assert at.query_params["face"] == str(first[11]) and faces_shown(at) == first
    at.selectbox(key="column").set_value(None).run()  # another choice starts anew
    assert "face" not in at.query_params and "1 of" in text(at)


def stepping(shown, steps):
    import streamlit as st

    from dashboard import ui_faces

    ui_faces.step_buttons(shown, [3, 5, 8, 13])
    for by in steps:  # a key that is pressed before the page is drawn anew, nor the browser has the new URL
        st.query_params["face"] = str(shown)
        ui_faces.step(by, [3, 5, 8, 13])


@pytest.mark.parametrize(
    ("shown", "steps", "face"),
    [
        (3, [1], "5"),
        (3, [1, 1], "8"),
        (13, [-1, -1], "5"),
        (5, [1, 1, -1], "8"),
        (5, [1, 1, 1], "13"),
        (5, [-1, -1], "3"),
    ],
)
def test_keys_pressed_faster_than_the_page_is_drawn_each_move_one(shown, steps, face):
    at = AppTest.from_function(stepping, args=(shown, steps), default_timeout=180).run()
    assert not at.exception
    assert at.query_params["face"] == face


def test_a_step_starts_from_the_face_that_is_drawn(pictures):
    row, column, _ = most_common_cell(MODELS[0])
    at = run(row=row, column=column)
    press(at, "Next")
    shown = faces_shown(at)
    next(button for button in at.button if button.label == str(shown[6])).click().run()
    press(at, "Next")
    assert at.query_params["face"] == str(shown[7])


def press(at, label):
    next(button for button in at.button if button.label == label).click().run()


def test_without_pictures_it_shows_ids_and_says_how_to_get_them(no_pictures):
    row, column, _ = most_common_cell(MODELS[0])
    at = run(row=row, column=column)
    assert not at.exception
    assert len(faces_shown(at)) == 12
    assert "python -m trainers data fetch" in text(at) and "FER2013_PATH" in text(at)


BAD = [
    {"rows": "nobody"}, {"set": "Training"}, {"as": "nonsense"}, {"columns": ["x", "y"]}, {"of": "nobody", "less": "?"},
    {"row": "joy", "column": "<b>"}, {"face": "99999999"}, {"face": "-1"}, {"face": "x" * 400}, {"face": "٣"},
    {"face": "0"}, {"face": ""}, {"page": "999"}, {"row": "sad", "page": "0"},
    {"row": "sad", "page": "999", "face": "32298"},
]  # fmt: skip


@pytest.mark.parametrize("query", BAD, ids=str)
def test_a_bad_url_is_never_a_trace(query, no_pictures):
    at = run(**query)
    assert not at.exception
    assert len(at.title) == 1 and len(at.dataframe) >= 2
    if query.get("face") in ("99999999", "-1", "0", "٣"):
        assert "no test face" in text(at)


def test_no_columns_and_the_same_rater_twice():
    assert "at least one rater" in text(run().multiselect[0].set_value([]).run())
    at = run(columns="truth", **{"as": "counts"})
    assert np.count_nonzero(shown(at, 0)) == 7


@pytest.fixture
def four_labels(tmp_path, monkeypatch):
    """The artifacts with one model more, which knows four labels."""
    shutil.copytree(artifacts.default_root() / "reference", tmp_path / "reference")
    for id, name in ((MODELS[0], MODELS[0]), (MODELS[0], "four")):
        shutil.copytree(artifacts.default_root() / id, tmp_path / name)
    known = [EMOTIONS.index(label) for label in ("happy", "sad", "surprise", "neutral")]
    card = json.loads((tmp_path / "four" / "card.json").read_text())
    card |= {"id": "four", "title": "Four labels", "labels": [EMOTIONS[i] for i in known]}
    (tmp_path / "four" / "card.json").write_text(json.dumps(card))
    stored = artifacts.predictions(MODELS[0])
    p = stored.probabilities[:, known] / stored.probabilities[:, known].sum(axis=1, keepdims=True)
    truth = np.array([known.index(t) if t in known else 255 for t in range(7)], np.uint8)[stored.truth]
    artifacts.save_predictions(tmp_path / "four", artifacts.StoredPredictions(stored.ids, truth, stored.splits, p))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return known


def test_models_with_fewer_labels_are_compared_on_the_labels_shared(four_labels):
    one = answered(MODELS[0])
    at = run(**{"as": "counts"})
    kept = np.isin(one.truth, four_labels)
    assert at.dataframe[0].value.columns.tolist() == ["row", "happy", "sad", "surprise", "neutral"]
    assert f"{kept.sum():,} images are compared, {(~kept).sum():,} of this set are left out" in at.info[0].value
    assert "Four labels knows no others" in at.info[0].value
    np.testing.assert_array_equal(
        at.dataframe[0].value.to_numpy()[:, 1:].sum(axis=1), [(one.truth == i).sum() for i in four_labels]
    )
    at.selectbox(key="row").set_value("happy").run()
    at.multiselect[0].set_value([MODELS[0]]).run()
    at.selectbox(key="row").set_value("fear").run()
    at.multiselect[0].set_value([MODELS[0], "four"]).run()  # fear is no choice any more
    assert not at.exception and at.selectbox(key="row").value is None


@pytest.mark.parametrize("dark", [False, True])
def test_the_text_in_every_cell_is_readable(dark):
    for value in np.linspace(0, 1, 101):
        assert contrast(value, figures_confusion.SEQUENTIAL[dark], (0.0, 1.0)) >= 4.5
        assert contrast(value, figures_confusion.DIVERGING[dark], (0.0, 1.0)) >= 4.5


def contrast(value, scale, ends):
    """The contrast of the ink on its ground, WCAG 2.2."""
    from plotly.colors import hex_to_rgb, sample_colorscale, unlabel_rgb

    ground = unlabel_rgb(sample_colorscale(list(scale), [(value - ends[0]) / (ends[1] - ends[0])])[0])
    ink = hex_to_rgb(figures_confusion.ink(float(value), scale, ends))
    lights = sorted(figures_confusion._luminance(colour) for colour in (ground, ink))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def test_a_click_is_on_points_that_cover_every_cell():
    values = np.arange(49, dtype=float).reshape(7, 7)
    figure = figures_confusion.confusion(values, EMOTIONS, ("a", "b"), share=False, top=48, chosen=("fear", "sad"))
    points = figure.data[-1]
    assert points.type == "scatter" and len(points.x) == 49 and points.marker.opacity == 0
    texts = {(y, x): t for y, x, t in zip(points.y, points.x, points.text, strict=True)}
    assert texts["fear", "sad"] == "18"
    drawn = [np.asarray(trace.z, float) for trace in figure.data[:2]]
    np.testing.assert_array_equal(np.nansum(drawn, axis=0), values)
    assert len(figure.layout.shapes) == 1
