"""The same recipe with other seeds: which runs count, their mean and spread, where they are kept and shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts, seed_runs
from fer_core.types import DataCard
from tests.page_runs import opened, text
from tests.test_ladder import add
from tests.test_train_command import Command, command  # noqa: F401

FIRST = {"seed": 0, "title": "Mine", "optimizer": {"name": "sgd", "learning_rate": 0.1}}
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
    assert seed_runs.ids("mine", root) == ("mine-seed1", "mine-seed12")


def test_a_model_trained_once_has_no_spread(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    add(root, "once", 0.5)
    assert seed_runs.ids("once", root) == () and seed_runs.again("once", "PrivateTest", root) is None
    assert seed_runs.again("mine", "PrivateTest without copies", root) is not None
    assert seed_runs.ids("gone", tmp_path_factory.mktemp("empty")) == ()


def test_the_models_page_says_what_other_seeds_make_of_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
    said = text(opened("model", model="mine", set="PrivateTest"))
    assert "64.0% (seed 1), 65.0% (seed 12) of PrivateTest: 63.0% on average over 3 seeds" in said
    assert "standard deviation 2.6 points" in said and "of seed 0" in said
    card = seed_runs.place(root) / "mine-seed1" / "card.json"
    card.write_text("{}")
    assert "on average over" not in text(opened("model", model="mine", set="PrivateTest"))


def test_no_page_offers_such_a_run_as_a_model(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for seed in ((), ("--seed", 1), ("--seed", 2)):  # 1 is the recipe's own
        code, said = command("train", recipe, *options, *seed)
        assert code == 0, said
    assert artifacts.ids(root) == ("mine",) and seed_runs.ids("mine", root) == ("mine-seed2",)
    assert artifacts.card("mine-seed2", seed_runs.place(root)).seed == 2


def test_the_shipped_runs_belong_to_shipped_models() -> None:
    place = seed_runs.place()
    found = [run for id in artifacts.ids() for run in seed_runs.ids(id)]
    assert sorted(found) == sorted(artifacts.ids(place))
