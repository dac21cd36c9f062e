"""The leaderboard: stored figures, sorting, filters, fewer labels, the URL, and damaged or missing parts."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from dashboard import entries, figures_training
from dashboard.entries import Entry
from fer_core import artifacts, crowd, evidence
from fer_core.metrics import evaluate
from fer_core.types import EMOTIONS, Interval
from tests.page_runs import opened, text


def _leaderboard(at):
    return next(frame.value for frame in at.dataframe if "initial weights" in frame.value)


def _downloads(at):
    """The keys of a page's download buttons."""
    return {button.key for button in at.get("download_button")}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A copy of the artifacts that know all seven labels, to change."""
    fewer = [id for id in artifacts.ids() if artifacts.card(id).labels != EMOTIONS]
    shutil.copytree(artifacts.default_root(), tmp_path / "artifacts", ignore=shutil.ignore_patterns(*fewer))
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def _change(root, id, **values):
    path = root / id / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("images", evidence.SETS)
def test_the_leaderboard_has_the_stored_figures_of_models_and_people(images):
    table = _leaderboard(opened("models", set=images)).set_index("name")
    names = {artifacts.card(id).title: id for id in artifacts.ids()} | {t: id for id, t in evidence.PEOPLE.items()}
    assert set(table.index) == set(names)
    for name, id in names.items():
        stored = evidence.stored_reports(id)[images]
        accuracy = stored.metrics["accuracy"]
        assert table.loc[name, "accuracy"] == pytest.approx(100 * accuracy.value)
        assert table.loc[name, "95 % interval"] == f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}"
        assert table.loc[name, "macro F1"] == pytest.approx(stored.metrics["macro_f1"].value)
        assert table.loc[name, "images"] == stored.n


def test_the_page_says_that_times_of_other_machines_do_not_compare_and_who_gives_bare_labels():
    at = opened("models")
    board = next(frame for frame in at.dataframe if "initial weights" in frame.value)
    assert "different machines" in json.loads(board.proto.columns)["a face"]["help"]
    assert len({artifacts.environment(id)["processor"] for id in artifacts.ids()}) > 1
    blank = board.value[board.value["top-2"].isna()]["name"].tolist()
    assert blank == [evidence.PEOPLE[evidence.MAJORITY], evidence.PEOPLE[evidence.PERSON]]
    assert "it and the majority give bare labels" in text(at)


@pytest.mark.parametrize("images", evidence.SETS)
def test_every_accuracy_stands_beside_its_twin_without_the_copies_or_with_them(images):
    at = opened("models", set=images)
    table, split = _leaderboard(at).set_index("name"), evidence.SETS[images][0]
    other, title = (split, "with copies") if "without" in images else (f"{split} without copies", "without copies")
    names = {artifacts.card(id).title: id for id in artifacts.ids()} | {t: id for id, t in evidence.PEOPLE.items()}
    for name, id in names.items():
        twin = evidence.stored_reports(id)[other].metrics["accuracy"]
        assert table.loc[name, title] == pytest.approx(100 * twin.value)
        assert table.loc[name, f"95 % {title}"] == f"{100 * twin.low:.1f} to {100 * twin.high:.1f}"
    assert list(table.columns).index(title) == list(table.columns).index("95 % interval") + 1
    assert _downloads(at) >= {f"models-{images.replace(' ', '-')}-csv"}


def test_what_nobody_knows_is_blank():
    table = _leaderboard(opened("models")).set_index("name")
    person = table.loc[evidence.PEOPLE[evidence.PERSON]]
    for column in ("ECE", "top-2", "parameters", "multiply-adds", "weights", "a face", "open"):
        assert person[column] is None or np.isnan(person[column])


def test_sorting_lives_in_the_url_and_puts_blanks_last():
    at = opened("models", sort="parameters")
    parameters = _leaderboard(at)["parameters"].dropna()
    assert parameters.is_monotonic_increasing and len(parameters) == len(artifacts.ids())
    assert _leaderboard(at)["parameters"].isna().tolist() == [False] * len(parameters) + [True] * 3
    at.selectbox(key="sort").set_value("accuracy").run()
    table = _leaderboard(at)
    assert table[table["labels"] == 7]["accuracy"].is_monotonic_decreasing and table["labels"].is_monotonic_decreasing


def test_a_filter_lives_in_the_url():
    assert set(_leaderboard(opened("models", only="keras"))["framework"]) == {"Keras"}
    at = opened("models", only="people")
    names = next(frame.value["name"].tolist() for frame in at.dataframe if "open" in frame.value)
    assert sorted(names) == sorted(evidence.PEOPLE.values())


def test_damaged_parts_are_named_and_the_others_shown(root):
    (root / "torch-native" / "card.json").write_text("{")
    (root / "keras-native" / "metrics.json").write_text('{"PrivateTest": 3}')
    at = opened("models")
    said = "\n".join(warning.value for warning in at.warning)
    assert "torch-native" in said and "keras-native" in said
    assert "Native Keras CNN" in _leaderboard(at)["name"].tolist()
    at = opened("model", model="keras-native")
    assert "python -m trainers evaluate keras-native" in text(at)


@pytest.mark.parametrize("part", ["curves.csv", "environment.json", "metrics.json", "predictions.npz"])
def test_a_model_with_a_torn_part_still_has_its_page(root, part):
    path = root / "keras-native" / part
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if part == "predictions.npz" else b"\x00")
    at = opened("model", model="keras-native")
    assert at.title[0].value == "Native Keras CNN"
    assert len(at.warning) == 1 and "python -m trainers" in at.warning[0].value


def test_without_reference_models_stand_alone_and_the_page_says_so(root):
    shutil.rmtree(root / "reference")
    at = opened("models")
    assert {"Keras", "PyTorch"} <= set(_leaderboard(at)["framework"]) <= {"Keras", "PyTorch", "Ensemble"}
    assert "People are missing" in text(at)
    assert "cannot be told" in text(opened("model"))


def test_fewer_labels_are_marked_and_named(root):
    labels = ["happy", "sad", "surprise", "neutral"]
    y = np.arange(40) % 4
    report = evaluate(y, np.eye(4)[y], labels, bootstrap=10).to_dict()
    _change(root, "keras-native", labels=labels)
    stored = artifacts.predictions("keras-native")
    flat = np.full((len(stored.ids), 4), 0.25, np.float32)
    artifacts.save_predictions(root / "keras-native", replace(stored, probabilities=flat))
    (root / "keras-native" / "metrics.json").write_text(json.dumps({"PrivateTest": report}))
    at = opened("models")
    assert "Native Keras CNN (4 labels)" in _leaderboard(at)["name"].tolist()
    assert _leaderboard(at)["name"].tolist()[-1] == "Native Keras CNN (4 labels)", (
        "right on all, yet the task was easier"
    )
    assert "answers only happy, sad, surprise, neutral. Its figures are on the 40 images" in text(at)
    assert "on all seven do not compare" in text(opened("model", model="keras-native"))


FIVE = ("angry", "happy", "sad", "surprise", "neutral")


def _narrow(root, id, labels):
    """That artifact as a model that knows only these labels: its answers restricted, its figures evaluated anew."""
    stored, reference = artifacts.predictions(id), artifacts.reference()
    p = stored.probabilities[:, [EMOTIONS.index(label) for label in labels]].astype(np.float64)
    narrow = replace(stored, probabilities=(p / p.sum(axis=1, keepdims=True)).astype(np.float32))
    artifacts.save_predictions(root / id, narrow)
    _change(root, id, labels=list(labels))
    rater = evidence.model(artifacts.card(id, root), narrow, reference)
    reports = {name: report.to_dict() for name, report in evidence.reports(rater, reference, 20).items()}
    (root / id / "metrics.json").write_text(json.dumps(reports))


def _by_hand(labels, images):
    """Accuracy and macro F1 of every rater on the images with these labels, as if there were no others, by id."""
    reference = artifacts.reference()
    rows = evidence.mask(reference, images) & np.isin(reference.truth, [EMOTIONS.index(label) for label in labels])
    columns = [EMOTIONS.index(label) for label in labels]
    y = np.searchsorted(columns, reference.truth[rows])
    found: dict[str, tuple[float, float | None]] = {}
    raters = list(evidence.people(reference))
    cards = [artifacts.card(id) for id in artifacts.ids()]
    raters += [evidence.model(card, artifacts.predictions(card.id), reference) for card in cards]
    for rater in raters:
        if rater.probabilities is None:
            said = np.array([columns.index(a) if a in columns else -1 for a in rater.answered[rows]])
        else:
            said = rater.probabilities[rows][:, [rater.labels.index(label) for label in labels]].argmax(axis=1)
        scores = f1_score(y, said, labels=range(len(labels)), average="macro", zero_division=0)
        found[rater.id] = float((said == y).mean()), float(scores)
    votes = reference.votes[rows]
    right = crowd.emotion_votes(votes)[np.arange(len(y)), reference.truth[rows]] / votes.sum(axis=1)
    found[evidence.PERSON] = float(right.mean()), None  # its F1 is in tests/test_crowd.py
    return len(y), found


@pytest.mark.parametrize("images", ["PrivateTest", "PublicTest without copies"])
def test_models_with_fewer_labels_can_be_compared_on_the_labels_that_all_share(root, images):
    _narrow(root, "keras-native", FIVE)
    at = opened("models", set=images)
    assert "so they are not on a par" in text(at) and _compare_on(at).value == "own"
    at = opened("models", set=images, labels="shared")
    table = _leaderboard(at).set_index("name")
    n, expected = _by_hand(FIVE, images)
    names = {entry.title: entry.id for entry in [Entry(c.id, c.title, c) for c in map(artifacts.card, artifacts.ids())]}
    for name, id in (names | {title: id for id, title in evidence.PEOPLE.items()}).items():
        line = table.loc[name]
        assert line["accuracy"] == pytest.approx(100 * expected[id][0])
        assert line["images"] == n
        if expected[id][1] is not None:
            assert line["macro F1"] == pytest.approx(expected[id][1])
        low, high = (float(end) for end in line["95 % interval"].split(" to "))
        half = 196 * (expected[id][0] * (1 - expected[id][0]) / n) ** 0.5
        assert low < line["accuracy"] < high and high - low < 2.4 * half
        assert line["top-2"] is None or np.isnan(line["top-2"])
    other = evidence.other_of_split(images)
    title = "without copies" if "without" in other else "with copies"
    assert table.loc["Ensemble", title] == pytest.approx(100 * _by_hand(FIVE, other)[1]["ensemble"][0])
    left_out = int(evidence.mask(artifacts.reference(), images).sum()) - n
    assert f"**{', '.join(FIVE)}**. {n:,} images of {images}" in text(at) and f"the other {left_out:,} are" in text(at)
    assert f"Accuracy on {images}, 5 shared labels" in text(at) and "not on a par" not in text(at)
    assert table["accuracy"].is_monotonic_decreasing


def test_the_choice_of_labels_is_kept_in_the_url_and_gone_where_all_know_seven(root):
    assert "Compare on" not in _labels(opened("models", labels="shared"))
    before = _leaderboard(opened("models"))
    assert before.equals(_leaderboard(opened("models", labels="shared")))
    _narrow(root, "keras-native", FIVE)
    at = opened("models")
    _compare_on(at).set_value("shared").run()
    assert at.query_params["labels"] in ("shared", ["shared"]) and "Compared on the labels" in text(at)
    at = opened("models", labels="shared", only="people")
    assert "Compare on" not in _labels(at) and not at.info


def _labels(at):
    return [group.label for group in at.get("button_group")]


def _compare_on(at):
    return next(group for group in at.get("button_group") if group.label == "Compare on")


def test_models_that_share_too_few_labels_stay_on_their_own(root):
    _narrow(root, "keras-native", FIVE[:3])
    _narrow(root, "torch-native", FIVE[2:])
    at = opened("models", labels="shared")
    assert "share fewer than two labels" in text(at)
    assert _leaderboard(at).set_index("name").loc["Native Keras CNN (3 labels)", "images"] < 3589
    shutil.rmtree(root / "torch-native")
    shutil.rmtree(root / "reference")
    assert "Nobody has figures on PrivateTest" in text(opened("models", labels="shared"))


def test_only_calibrated_outputs_are_called_probabilities(root):
    _change(root, "keras-native", temperature=None)
    table = _leaderboard(opened("models")).set_index("name")["output"].dropna()
    assert table.pop("Native Keras CNN") == "score"
    assert set(
        table.loc[[card.title for card in map(artifacts.card, artifacts.ids()) if card.id != "keras-native"]]
    ) == {"probability"}
    assert "**scores**" in text(opened("model", model="keras-native"))
    assert "**probabilities**" in text(opened("model", model="torch-native"))


def _entry(id, correct):
    y = np.arange(70) % 7
    return Entry(id, id, report=evaluate(y, np.where(np.arange(70) < correct, y, (y + 1) % 7), EMOTIONS, bootstrap=20))


def test_dots_are_in_the_given_order_with_their_intervals():
    everyone = [_entry("a", 70), Entry("blank", "blank"), _entry("b", 35)]
    figure = figures_training.accuracy_dots(everyone, entries.commonest(everyone))
    (dots,) = figure.data
    assert list(dots.x) == [100, 50] and list(dots.y) == [0, 1]
    interval = everyone[2].metric("accuracy")
    assert dots.error_x.array[1] == pytest.approx(100 * (interval.high - 0.5))
    assert figures_training.accuracy_table(everyone)["name"].tolist() == ["a", "b"]
    assert entries.commonest(everyone) == ("angry", pytest.approx(1 / 7))


def test_blanks_come_last_in_both_directions():
    everyone = [Entry("blank", "x"), _entry("low", 10), _entry("high", 60)]
    assert [e.id for e in entries.ordered(everyone, "accuracy")] == ["high", "low", "blank"]
    assert [e.id for e in entries.ordered(everyone, "name")] == ["high", "low", "blank"]
    assert [e.id for e in entries.ordered(everyone, "parameters")] == ["blank", "low", "high"]


def test_a_report_without_numbers_has_no_dot():
    report = _entry("a", 70).report
    blank = replace(report, metrics={"accuracy": Interval(float("nan"), float("nan"), float("nan"))})
    assert Entry("a", "a", report=blank).metric("accuracy") is None


def test_people_stand_alone_where_no_model_is_here(root):
    for id in artifacts.ids():
        shutil.rmtree(root / id)
    at = opened("models")
    assert "python -m trainers train" in text(at)
    assert sorted(at.dataframe[-1].value["name"]) == sorted(evidence.PEOPLE.values())


def test_an_empty_root_shows_only_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    for page in ("models", "model"):
        at = opened(page)
        assert "python -m trainers train" in text(at)
        assert not at.dataframe and not at.selectbox
