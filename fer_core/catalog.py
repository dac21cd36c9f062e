"""The table of architectures, and the way from a name to a predictor."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from fer_core import artifacts, catalog_keras, onnx_exports
from fer_core.types import EMOTIONS, InputSpec, ModelCard, ModelSpec, unknown

if TYPE_CHECKING:
    from fer_core.compiled import Precision
    from fer_core.predictor import BasePredictor

Engine = Literal["native", "compiled", "auto"]
"""What computes: the artifact's own framework, its compiled export, or the export where there is one."""
Member = Callable[[str], "BasePredictor"]
"""From a member's id to its predictor."""

_GREY_48 = InputSpec(size=48, channels=1)
_LITE0_96 = InputSpec(size=96, channels=3, mean=(127.0,), std=(128.0,))
_COLOUR_48 = InputSpec(size=48, channels=3)
_COPENHAGEN = "Krebs et al., Emotion Detection, University of Copenhagen 2024"
_KAIST = "Mammadov et al., Facial Expression Recognition Milestone Report, KAIST"
_LITE0 = "Tan and Le 2019, arXiv:1905.11946; Lite variant: Liu 2020"

_SPECS = (
    ModelSpec("torch-native", "Native PyTorch CNN", "torch", "fer_core.models.torch_native:build", _GREY_48, 599_815, "2.4", _COPENHAGEN),
    ModelSpec("torch-compact", "Compact PyTorch CNN", "torch", "fer_core.models.torch_compact:build", _GREY_48, 512_515, "0.9", "Seven Faces"),
    ModelSpec("torch-efficientnet-lite0", "EfficientNet-Lite0 (PyTorch)", "torch", "fer_core.models.torch_efficientnet_lite0:build", _LITE0_96, 3_379_975, "0.12.units.0", _LITE0, pretrained="fer_core.models.torch_efficientnet_lite0:imagenet"),
    ModelSpec("torch-vgg", "VGG with squeeze-excitation (PyTorch)", "torch", "fer_core.models.torch_vgg:build", _GREY_48, 4_777_855, "0.3", "After Simonyan and Zisserman 2015, arXiv:1409.1556"),
    ModelSpec("torch-resnet18", "ResNet-18, 3 x 3 stem (PyTorch)", "torch", "fer_core.models.torch_resnet18:build", _GREY_48, 11_171_271, "0.8", "He et al. 2016, arXiv:1512.03385"),
    ModelSpec("torch-kaist-resnet50", "ResNet-50, one linear layer (PyTorch)", "torch", "fer_core.models.torch_kaist:build_resnet50", _COLOUR_48, 23_522_375, "0.16", _KAIST, pretrained="fer_core.models.torch_kaist:imagenet_resnet50"),
    ModelSpec("torch-kaist-resnet50-deep", "ResNet-50, three linear layers (PyTorch)", "torch", "fer_core.models.torch_kaist:build_resnet50", _COLOUR_48, 36_103_239, "0.16", _KAIST, options={"hidden": (4096, 1024)}, pretrained="fer_core.models.torch_kaist:imagenet_resnet50"),
    ModelSpec("torch-kaist-vgg19", "VGG-19 (PyTorch)", "torch", "fer_core.models.torch_kaist:build_vgg19", _COLOUR_48, 139_598_919, "0.4.7", _KAIST, pretrained="fer_core.models.torch_kaist:imagenet_vgg19"),
)  # fmt: skip

CATALOG: dict[str, ModelSpec] = {spec.id: spec for spec in (*catalog_keras.SPECS, *_SPECS)}
ENSEMBLE = ModelSpec(
    "ensemble", "Ensemble", "ensemble", "", InputSpec(size=48, channels=3), 0, "", "Hansen and Salamon 1990"
)
"""What stands in an ensemble's card for an architecture; it has no network of its own, so it is not in the catalog."""


def spec(id: str) -> ModelSpec:
    """The architecture of that id; KeyError with the nearest id where there is none."""
    if id == ENSEMBLE.id:
        return ENSEMBLE
    if id not in CATALOG:
        raise KeyError(unknown("architecture", id, CATALOG))
    return CATALOG[id]


def network(id: str, classes: int = len(EMOTIONS)) -> Any:
    """A freshly built network of that architecture, in its framework's own type, logits out."""
    architecture = spec(id)
    return _function(architecture.build)(classes=classes, **architecture.options)


def start_from_imagenet(id: str, network: Any) -> None:
    """Nothing comes back; a freshly built network of that architecture has published ImageNet weights, its head apart.

    ValueError where the architecture has none; OSError or ImportError where they cannot be had on this machine.
    """
    architecture = spec(id)
    if not architecture.pretrained:
        able = [s.id for s in CATALOG.values() if s.pretrained]
        raise ValueError(f"{id!r} has no published ImageNet weights. Architectures that have: {', '.join(able)}.")
    _function(architecture.pretrained)(network)


def untrained(id: str, labels: tuple[str, ...] = EMOTIONS, seed: int = 0) -> BasePredictor:
    """A predictor with that architecture's initial weights of that seed: for training, tests and sanity checks."""
    backend = _backend(spec(id).framework)
    backend.seed(seed)
    return backend.make(spec(id), labels, network(id, len(labels)), None)


def initial(card: ModelCard) -> BasePredictor:
    """A predictor with the weights that the artifact's training began from: of its seed, or ImageNet's where it says so.

    OSError or ImportError where ImageNet weights cannot be had on this machine.
    """
    architecture = spec(card.architecture)
    backend = _backend(architecture.framework)
    backend.seed(card.seed)
    begun = network(architecture.id, len(card.labels))
    if card.initial_weights == "imagenet":
        start_from_imagenet(architecture.id, begun)
    return backend.make(architecture, card.labels, begun, None)


def load(
    id: str, root: Path | None = None, engine: Engine = "native", precision: str = "auto", member: Member | None = None
) -> BasePredictor:
    """The predictor of the artifact of that id, weights checked against its card.

    With the card's test-time augmentation, and for an ensemble with its members' predictors inside. `engine` "native"
    computes in the artifact's own framework, "compiled" in its ONNX export with that `precision`, "auto" compiled where
    there is an export, member for member; `member` gives an ensemble's members where they are loaded already. Raises
    artifacts.ArtifactError, naming the file and the remedy, where the artifact, a member or the export is absent,
    damaged or made for another architecture.
    """
    if engine not in get_args(Engine):
        raise ValueError(unknown("engine", engine, get_args(Engine)))
    card = _known(id, root)
    if card.architecture == ENSEMBLE.id:
        return ensemble(card, root, member or (lambda one: load(one, root, engine, precision)))
    if engine == "native" or (engine == "auto" and not onnx_exports.here(id, root)):
        one = _native(card, root)
    else:
        export = onnx_exports.read(id, root)
        chosen = export.chosen(precision)
        one = compiled(card, export.file(chosen), chosen, lambda: _native(card, root))
    return with_test_time(one, card.recipe.get("test_time", "none"))


def check(id: str, root: Path | None = None) -> ModelCard:
    """The card of an artifact that `load` with engine "auto" finds whole; nothing is loaded. ArtifactError as there."""
    card = _known(id, root)
    for member in _members(card, root):
        check(member, root)
    if card.architecture != ENSEMBLE.id:
        onnx_exports.read(id, root) if onnx_exports.here(id, root) else artifacts.weights(id, root)
    return card


def _known(id: str, root: Path | None) -> ModelCard:
    """The artifact's card; ArtifactError where the catalog lacks its architecture."""
    card = artifacts.card(id, root)
    if card.architecture not in (*CATALOG, ENSEMBLE.id):
        raise artifacts.ArtifactError(
            f"Artifact {id!r} is of the architecture {card.architecture!r}, which fer_core/catalog.py lacks. Put it "
            f"back there, as commit {card.commit} has it, or take the artifact's folder away."
        )
    return card


def compiled(card: ModelCard, graph: Path, precision: Precision, native: Callable[[], BasePredictor]) -> BasePredictor:
    """The predictor of an exported graph; `native` gives the one to ask for gradients, and is called when one is."""
    from fer_core.compiled import Network
    from fer_core.compiled_predictor import CompiledPredictor

    return CompiledPredictor(spec(card.architecture), card, Network(graph, precision=precision), native)


def _native(card: ModelCard, root: Path | None) -> BasePredictor:
    architecture = spec(card.architecture)
    predictor = _backend(architecture.framework).make(
        architecture, card.labels, network(architecture.id, len(card.labels)), card.temperature
    )
    weights = artifacts.weights(card.id, root)
    try:
        predictor.load_weights(weights)
    except ValueError as error:
        raise artifacts.ArtifactError(
            f"Artifact {card.id!r} does not fit {architecture.id!r}. {error} Train it again."
        ) from error
    return predictor


def with_test_time(predictor: BasePredictor, test_time: str) -> BasePredictor:
    """The predictor that answers with that test-time augmentation (`composite.TEST_TIME`); itself where it is "none"."""
    from fer_core.composite import TestTimePredictor

    return predictor if test_time == "none" else TestTimePredictor(predictor, test_time)


def ensemble(card: ModelCard, root: Path | None = None, member: Member | None = None) -> BasePredictor:
    """The predictor of an ensemble's card, members natively computed unless given; artifacts.ArtifactError where a member is absent or another one by now."""
    from fer_core.composite import EnsemblePredictor

    give = member or (lambda one: load(one, root))
    mean = EnsemblePredictor(ENSEMBLE, [give(id) for id in _members(card, root)], card.temperature)
    return with_test_time(mean, card.recipe.get("test_time", "none"))


def _members(card: ModelCard, root: Path | None) -> list[str]:
    """The ids of an ensemble's members, none of a network; ArtifactError where one is absent or another one by now."""
    promised: dict[str, str] = card.recipe.get("members_sha256", {})
    for id, sha256 in promised.items():
        if artifacts.card(id, root).weights_sha256 != sha256:
            raise artifacts.ArtifactError(
                f"Member {id!r} of {card.id!r} was trained again since. Make the ensemble again: "
                f"python -m trainers train {card.id}"
            )
    return list(promised)


def _function(name: str) -> Any:
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)


def _backend(framework: str) -> Any:
    return importlib.import_module(f"fer_core.{framework}_backend")
