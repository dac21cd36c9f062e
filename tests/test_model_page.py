"""A model's own page: its stored figures, its network, the URL, and damaged or missing parts."""

import shutil
from dataclasses import astuple, replace

import numpy as np
import pytest

from dashboard import figures_training, model_tables, model_words
from fer_core import artifacts, evidence
from fer_core.catalog import CATALOG
from fer_core.metrics import METRICS
from tests.page_runs import opened, text
from tests.test_models_page import _change, _entry, root  # noqa: F401


def _downloads(at):
    """The keys of a page's download buttons."""
    return {button.key for button in at.get("download_button")}


@pytest.mark.parametrize("id", artifacts.ids())
@pytest.mark.parametrize("images", ["PublicTest", "PrivateTest without copies"])
def test_a_models_page_has_its_stored_figures(id, images):
    at = opened("model", model=id, set=images)
    card, stored = artifacts.card(id), evidence.stored_reports(id)[images]
    assert at.title[0].value == card.title
    assert at.metric[0].value == f"{stored.metrics['accuracy'].value:.1%}".replace("%", "\N{NO-BREAK SPACE}%")
    table = next(frame.value for frame in at.dataframe if "recall" in frame.value)
    assert table["label"].tolist() == list(card.labels)
    np.testing.assert_allclose(table["recall"], stored.per_class.recall)
    np.testing.assert_array_equal(table["images"], stored.per_class.support)
    assert f"{card.parameters:,} parameters" in text(at) and card.licence in text(at)
    made = "svm " + card.recipe["svm"]["source"] if "svm" in card.recipe else f"train {id}"
    assert f"python -m trainers {made} --data fer2013.csv" in text(at)
    assert ("linear support vector machine" in text(at)) == ("svm" in card.recipe)


@pytest.mark.parametrize("images", evidence.SETS)
def test_headlines_are_given_twice(images):
    at, stored = opened("model", model="torch-native", set=images), evidence.stored_reports("torch-native")
    twin = stored[evidence.other_of_split(images)]
    line = next(said.value for said in at.markdown if "the copies that Training has**" in said.value)
    assert line.startswith("**With " if "without" in images else "**Without ") and f"{twin.n:,} images" in line
    for key in ("accuracy", "macro_f1", "top2_accuracy", "ece"):
        value, low, high = (model_words.figure(key, v) for v in astuple(twin.metrics[key]))
        name = {"macro_f1": "macro F1"}.get(key, METRICS[key].title.lower())
        assert f"{name} **{value}** ({low} to {high})" in line
    assert len(at.metric) == 4


@pytest.mark.parametrize("images", ["PublicTest", "PrivateTest without copies"])
def test_all_measures_stand_side_by_side_with_intervals_and_what_they_are(images):
    at, stored = opened("model", model="torch-native", set=images), evidence.stored_reports("torch-native")
    split = evidence.SETS[images][0]
    assert any(expander.label == "All measures" for expander in at.expander)
    table = next(frame.value for frame in at.dataframe if "what it is" in frame.value)
    assert table["measure"].tolist() == [metric.title for metric in METRICS.values()]
    for (key, metric), (_, line) in zip(METRICS.items(), table.iterrows(), strict=True):
        assert metric.description in line["what it is"]
        for name, columns in ((split, ("value", "95 % interval")),
                              (f"{split} without copies", ("without copies", "95 % without copies"))):  # fmt: skip
            value, low, high = (model_words.figure(key, v) for v in astuple(stored[name].metrics[key]))
            assert [line[column] for column in columns] == [value, f"{low} to {high}"]
    assert f"{split} ({stored[split].n:,} images)" in text(at)
    wanted = {f"{what}-torch-native-{images.replace(' ', '-')}-csv" for what in ("measures", "labels", "calibration")}
    assert _downloads(at) >= wanted | {"settings-torch-native-csv", "environment-torch-native-csv"}


def test_the_measures_to_take_along_are_numbers_and_blank_where_unknown():
    report = _entry("a", 35).report
    assert report is not None
    table = model_tables.measures(report, None)
    first, log_loss = table.to_dict("records")[0], table.to_dict("records")[list(METRICS).index("log_loss")]
    assert (first["value"], first["low"], first["high"]) == astuple(report.metrics["accuracy"])
    assert table["value without copies"].isna().all() and np.isnan(log_loss["value"])
    words = model_tables.measures_in_words(model_tables.measures(report, None))
    assert words["value"].tolist()[0] == "50.0\N{NO-BREAK SPACE}%" and not any(words["95 % without copies"])


def test_calibration_before_is_that_of_the_stored_answers(root):  # noqa: F811
    _change(root, "keras-native", temperature=1.0)
    at = opened("model", model="keras-native")
    table = next(frame.value for frame in at.dataframe if "before" in frame.value).set_index("measure")
    card, reference = artifacts.card("keras-native"), artifacts.reference()
    rater = evidence.model(card, artifacts.predictions("keras-native"), reference)
    expected = evidence.report(rater, reference, "PrivateTest", bootstrap=0).metrics["ece"].value
    assert table.loc["Calibration error", "before"] == pytest.approx(expected)


def test_an_unknown_model_in_the_url_gets_the_nearest_name():
    at = opened("model", model="keras-nativ")
    assert "Did you mean 'keras-native'?" in at.warning[0].value
    assert at.title[0].value == artifacts.card(artifacts.ids()[0]).title
    at.selectbox[0].set_value("torch-native").run()
    assert at.title[0].value == "Native PyTorch CNN" and not at.warning
    assert at.query_params["model"] in ("torch-native", ["torch-native"])


def cards():
    return [artifacts.card(id) for id in artifacts.ids()]


def test_the_curves_say_what_the_training_loss_and_accuracy_are_of():
    said = {card.id: model_words.learned_against(card) for card in cards()}
    assert "with mixed faces and softened labels," in said["torch-vgg"] and "against one of two" in said["torch-vgg"]
    taught = said["torch-native-distilled"]
    assert "with a teacher's answers," in taught and "against one of two" not in taught
    assert not said["ensemble"] and not model_words.learned_against(replace(cards()[1], recipe={}))
    assert said["torch-vgg"] in text(opened("model", model="torch-vgg"))
    assert said["torch-vgg"] not in text(opened("model", model="torch-native-distilled"))


def test_an_ensemble_names_its_members_and_has_no_layers():
    at = opened("model", model="ensemble", layers="true")
    members = artifacts.card("ensemble").recipe["members"]
    assert "Each member has its own curves." in text(at)
    assert len(members) > 1 and all(text(at).count(member) >= 2 for member in members)
    assert "nothing was trained for it" in text(at) and "does not know that architecture" not in text(at)
    assert not at.warning and not any("learned" in frame.value for frame in at.dataframe)


def test_an_ensemble_whose_member_is_gone_still_shows_its_evidence(root):  # noqa: F811
    shutil.rmtree(root / artifacts.card("ensemble").recipe["members"][0])
    assert not artifacts.has_weights("ensemble")
    at = opened("model", model="ensemble")
    assert not at.exception and at.metric and not opened("models").exception


@pytest.mark.parametrize("id", [card.id for card in cards() if card.framework != "ensemble"])
def test_the_layers_add_up_to_the_cards_parameters(id):
    at = opened("model", model=id, layers="true")
    table = next(frame.value for frame in at.dataframe if "learned" in frame.value)
    card = artifacts.card(id)
    counted = table["learned"].sum() + (table["statistics"].sum() if card.framework == "keras" else 0)
    assert counted == card.parameters


def test_without_weights_the_evidence_stays(root):  # noqa: F811
    (root / "torch-native" / "weights.safetensors").unlink()
    at = opened("model", model="torch-native", layers="true")
    assert "Its weights are not here" in text(at)
    assert at.metric and not at.warning


def test_an_architecture_that_the_catalog_lost_costs_no_page(root, monkeypatch):  # noqa: F811
    monkeypatch.delitem(CATALOG, "keras-native")
    assert "does not know that architecture" in text(opened("model", model="keras-native"))


def test_layers_are_in_natural_order_with_statistics_apart():
    table = model_tables.layers({"10.weight": (2, 3), "2.weight": (4,), "2.running_mean": (4,), "2.bias": (4,)})
    assert table["layer"].tolist() == ["2", "10"]
    assert table["learned"].tolist() == [8, 6] and table["statistics"].tolist() == [4, 0]


def test_settings_are_one_row_each():
    table = model_tables.settings(
        {"seed": 3, "distil": None, "augment": {"flip": True, "scale": [0.9, 1.1]}, "stages": [], "limits": ["a"]}
    )
    assert table.to_numpy().tolist() == [
        ["training", "seed", "3"],
        ["training", "distil", "none"],
        ["augment", "flip", "yes"],
        ["augment", "scale", "0.9 to 1.1"],
        ["training", "stages", "none"],
    ]


def test_a_taught_network_names_its_teacher_and_says_when_that_one_was_made_anew():
    card, teacher = artifacts.card("torch-compact-distilled"), artifacts.card("ensemble")
    today = replace(card, teacher_sha256=teacher.weights_sha256)
    said = model_words.taught(today, teacher)
    assert "Taught by `ensemble`" in said and "80 %" in said and "earlier" not in said
    earlier = model_words.taught(replace(card, teacher_sha256="0123456789abcdef" * 4), teacher)
    assert earlier.startswith(said) and "git log -S 0123456789abcdef -- artifacts/ensemble/card.json" in earlier
    assert "earlier" in model_words.taught(today, None), "a teacher that is gone"
    assert model_words.taught(artifacts.card("torch-compact"), None) == ""
    assert model_words.taught(card, teacher) in text(opened("model", model=card.id))


def test_curves_mark_the_epoch_that_was_kept():
    keys = ("learning_rate", "train_loss", "train_accuracy", "public_loss", "public_accuracy")
    rows = [{"epoch": float(epoch), **dict.fromkeys(keys, epoch / 10)} for epoch in range(1, 4)]
    star = figures_training.training_curves(rows, 2).data[-1]
    assert list(star.x) == [2] and list(star.y) == [20] and "2" in star.name
    assert "epoch 2 was kept" in figures_training.describe_curves(rows, 2)
