"""The Face size page: its figures are the studies', its choices live in the URL, and nothing in the URL breaks it."""

import json
import shutil
from dataclasses import asdict, replace
from functools import partial

import pytest
from collection_cases import collection

from dashboard import cache, figures_size, looks, ui_size
from fer_core import artifacts, collection_edit
from fer_core.crop_rule import DEFAULT_RULE
from fer_core.face_size import Size, Study, size_of, study
from fer_core.types import Interval
from tests.page_runs import run as run_page, text

run = partial(run_page, "face_size")

SOME = Interval(0.6, 0.58, 0.62)
IDS = ("keras-native", "torch-native")
SHIPPED = artifacts.default_root()


def size(side, value, loss):
    around = Interval(value, value - 0.02, value + 0.02)
    return Size(side, 200, 150, 2, around, Interval(loss, loss - 0.01, loss + 0.01), replace(around, value=value - 0.1, low=value - 0.12), SOME)  # noqa: E501  # fmt: skip


STUDIES = {
    "keras-native": Study(
        "", str(DEFAULT_RULE), "PublicTest", 200, SOME, (size(20, 0.4, 0.2), size(30, 0.57, 0.03), size(48, 0.6, 0.0))
    ),
    "torch-native": Study(
        "", str(DEFAULT_RULE), "PublicTest", 200, SOME, (size(20, 0.3, 0.3), size(30, 0.4, 0.2), size(48, 0.5, 0.1))
    ),
}
GAINS = {"upright": {"n": 9} | {
    name: {"accuracy": [0.5, 0.4, 0.6], "above_old": [gain, gain - 0.01, gain + 0.01]}
    for name, gain in (("old", 0.0), ("learned", 0.02))}}  # fmt: skip
RULES = {
    "side": 96, "used": "learned", "learned_from": {"n": 2630}, "held_out": {"n": 3149},
    "errors": {name: {"iou": [0.7, 0.6, 0.8], "centre": 0.05, "scale": 1.1} for name in ("old", "learned")},
    "accuracy": {"keras-native": GAINS},
    "weights": {id: artifacts.card(id, SHIPPED).weights_sha256 for id in IDS},
}  # fmt: skip


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The two artifacts' cards, without any study."""
    for id in IDS:
        (tmp_path / id).mkdir()
        shutil.copy(SHIPPED / id / "card.json", tmp_path / id)
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def asked(root):
    """The same with a study of each, and one of the crop rules."""
    for id, found in STUDIES.items():
        artifacts.save_study("face_size", asdict(replace(found, weights_sha256=artifacts.card(id).weights_sha256)), id)
    artifacts.save_study("crop_rule", RULES)
    return root


def test_without_studies_the_page_shows_both_commands(root):
    at = run()
    assert not at.exception
    assert "python -m trainers face-size" in text(at) and "python -m trainers crop-rule" in text(at)
    assert not at.dataframe


def test_two_models_of_one_title_are_told_apart(asked):
    artifacts.save_study("crop_rule", RULES | {"accuracy": dict.fromkeys(IDS, GAINS)})
    for id in IDS:
        card = json.loads((asked / id / "card.json").read_text())
        (asked / id / "card.json").write_text(json.dumps(card | {"title": "Twin"}))
    at = run()
    assert not at.exception
    verdicts, rules = at.dataframe[0].value, at.dataframe[-1].value
    assert list(verdicts["model"]) == ["Twin (keras-native)", "Twin (torch-native)"]
    assert {"Twin (keras-native), %", "Twin (torch-native), %"} <= set(rules.columns)


def test_the_verdicts_are_the_studies(asked):
    at = run()
    assert not at.exception
    table = at.dataframe[0].value.set_index("model")
    titles = {id: artifacts.card(id).title for id in IDS}
    assert table.loc[titles["keras-native"], "trusted from, pixels"] == 30
    assert table["trusted from, pixels"].isna()[titles["torch-native"]]
    assert table.loc[titles["torch-native"], "30 px"] == pytest.approx(40)
    lost = next(size.loss for size in study("keras-native").sizes if size.side == 30)
    said = f"{100 * lost.value:.1f} ({100 * lost.low:.1f} to {100 * lost.high:.1f})"
    assert table.loc[titles["keras-native"], figures_size.LOST] == said.replace("-", "−")
    assert table[figures_size.LOST].isna()[titles["torch-native"]] and "the next size is the safe one" in text(at)
    assert "200 faces" in text(at) and "PublicTest" in text(at)


def test_the_figures_table_has_a_row_a_model_and_size(asked):
    table = run().dataframe[1].value
    assert len(table) == 6 and table["found share"].unique().tolist() == [0.75]
    assert table["lost"].tolist() == [0.2, 0.03, 0.0, 0.3, 0.2, 0.1]


def test_the_choices_live_in_the_url(asked):
    at = run(models="torch-native", of="all")
    assert not at.exception and at.pills[0].value == ["torch-native"]
    assert len(at.dataframe[0].value) == 2 and len(at.dataframe[1].value) == 3  # whom to trust is said of all
    assert run(models="torch-native", of="all").button_group[-1].value in ("all", ["all"])


@pytest.mark.parametrize("query", [{"models": "nobody"}, {"of": "some"}, {"models": ["", "x"], "of": ""}])
def test_a_bad_url_is_never_a_trace(asked, query):
    assert not run(**query).exception


def test_of_many_models_the_most_accurate_are_drawn_first(asked, monkeypatch):
    monkeypatch.setattr(ui_size, "AT_FIRST", 1)
    ranked = sorted(IDS, key=lambda one: artifacts.metrics(one, SHIPPED)["PublicTest"]["metrics"]["accuracy"][0])
    for id, other in zip(IDS, ranked, strict=True):  # so that the second is the better one
        shutil.copy(SHIPPED / other / "metrics.json", asked / id)
    best = max(IDS, key=lambda one: artifacts.metrics(one)["PublicTest"]["metrics"]["accuracy"][0])
    at = run()
    assert best == IDS[1] and at.pills[0].value == [best]
    assert set(at.dataframe[1].value["model"]) == {artifacts.card(best).title}
    assert len(at.dataframe[0].value) == 2


def test_no_model_chosen(asked):
    at = run()
    at.pills[0].set_value([]).run()
    assert not at.exception and "at least one model" in text(at)


def test_a_model_of_fewer_labels_is_said_to_be_judged_on_fewer_faces():
    own, all_seven = study("keras-native-five"), study("torch-native")
    at = run(models=["keras-native-five", "torch-native"])
    assert not at.exception and own.n < all_seven.n
    assert f"its accuracy there on all {all_seven.n:,} faces" in text(at).replace("\n", " ")
    assert f"on the {own.n:,} faces with these labels, so they are not on a par" in text(at)


def test_a_model_without_a_study_is_named(asked):
    (asked / "torch-native" / "face_size.json").unlink()
    at = run()
    assert f"Not asked yet: {artifacts.card('torch-native').title}" in text(at)
    assert len(at.dataframe[0].value) == 1


def test_the_rules_are_compared(asked):
    table = run().dataframe[-1].value.set_index("rule")
    title = artifacts.card("keras-native").title
    assert table.loc["learned", f"{title}, against the old rule"] == "+2.0 (+1.0 to +3.0)"
    assert table.loc["old", f"{title}, %"] == 50


def test_a_model_that_was_trained_anew_since_is_left_out_of_the_rules(asked):
    weights = {"keras-native": artifacts.card("keras-native").weights_sha256, "torch-native": "0" * 64}
    artifacts.save_study("crop_rule", RULES | {"accuracy": dict.fromkeys(IDS, GAINS), "weights": weights})
    columns = run().dataframe[-1].value.columns
    titles = [artifacts.card(id).title for id in IDS]
    assert f"{titles[0]}, %" in columns and not any(titles[1] in column for column in columns)


def test_the_rules_promise_no_accuracies_where_every_model_was_trained_anew_since(asked):
    assert "points of accuracy" in text(run())
    artifacts.save_study("crop_rule", RULES | {"weights": dict.fromkeys(IDS, "0" * 64)})
    at = run()
    assert list(at.dataframe[-1].value.columns) == ["rule", "overlap (IoU)", "centre, sides"]
    assert "points of accuracy" not in text(at) and "python -m trainers crop-rule" in text(at)


def test_the_curves_are_what_is_counted():
    titles = {id: id for id in IDS}
    drawn = {of: figures_size.accuracy(STUDIES, titles, looks.looks(IDS, IDS), of) for of in figures_size.COUNTED}
    assert drawn["found"].data[0].y == (0.4, 0.57, 0.6) and drawn["all"].data[0].y == pytest.approx((0.3, 0.47, 0.5))
    assert drawn["found"].data[0].error_y.array == pytest.approx((0.02,) * 3)
    assert drawn["found"].data[1].y == (0.6, 0.6)  # on FER2013's own pictures
    assert figures_size.detection(STUDIES["keras-native"]).data[0].y == (0.75,) * 3


def test_the_users_own_faces_that_are_too_small_are_shown(asked):
    made = collection_edit.renamed(collection(("a.png",)), "*Test*")
    made = collection_edit.draw(made, made.photos[0].sha256, (5, 70, 19, 88))  # one without landmarks, smaller than 30
    id = cache.new_work_id()
    cache.works().put(id, made)
    small = [face for face in made.faces if size_of(face.face) < 30]
    assert len(small) > 0 and size_of(made.faces[-1].face) < 20
    at = run(work=id)
    assert not at.exception
    assert r"4 of 4 faces in “\*Test\*” are" in text(at)  # torch-native is trusted at no size
    table = at.dataframe[0].value.set_index("model")["faces too small"]
    titles = {id: artifacts.card(id).title for id in IDS}
    assert table.to_dict() == {titles["keras-native"]: len(small), titles["torch-native"]: 4}
    assert r"4 of 4 faces in “\*Test\*” are" in text(run(work=id, models="keras-native"))  # whatever is drawn
    (asked / "torch-native" / "face_size.json").unlink()
    at = run(work=id)
    assert f"{len(small)} of 4 faces" in text(at) and "Your photos" in [head.value for head in at.subheader]
