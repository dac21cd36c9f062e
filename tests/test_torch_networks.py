"""The PyTorch networks: their sources' layers and parameters, freezing, Grad-CAM's layer, ImageNet weights."""

from __future__ import annotations

import urllib.error
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import ResNet18_Weights, ResNet50_Weights, VGG19_Weights, resnet50, vgg19
from torchvision.models._api import WeightsEnum

from fer_core import catalog
from trainers import recipe as recipes, run as runs
from trainers.fitting import TrainingError
from trainers.recipe import Recipe, Stage
from trainers.torch_step import freeze

TORCH = sorted(spec.id for spec in catalog.CATALOG.values() if spec.framework == "torch")
WITH_BACKBONE = [id for id in TORCH if id != "torch-native"]
KAIST = ["torch-kaist-resnet50", "torch-kaist-resnet50-deep", "torch-kaist-vgg19"]
MAPS = {
    "torch-vgg": (512, 6, 6), "torch-resnet18": (512, 6, 6), "torch-kaist-resnet50": (2048, 2, 2),
    "torch-kaist-resnet50-deep": (2048, 2, 2), "torch-kaist-vgg19": (512, 3, 3),
}  # fmt: skip
"""Channels, height and width of what Grad-CAM looks at."""


def sketch(id: str, classes: int = 7) -> nn.Module:
    """The network without memory or weights: what its shapes are is soon known."""
    with torch.device("meta"):
        network: nn.Module = catalog.network(id, classes)
    return network


def shape(network: nn.Module, channels: int, side: int) -> tuple[int, ...]:
    return tuple(network.eval()(torch.empty(2, channels, side, side, device="meta")).shape)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("id", TORCH)
def test_the_network_has_the_parameters_that_the_catalog_promises(id: str) -> None:
    assert count(sketch(id)) == catalog.spec(id).parameters


@pytest.mark.parametrize(
    ("id", "weights", "last"),
    [
        ("torch-kaist-resnet50", ResNet50_Weights.IMAGENET1K_V1, 2048),
        ("torch-kaist-vgg19", VGG19_Weights.IMAGENET1K_V1, 4096),
        ("torch-resnet18", ResNet18_Weights.IMAGENET1K_V1, 512),
    ],
)
def test_parameters_are_torchvisions_with_seven_classes_for_a_thousand(id: str, weights: Any, last: int) -> None:
    stem = 64 * (3 * 7 * 7 - 1 * 3 * 3) if id == "torch-resnet18" else 0
    published = weights.meta["num_params"] - stem
    assert catalog.spec(id).parameters == published - (last + 1) * 1000 + (last + 1) * 7


def test_the_kaist_heads_are_the_projects() -> None:
    plain, deep = (list(sketch(id).children()) for id in KAIST[:2])
    assert [type(layer) for layer in plain[2:]] == [nn.Flatten, nn.Linear]
    linear = [(layer.in_features, layer.out_features) for layer in deep if isinstance(layer, nn.Linear)]
    assert linear == [(2048, 4096), (4096, 1024), (1024, 7)]
    unit = [nn.Dropout, nn.Linear, nn.ReLU]
    assert [type(layer) for layer in deep[3:]] == [*unit, *unit, nn.Dropout, nn.Linear]
    assert {layer.p for layer in deep if isinstance(layer, nn.Dropout)} == {0.5}
    vgg = list(sketch("torch-kaist-vgg19").children())
    assert [layer.p for layer in vgg if isinstance(layer, nn.Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize("id", KAIST)
def test_the_kaist_networks_are_fed_colour_in_0_to_1_at_48_pixels(id: str) -> None:
    wants = catalog.spec(id).input
    assert (wants.size, wants.channels, wants.value_range) == (48, 3, (0.0, 1.0))


def test_torch_vgg_is_double_convolutions_each_with_norm_and_a_squeeze() -> None:
    features = next(sketch("torch-vgg").children())
    convolutions = [m for m in features.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert [m.out_channels for m in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in features.modules()) == 8
    assert sum(isinstance(m, nn.MaxPool2d) for m in features.modules()) == 3
    assert len(list(features.children())) == 4, "a block each, for stages that train the last few"


def test_torch_resnet18_keeps_the_pictures_size_at_first() -> None:
    features = next(sketch("torch-resnet18").children())
    stem = next(features.children())
    assert shape(stem, 1, 48) == (2, 64, 48, 48)
    assert not [m for m in features.modules() if isinstance(m, nn.MaxPool2d)]


@pytest.mark.parametrize("id", WITH_BACKBONE)
@pytest.mark.parametrize("side", [32, 44, 48, 97])
def test_networks_take_pictures_of_any_size(id: str, side: int) -> None:
    assert shape(sketch(id, 5), catalog.spec(id).input.channels, side) == (2, 5)


@pytest.mark.parametrize("id", MAPS)
def test_grad_cam_looks_at_the_last_maps_before_they_are_pooled(id: str) -> None:
    network, spec = sketch(id), catalog.spec(id)
    seen: list[tuple[int, ...]] = []
    layer = network.get_submodule(spec.grad_cam_layer)
    layer.register_forward_hook(lambda _m, _i, output: seen.append(tuple(output.shape[1:])))
    shape(network, spec.input.channels, spec.input.size)
    assert seen == [MAPS[id]]


@pytest.mark.parametrize("id", WITH_BACKBONE)
def test_the_first_child_is_the_backbone_and_all_after_it_the_head(id: str) -> None:
    network = sketch(id)
    backbone, *head = network.children()
    freeze(network, Stage(epochs=1, train="head"))
    assert not any(p.requires_grad for p in backbone.parameters())
    assert sum(count(part) for part in head) == sum(p.numel() for p in network.parameters() if p.requires_grad) > 0
    freeze(network, Stage(epochs=1, train="blocks", count=1))
    assert 0 < sum(p.requires_grad for p in backbone.parameters()) < len(list(backbone.parameters()))


def filled(network: nn.Module) -> nn.Module:
    """The network with each tensor full of a number of its own."""
    network = network.to_empty(device="cpu")
    for number, tensor in enumerate(network.state_dict().values()):
        tensor.fill_(number)
    return network


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, torch.Tensor]]:
    """What stands for torchvision's downloads, by architecture."""
    with torch.device("meta"):
        networks = {"ResNet50_Weights": resnet50(), "VGG19_Weights": vgg19()}
    found = {name: filled(network).state_dict() for name, network in networks.items()}
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, **_: found[type(self).__name__])
    return found


@pytest.mark.parametrize("id", KAIST)
def test_imagenet_weights_go_where_they_belong_and_the_head_stays(id: str, published: Any) -> None:
    theirs, own_head = published["VGG19_Weights" if "vgg" in id else "ResNet50_Weights"], -1.0
    network = sketch(id).to_empty(device="cpu")
    head = [network[-1]] if "vgg" in id else list(network.children())[1:]  # type: ignore[index]
    for part in head:
        for tensor in part.parameters():
            tensor.data.fill_(own_head)
    catalog.start_from_imagenet(id, network)
    assert all((tensor == own_head).all() for part in head for tensor in part.parameters())
    got = [tensor for tensor in counted(network.state_dict()) if (tensor != own_head).any()]
    kept = counted({n: t for n, t in theirs.items() if not n.startswith(("fc.", "classifier.6."))})
    assert len(got) == len(kept) > 30 and all(torch.equal(a, b) for a, b in zip(got, kept, strict=True))


def counted(state: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    return [tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")]


def test_a_resnet_with_the_published_weights_sees_what_torchvisions_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    theirs = resnet50().eval()
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, **_: theirs.state_dict())
    network = catalog.network("torch-kaist-resnet50")
    catalog.start_from_imagenet("torch-kaist-resnet50", network)
    theirs.fc = nn.Identity()
    x = torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        own = network[2](network[1](network.eval()[0](x)))
        torch.testing.assert_close(own, theirs(x))


def imagenet_recipe(architecture: str) -> Recipe:
    content = {"title": "A test", "architecture": architecture, "initial_weights": "imagenet"}
    return Recipe.model_validate(content | {"optimizer": {"learning_rate": 0.001}, "schedule": {"epochs": 1}})


@pytest.mark.parametrize("id", KAIST)
def test_without_a_network_imagenet_is_refused_with_the_way_out(
    id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no way out of this machine")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", cut)
    with pytest.raises(TrainingError, match=r"no way out of this machine.*--init random"):
        runs.begin(imagenet_recipe(id), sketch(id))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_download_that_came_damaged_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(self: object, **_: object) -> None:
        raise RuntimeError('invalid hash value (expected "0676ba61", got "00")')

    monkeypatch.setattr(WeightsEnum, "get_state_dict", damaged)
    with pytest.raises(TrainingError, match="invalid hash"):
        runs.begin(imagenet_recipe(KAIST[0]), sketch(KAIST[0]))


def test_an_architecture_without_published_weights_says_which_have_them() -> None:
    with pytest.raises(TrainingError, match="torch-kaist-vgg19"):
        runs.begin(imagenet_recipe("torch-vgg"), sketch("torch-vgg"))


@pytest.mark.parametrize(
    ("of", "id", "part", "change"),
    [
        ("torch-native-seed", "torch-native-weighted", "regularise", {"class_weights": "inverse"}),
        (
            "torch-native-two-cores",
            "torch-native-distilled-two-cores",
            "distil",
            {"teacher": "ensemble-two-cores", "share": 0.7, "temperature": 2.0},
        ),
    ],
)
def test_variants_of_the_native_network_differ_in_one_thing_alone(
    of: str, id: str, part: str, change: dict[str, Any]
) -> None:
    base, variant = (recipes.load(name)[1].model_dump() for name in (of, id))
    expected = (base[part] or {}) | change
    assert variant[part] == expected != base[part]
    for key in base.keys() - {part, "title", "limits"}:
        assert variant[key] == base[key], f"{id}.toml: {key} is not that of {of}.toml"


def test_augmented_disgust_is_the_projects_training_with_repeats_that_are_drawn_anew() -> None:
    base, variant = (recipes.network_recipe(f"torch-native-{name}")[1] for name in ("seed", "disgust"))
    differ = {key for key, value in variant.model_dump().items() if base.model_dump()[key] != value}
    assert differ == {"title", "limits", "augment", "sampling"}
    assert (variant.sampling.at_least, variant.sampling.emotions) == (3171, ("disgust",)) and variant.augment.flip


@pytest.mark.parametrize("id", ["torch-vgg", "torch-resnet18"])
def test_the_large_networks_from_scratch_have_the_course_of_the_lent_half_hour(id: str) -> None:
    _, recipe = recipes.load(id)
    assert isinstance(recipe, Recipe)
    chosen, schedule, regularise = recipe.optimizer, recipe.schedule, recipe.regularise
    assert (chosen.name, chosen.nesterov, chosen.weight_decay) == ("sgd", True, 5e-4)
    assert chosen.learning_rate == pytest.approx(0.1 * schedule.batch_size / 128)
    assert (schedule.epochs, regularise.mixup, regularise.mixup_off) == (200, 0.4, 20)
    assert (regularise.label_smoothing, regularise.ema) == (0.1, 0.999)
    wanted = {"flip": True, "rotate_degrees": 12, "scale": (0.85, 1.15), "shift": 0.12, "crop": 44}
    assert recipe.augment.model_dump() == wanted | {"brightness": 0.3, "contrast": 0.3, "erase": 0.4, "start_size": 0}


@pytest.mark.parametrize(("id", "batch"), list(zip(KAIST, (32, 128, 32), strict=True)))
def test_the_kaist_recipes_are_the_reports(id: str, batch: int) -> None:
    _, recipe = recipes.load(id)
    assert isinstance(recipe, Recipe)
    chosen = recipe.optimizer
    assert (chosen.name, chosen.nesterov, chosen.learning_rate) == ("sgd", True, 1e-3)
    assert (chosen.momentum, chosen.weight_decay, recipe.initial_weights) == (0.9, 1e-4, "imagenet")
    assert (recipe.schedule.epochs, recipe.schedule.batch_size) == (50, batch)
    assert (recipe.augment.flip, recipe.augment.rotate_degrees, recipe.augment.shift) == (True, 10, 0.1)
