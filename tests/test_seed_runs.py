"""The same recipe with other seeds: which runs count, their mean and spread, where they are kept and shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core import artifacts, seed_runs
from fer_core.types import DataCard, remake
from tests.page_runs import opened, text
from tests.test_ladder import add, reference
from tests.test_train_command import Command, command  # noqa: F401
from trainers import recipe as recipes

FIRST: dict[str, Any] = {"seed": 0, "title": "Mine", "optimizer": {"name": "sgd", "learning_rate": 0.1}}
SECOND = {**FIRST, "seed": 1, "title": "Mine, seed 1"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A model, and two runs of it with other seeds."""
    add(tmp_path, "mine", 0.60, seed=0, recipe=FIRST)
    add(seed_runs.place(tmp_path), "mine-seed1", 0.64, seed=1, recipe=SECOND)
    add(seed_runs.place(tmp_path), "mine-seed12", 0.65, seed=12, recipe={**SECOND, "seed": 12})
    return tmp_path


def test_runs_that_differ_in_their_seed_alone_count(root: Path) -> None:
    assert seed_runs.ids("mine", root) == ("mine-seed1", "mine-seed12")
    again = seed_runs.again("mine", "PrivateTest", root)
    assert again is not None and dict(again.accuracy) == {0: 0.60, 1: 0.64, 12: 0.65}
    assert again.mean == pytest.approx(0.63) and again.spread == pytest.approx(np.std([0.60, 0.64, 0.65], ddof=1))


def test_runs_of_another_recipe_model_or_data_do_not(root: Path) -> None:
    place = seed_runs.place(root)
    other = {**SECOND, "seed": 3, "optimizer": {"name": "sgd", "learning_rate": 0.2}}
    add(place, "mine-seed3", 0.1, seed=3, recipe=other)
    add(place, "mine-five-seed4", 0.1, seed=4, recipe={**FIRST, "seed": 4})
    add(place, "mine-seed5", 0.1, seed=5, recipe={**FIRST, "seed": 5}, data=DataCard("other images", "cd" * 32, {}))
    add(place, "mine-seed6", 0.1, seed=6, recipe={**FIRST, "seed": 6}, teacher_sha256="ef" * 32)
    add(place, "mine-seed0", 0.1, seed=0, recipe=FIRST)  # the model's own seed: itself, once more
    assert seed_runs.ids("mine", root) == ("mine-seed1", "mine-seed12")


def test_what_recipes_say_only_since_a_card_was_written_makes_no_difference(root: Path) -> None:
    later = {**SECOND, "seed": 3, "preprocess": [], "distil": None, "limits": ["in other words"]}
    later["optimizer"] = {**FIRST["optimizer"], "nothing": None}
    add(seed_runs.place(root), "mine-seed3", 0.7, seed=3, recipe=later)
    assert seed_runs.ids("mine", root) == ("mine-seed1", "mine-seed12", "mine-seed3")


def unchanged() -> list[str]:
    """The shipped networks whose recipe still says what their card says."""
    found = []
    for id in (id for id in artifacts.ids() if id in recipes.available()):
        recipe, said = recipes.load(id)[1], artifacts.card(id).recipe
        if isinstance(recipe, recipes.Recipe) and recipe == recipes.Recipe.model_validate(said):
            found.append(id)
    return found


@pytest.mark.parametrize("id", unchanged())
def test_another_seed_of_a_shipped_recipe_would_count_today(id: str) -> None:
    card = artifacts.card(id)
    _, again = recipes.changed(*recipes.network_recipe(id), None, card.seed + 1)
    other = replace(card, seed=again.seed, title=again.title, recipe=again.model_dump(mode="json"))
    assert seed_runs.kind(other) == seed_runs.kind(card), "a new key of recipes has to be empty by default"


def test_most_shipped_recipes_are_those_of_their_cards() -> None:
    assert len(unchanged()) > 5, "else the test above shows little"


def test_a_damaged_run_costs_the_page_one_sentence(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    (seed_runs.place(root) / "mine-seed1" / "metrics.json").write_text("[5]")
    assert "on average over" not in text(opened("model", model="mine", set="PrivateTest"))
    with pytest.raises(artifacts.ArtifactError, match="mine-seed1"):
        seed_runs.again("mine", "PrivateTest", root)


def test_a_model_trained_once_has_no_spread(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    add(root, "once", 0.5)
    assert seed_runs.ids("once", root) == () and seed_runs.again("once", "PrivateTest", root) is None
    assert seed_runs.again("mine", "PrivateTest without copies", root) is not None
    assert seed_runs.ids("gone", tmp_path_factory.mktemp("empty")) == ()


def test_the_models_page_says_what_other_seeds_make_of_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    said = text(opened("model", model="mine", set="PrivateTest"))
    said = said.replace("\N{NO-BREAK SPACE}", " ")
    assert "64.0 % (seed 1), 65.0 % (seed 12) of PrivateTest: 63.0 % on average over 3 seeds" in said
    assert "standard deviation 2.6 points" in said and "of seed 0" in said
    card = seed_runs.place(root) / "mine-seed1" / "card.json"
    card.write_text("{}")
    assert "on average over" not in text(opened("model", model="mine", set="PrivateTest"))


def test_the_models_page_offers_no_such_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    assert artifacts.ids() == ("mine",)
    (choice,) = (box for box in opened("model").selectbox if box.label == "Model")
    assert choice.options == ["Mine · mine"]


@pytest.mark.usefixtures("tiny")
def test_another_seed_is_trained_beside_the_models(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    root = command.folder / "mine"
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    options = ("--data", command.csv, "--runs", command.folder / "runs", "--device", "cpu")
    recipe = command.recipe(epochs=1)
    for seed in ((), ("--seed", 1), ("--seed", 2), ("--seed", 3, "--out", root)):  # 1 is the recipe's own
        code, said = command("train", recipe, *options, *seed)
        assert code == 0, said
    assert artifacts.ids(root) == ("mine",) and seed_runs.ids("mine", root) == ("mine-seed2", "mine-seed3")
    assert artifacts.card("mine-seed2", seed_runs.place(root)).seed == 2


def test_evaluate_makes_their_figures_anew_too(root: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.delenv("FER2013_PATH", raising=False)
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    artifacts.save_reference(reference(), {}, root)
    place = seed_runs.place(root)
    before = seed_runs.again("mine", "PrivateTest", root)
    (place / "mine-seed1" / "metrics.json").write_text("{}")
    code, said = command("evaluate")
    assert code == 0 and "mine-seed1" in said and "mine-seed12" in said
    assert seed_runs.again("mine", "PrivateTest", root) == before


def test_the_shipped_runs_belong_to_shipped_models() -> None:
    place = seed_runs.place()
    found = [run for id in artifacts.ids() for run in seed_runs.ids(id)]
    assert sorted(found) == sorted(artifacts.ids(place))


@pytest.mark.parametrize(("id", "command"), [
    ("keras-native", "train keras-native"),
    ("keras-native-seed", "train keras-native-seed"),
    ("mine-seed12", "train mine --seed 12"),
    ("mine-scratch", "train mine --init random"),
    ("mine-scratch-seed3", "train mine --init random --seed 3"),
    ("torch-compact-svm", "svm torch-compact"),
])  # fmt: skip
def test_an_id_says_how_to_make_it_again(id: str, command: str) -> None:  # noqa: F811
    assert remake(id) == f"python -m trainers {command}"
