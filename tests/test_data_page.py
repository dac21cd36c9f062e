"""The Data page with FER2013, without its pictures, and without anything."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import streamlit as st
from fer2013_builder import sample, write_csv, write_votes

from dashboard import cache, data_facts, ui_data
from dashboard.words import percent
from fer_core import artifacts, cleaning, cleaning_search, crowd, datasets, evidence
from fer_core.cleaning_search import NearSearch
from fer_core.types import EMOTIONS
from tests.page_runs import run as run_page

run = partial(run_page, "data")

pytest_plugins = ["fer2013_fixtures"]
PARTS = ("counts", "samples", "copies", "conflicts", "votes", "unusable", "augmentation")


def said(at):
    kinds = (at.title, at.markdown, at.caption, at.info, at.code)
    return "\n".join(element.value for kind in kinds for element in kind)


def known(dataset, reference):
    """What the page knows of these; something is."""
    of = data_facts.images(dataset, reference)
    assert of is not None
    return of


def pictures(at):
    return at.get("image")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nothing; no dataset but the test's own, and nothing remembered of another's."""
    monkeypatch.delenv("FER2013_PATH", raising=False)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def no_artifacts(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path / "none"))


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A FER2013 of 42 images with votes, two exact copies, one of them labelled otherwise, and a blank."""
    data = sample()
    first, second = np.flatnonzero(data.splits == 0)[:2]
    copy = int(np.flatnonzero((data.splits == 2) & (data.labels != data.labels[first]))[0])
    twin = int(np.flatnonzero((data.splits == 1) & (data.labels == data.labels[second]))[0])
    data.faces[copy], data.faces[twin], data.faces[5] = data.faces[first], data.faces[second], 0
    data.votes[7] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 9]
    path = write_csv(data, tmp_path / "fer2013.csv")
    write_votes(data, tmp_path / "fer2013new.csv")
    monkeypatch.setenv("FER2013_PATH", str(path))
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("fer_core.fer2013_rows.ENDS", np.cumsum(np.bincount(data.splits)))
    monkeypatch.setattr(datasets, "load_row_index", lambda: _index(data))
    return data


def _index(data):
    from fer_core.fer2013_rows import row_index

    return row_index(data.faces, data.labels)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_with_pictures(part, small):
    at = run(part=part)
    assert not at.exception
    assert "not on this machine" not in said(at)
    assert bool(pictures(at)) == (part not in ("counts", "votes"))


@pytest.mark.parametrize("part", PARTS)
def test_every_part_without_pictures_says_how_to_get_them(part):
    at = run(part=part)
    assert not at.exception
    assert "uv run python -m trainers data fetch" in said(at) and "FER2013_PATH" in said(at)
    assert bool(pictures(at)) == (part == "augmentation")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_without_anything(part, no_artifacts):
    at = run(part=part)
    assert not at.exception
    assert "python -m trainers data fetch" in said(at) and "python -m trainers evaluate" in said(at)


@pytest.mark.parametrize("part", PARTS)
def test_pictures_alone_are_enough(part, small, no_artifacts):
    at = run(part=part)
    assert not at.exception and "python -m trainers evaluate" in said(at)


@pytest.mark.parametrize("bad", ["", "-1", "99999999", "<b>", "nan", "Training,x"])
@pytest.mark.parametrize("part", ["nowhere", *PARTS])
def test_nothing_in_the_url_leaves_a_trace(part, bad, small):
    keys = ("split", "label", "seed", "page", "near", "voted", "row", "blank", "noface", "like", "draw", "flip",
            "rotate", "scale", "shift", "brightness", "contrast", "erase", "face-id", "shares")  # fmt: skip
    at = run(part=part, **dict.fromkeys(keys, bad))
    assert not at.exception and len(at.title) == 1


def test_counts_of_the_test_parts_need_no_pictures():
    table = run().dataframe[0].value
    reference = artifacts.reference()
    for split, number in (("PublicTest", 1), ("PrivateTest", 2)):
        part = table[table["split"] == split]
        truth = reference.truth[reference.splits == number]
        assert part["images"].tolist() == np.bincount(truth, minlength=7).tolist()
        assert part["share"].sum() == pytest.approx(1)
    assert set(table["split"]) == {"PublicTest", "PrivateTest"}


def test_counts_with_pictures_have_training_too(small):
    table = run().dataframe[0].value
    assert table["label"].tolist() == list(EMOTIONS) * 3
    assert table["images"].tolist() == [3] * 7 + [1] * 7 + [2] * 7


def test_samples_are_of_their_class_and_shuffled_by_the_seed(small):
    of = known(datasets.load(), None)
    for seed in range(3):
        places = data_facts.sample(of, "Training", "fear", seed)
        assert sorted(places) == np.flatnonzero((small.splits == 0) & (small.labels == 2)).tolist()
    at = run(part="samples", label="fear", split="PrivateTest", seed="4")
    assert "**fear**: 2 images of PrivateTest" in said(at) and len(pictures(at)) == 2


def test_copies_and_conflicts_are_those_of_fer_core(small):
    report = cleaning.inspect(datasets.load(), near=False)
    at = run(part="copies")
    assert f"**{len(report.exact)} groups**" in said(at)
    table = at.dataframe[-1].value
    assert [tuple(part["id"]) for _, part in table.groupby("group")] == list(report.exact)
    at = run(part="conflicts")
    assert len(report.conflicting) == 1 and "**1 group**" in said(at)
    assert len(pictures(at)) == len(report.conflicting[0])
    assert at.dataframe[-1].value["label"].nunique() == 2


@pytest.fixture
def with_near_copies(small, tmp_path):
    """The same with three pictures that are nearly one, as an npz without votes, which all processes read alike."""
    small.faces[3] = np.clip(small.faces[2].astype(int) + 9, 0, 255)
    small.faces[4] = np.clip(small.faces[2].astype(int) - 9, 0, 255)
    n = len(small.labels)
    here = datasets.Dataset(small.faces, small.labels, small.splits, np.arange(n, dtype=np.int32), None, "", "a test")
    place = tmp_path / "near" / "near.npz"
    place.parent.mkdir()
    datasets.save(here, place)
    return place


def test_near_copies_on_demand(with_near_copies, monkeypatch):
    monkeypatch.setenv("FER2013_PATH", str(with_near_copies))
    at = run(part="copies", near="true")
    assert not at.exception and any(button.label == "Stop" for button in at.button)
    search = cache.near_search()
    assert search is not None
    search.wait(120)
    assert search.state == "done", search.problem
    at.run()
    report = cleaning.inspect(datasets.load(), near=True)
    assert report.near == ((2, 3, 4),) and search.report == report
    assert "**1 group** of pictures" in said(at) and not any(button.label == "Stop" for button in at.button)
    st.cache_resource.clear()  # another server
    again = cache.near_search()
    assert again is not None and again.state == "done" and again.report == report
    assert "**1 group** of near copies whose labels differ: a model that answers the same" in said(
        run(part="conflicts", near="true")
    )  # to copies that differ it may answer otherwise


def test_a_search_for_near_copies_can_be_stopped_and_begun_again(with_near_copies, monkeypatch):
    monkeypatch.setenv("FER2013_PATH", str(with_near_copies))
    begin, forever = subprocess.Popen, [sys.executable, "-c", "import time; time.sleep(600)"]
    with monkeypatch.context() as slow:  # on a busy machine a search of few images ends before the page is drawn
        slow.setattr(cleaning_search.subprocess, "Popen", lambda _command, **how: begin(forever, **how))
        at = run(part="copies", near="true")
    search = cache.near_search()
    assert search is not None and search.state == "running"
    next(button for button in at.button if button.label == "Stop").click().run()
    assert search.state == "stopped" and search.report is None
    at.run()
    assert "The search was stopped at" in said(at)
    next(button for button in at.button if button.label == "Search again").click().run()
    search.wait(120)
    assert search.state == "done"


def test_a_search_that_fails_says_why(small, tmp_path, monkeypatch):
    at = run(part="copies")
    monkeypatch.setenv("FER2013_PATH", str(tmp_path / "gone.csv"))
    search = NearSearch("of another dataset")
    search.start()
    search.wait(120)
    assert search.state == "failed" and "gone.csv" in search.problem
    assert not at.exception


def test_disagreement_is_sorted_and_averages_to_fer_cores_share():
    of = known(None, artifacts.reference())
    places = data_facts.disagreement(of, ["PublicTest", "PrivateTest"])
    agree = data_facts.pair_agreement(of.votes[places])
    assert (np.diff(agree) >= 0).all()
    assert agree.mean() == pytest.approx(crowd.tagger_agreement(of.votes, bootstrap=0).share.value)
    table = run(part="votes", voted="PrivateTest").dataframe[-1].value
    expected = data_facts.disagreement(of, ["PrivateTest"])[:20]
    assert table["id"].tolist() == of.ids[expected].tolist()
    assert (table.drop(columns=["id", "label"]).fillna(0).sum(axis=1) == of.votes[expected].sum(axis=1)).all()


@pytest.mark.parametrize("split", ["PublicTest", "PrivateTest"])
def test_taggers_agreement_is_said_with_kappa_and_intervals(split):
    at, reference = run(part="votes", voted=split), artifacts.reference()
    votes = reference.votes[reference.splits == datasets.SPLITS.index(split)]
    found, words = crowd.tagger_agreement(votes), said(at)
    low, share, high = (
        f"{100 * v:.1f}\N{NO-BREAK SPACE}%" for v in (found.share.low, found.share.value, found.share.high)
    )
    assert f"**{share}** ({low} to {high})" in words
    assert f"κ **{found.kappa.value:.3f}** ({found.kappa.low:.3f} to {found.kappa.high:.3f})" in words
    assert found.share.low < found.share.value < found.share.high


@pytest.mark.parametrize("split", ["PublicTest", "PrivateTest"])
def test_one_persons_stored_confusion_is_drawn_in_shares_of_each_label(split):
    at, stored = run(part="votes", voted=split), evidence.stored_reports(evidence.PERSON)[split]
    table = next(frame.value for frame in at.dataframe if "row" in frame.value).set_index("row")
    assert list(table.index) == list(table.columns) == list(EMOTIONS)
    np.testing.assert_allclose(np.diag(table), stored.per_class.recall)
    np.testing.assert_allclose(table.sum(axis=1), 1 - stored.outside / stored.per_class.support)
    accuracy = stored.metrics["accuracy"]
    ends = f"({percent(accuracy.low, 1)} to {percent(accuracy.high, 1)})"
    assert f"**{percent(accuracy.value, 1)}** {ends} of cases, on {stored.n:,} images of {split}" in said(at)
    assert f"{percent(stored.outside.sum() / stored.n, 1)} of all answers" in said(at)
    assert len(at.get("plotly_chart")) == 2
    keys = {button.key for button in at.get("download_button")}
    assert {f"one-person-{split}-csv", f"votes-{split}-csv"} <= keys


def test_without_stored_figures_of_people_the_page_says_how_to_make_them(small, no_artifacts):
    at = run(part="votes")
    assert "How one person does is not stored yet" in said(at) and len(at.get("plotly_chart")) == 1


def test_unusable_images_are_named(small):
    text = said(run(part="unusable"))
    assert "**1 blank**" in text
    n = int((small.votes[:, 9] * 2 > small.votes.sum(axis=1)).sum())
    assert n >= 1 and f"**{n} image{'s' * (n > 1)}**" in text and f"of {len(small.labels)} that have votes here" in text


def test_where_only_test_images_have_votes_the_count_of_no_faces_says_so():
    voted = len(artifacts.reference().ids)
    assert f"taggers call no face, of {voted:,} that have votes here" in said(run(part="unusable"))


def test_votes_of_the_reference_fill_in_for_a_dataset_without_them(small, tmp_path):
    (tmp_path / "fer2013new.csv").unlink()
    dataset = datasets.load()
    rows = np.flatnonzero(small.splits > 0).astype(np.int32)
    reference = artifacts.Reference(
        rows, small.labels[rows], small.splits[rows], small.votes[rows], np.zeros(len(rows), bool)
    )
    of = known(dataset, reference)
    assert dataset.votes is None
    np.testing.assert_array_equal(of.votes[rows], small.votes[rows])
    assert not of.votes[small.splits == 0].any()
    np.testing.assert_array_equal(of.places([rows[3], 10**6, rows[1]]), rows[[3, 1]])


def test_augmentation_as_in_a_recipe_hides_the_sliders():
    id = artifacts.ids()[-1]
    (pills,) = run(part="augmentation").get("button_group")
    assert "Ensemble" not in [option.content for option in pills.proto.options]  # nothing was trained for it
    assert run(part="augmentation").slider
    at = run(part="augmentation", like=id)
    assert not at.slider and len(pictures(at)) == 16
    assert ui_data.example_face().shape == (48, 48)
