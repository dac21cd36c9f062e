"""What a model computes for a face, and what share of a chip's peak its training used."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fer_core import artifacts, catalog
from fer_core.multiply_adds import multiply_adds, of_model
from tests.page_runs import run
from trainers import peak

SHIPPED = [id for id in artifacts.ids() if artifacts.card(id).framework != "ensemble"]
TORCH = [id for id in SHIPPED if artifacts.card(id).framework == "torch"]


def by_torch(id: str) -> int:
    """The same as PyTorch counts it: two operations a multiply-add, the network run on a blank face."""
    spec = catalog.spec(artifacts.card(id).architecture)
    network = catalog.network(spec.id, 7).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, spec.input.channels, spec.input.size, spec.input.size))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("id", TORCH)
def test_the_count_is_pytorchs_own(id: str) -> None:
    assert multiply_adds(artifacts.default_root() / id / artifacts.EXPORT) == pytest.approx(by_torch(id), rel=1e-3)


def test_twins_of_two_frameworks_cost_the_same() -> None:
    keras, pytorch = (artifacts.card(f"{framework}-efficientnet-lite0") for framework in ("keras", "torch"))
    assert of_model(keras) == of_model(pytorch)


@pytest.mark.parametrize("id", SHIPPED)
def test_every_shipped_model_says_what_its_export_costs(id: str) -> None:
    assert of_model(artifacts.card(id)) == multiply_adds(artifacts.default_root() / id / artifacts.EXPORT) > 1e6


def test_an_ensemble_costs_what_its_members_do_and_views_multiply_it() -> None:
    card = artifacts.card("ensemble")
    one = of_model(card)
    assert one == sum(of_model(artifacts.card(id)) or 0 for id in card.recipe["members"])
    assert one and of_model(replace(card, recipe={**card.recipe, "test_time": "ten_crop"})) == 10 * one
    assert of_model(replace(card, recipe={**card.recipe, "test_time": "of a later version"})) is None


@pytest.mark.parametrize("content", [None, "{}", "[]", "torn"])
def test_where_no_export_says_it_nothing_is_known(content: str | None, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(artifacts.default_root() / SHIPPED[0], tmp_path / SHIPPED[0]))
    card = artifacts.card(SHIPPED[0], tmp_path)
    assert of_model(card, tmp_path)
    file = folder / artifacts.ENGINE
    file.unlink() if content is None else file.write_text(content)
    assert of_model(card, tmp_path) is None
    assert of_model(replace(card, recipe={"members": [card.id, "gone"]}), tmp_path) is None


def test_the_share_of_the_peak_by_hand() -> None:
    card = replace(artifacts.card("torch-resnet18"), device="NVIDIA H200", recipe=without_crop("torch-resnet18"))
    assert peak.share(card, 1_000_000_000, 9890.0) == pytest.approx(6e9 * 9890 / 989e12)
    cropped = replace(card, recipe=without_crop("torch-resnet18", crop=24))
    assert peak.share(cropped, 1_000_000_000, 9890.0) == pytest.approx(6e9 * 9890 / 989e12 / 4), "of a quarter's pixels"


def without_crop(id: str, crop: int = 0) -> dict[str, object]:
    """A shipped card's recipe with that crop in place of its own, and pictures of one size."""
    recipe = dict(artifacts.card(id).recipe)
    return recipe | {"augment": recipe["augment"] | {"crop": crop, "start_size": 0}}


@pytest.mark.parametrize("device", ["CPU: AMD EPYC x 2", "NVIDIA H200, then CPU: AMD EPYC x 2", "Apple M4"])
def test_no_share_is_told_where_the_peak_is_not_known(device: str, tmp_path: Path) -> None:
    card = replace(artifacts.card("torch-resnet18"), device=device)
    assert peak.share(card, 10**9, 1000.0) is None
    (tmp_path / artifacts.ENVIRONMENT).write_text('{"images_a_second": 1000.0}')
    peak.note(tmp_path, card, 10**9)
    assert json.loads((tmp_path / artifacts.ENVIRONMENT).read_text()) == {"images_a_second": 1000.0}


def test_cards_of_a_lent_gpu_have_their_share() -> None:
    trained = [id for id in SHIPPED if artifacts.card(id).device == "NVIDIA H200"]
    assert trained
    for id in trained:
        told, work = artifacts.environment(id), of_model(artifacts.card(id))
        assert work and told["share_of_peak"] == pytest.approx(
            peak.share(artifacts.card(id), work, told["images_a_second"]), abs=5e-5
        )


def test_the_leaderboard_tells_it_and_sorts_by_it() -> None:
    at = run("models", sort="work")
    table = next(frame.value for frame in at.dataframe if "initial weights" in frame.value).set_index("name")
    models = table["multiply-adds"].dropna()
    assert models.is_monotonic_increasing and len(models) == len(artifacts.ids()) and models.index[-1] == "Ensemble"
    for id in artifacts.ids():
        card = artifacts.card(id)
        assert 1e6 * models[card.title] == pytest.approx(of_model(card))


def test_a_models_page_tells_it() -> None:
    said = "\n".join(one.value for one in run("model", model="torch-vgg").markdown)
    assert "9.57 MB of weights, 469 million multiply-adds a face" in said
