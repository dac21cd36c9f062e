"""Whether a method looks at the weights: Adebayo et al. 2018, Sanity Checks for Saliency Maps, arXiv:1810.03292.

The trained weights are taken away layer by layer from the top, random ones put in their place, and the maps compared
with those of the trained network. A method whose maps hardly change draws the face, not what the network learned.
`python -m trainers sanity` makes the study of an artifact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fer_core import catalog, kept_studies
from fer_core.bootstrap import bootstrap_interval
from fer_core.predictor import BasePredictor
from fer_core.saliency.methods import METHODS, available, explain
from fer_core.saliency.words import remark
from fer_core.saliency.work import Progress, Stop, Work
from fer_core.saliency_checks.agreement import correlation
from fer_core.saliency_checks.places import Places
from fer_core.types import Float32, Interval, Uint8

STUDY = "sanity"
THRESHOLD = 0.5
"""A method fails for a model where, once half of the layers or more are random, its maps still correlate this much with
the trained network's. Set before any random network was asked: the paper shows curves and draws no line."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of the layers is random at each stage, the top one alone at the first."""


@dataclass(frozen=True)
class Outcome:
    """What became of one method's maps, stage by stage, over `n` faces.

    `similarity`: Spearman's rank correlation of the map as drawn with the trained network's, mean over faces and its
    95 % interval; `structure`: SSIM, its mean. Faces whose map of the trained network says nothing are left out; one
    whose map of a random network is flat counts as 0. `passed`: None where there was no face to judge by.
    """

    method: str
    n: int
    similarity: tuple[Interval, ...]
    structure: tuple[float, ...]
    passed: bool | None

    @property
    def heeds_target(self) -> bool | None:
        """Whether the map changes once the last layer alone is random, and with it what every emotion means."""
        return self.similarity[0].value < THRESHOLD if self.similarity else None


@dataclass(frozen=True)
class Sanity:
    """One artifact's check: `stages` say how many of how many layers were random, the first the top one alone.

    `places`: what the cells of its Grad-CAM layer read; None in checks that were made before it was asked.
    """

    weights_sha256: str
    split: str
    faces: int
    seed: int
    threshold: float
    layers: int
    stages: tuple[int, ...]
    outcomes: tuple[Outcome, ...]
    places: Places | None = None

    def failed(self, method: str) -> bool:
        """Whether the method was checked and failed."""
        return any(one.method == method and one.passed is False for one in self.outcomes)


def study(id: str, root: Path | None = None) -> Sanity:
    """The stored check of an artifact; artifacts.ArtifactError where there is none, or one of other weights."""
    return kept_studies.read(Sanity, STUDY, id, root)


def sanity(
    predictor: BasePredictor, faces: Uint8, methods: Sequence[str] | None = None, *,
    seed: int = 0, progress: Progress | None = None, stop: Stop | None = None,
) -> tuple[tuple[int, ...], tuple[Outcome, ...]]:  # fmt: skip
    """The stages and each method's outcome, for the label that the trained network gives each face of (N, h, w, 3).

    All methods that the model can answer where none is named. The predictor stays as it is: a second network of its
    architecture takes the weights. ValueError for a model that is made of others: it has no weights of its own.
    """
    if len(predictor.parts) > 1:
        raise ValueError(f"{predictor.spec.id!r} has no weights of its own: check its members.")
    trained, order = predictor.weights(), _layers(predictor.weights())
    stages = tuple(sorted({max(1, round(share * len(order))) for share in SHARES} | {max(1, len(order) - 1)}))
    twin = catalog.untrained(predictor.spec.id, predictor.labels, seed + 1)
    twin.spec = replace(
        twin.spec, grad_cam_border=0
    )  # which is there whatever the weights, and would count as likeness
    random, asked = twin.weights(), methods or available(predictor)
    random = {name: array.copy() for name, array in random.items()}
    answered = [predictor.labels[i] for i in predictor.predict_proba(faces).argmax(axis=1)]
    work = Work(progress, stop)
    work.expect((len(stages) + 1) * len(asked))
    maps: list[dict[str, Float32]] = []
    for stage in (0, *stages):
        replaced = {name for layer in order[:stage] for name in layer}
        twin.load_weights({name: random[name] if name in replaced else trained[name] for name in trained})
        maps.append({method: _maps(twin, faces, method, answered, seed, work, stop) for method in asked})
    work.finish()
    return stages, tuple(_outcome(m, [one[m] for one in maps], stages, len(order)) for m in asked)


def _layers(weights: Mapping[str, np.ndarray]) -> list[list[str]]:
    """The names of the weights, layer by layer, the top one first."""
    layers: dict[str, list[str]] = {}
    for name in weights:
        layers.setdefault(name.replace("/", ".").rpartition(".")[0], []).append(name)
    return list(layers.values())[::-1]


def _maps(
    model: BasePredictor, faces: Uint8, method: str, answered: Sequence[str], seed: int, work: Work, stop: Stop | None
) -> Float32:
    """The maps for each face's own label; a map that says nothing is 0."""
    work.step()
    found = np.zeros(faces.shape[:3], np.float32)
    for label in sorted(set(answered)):
        mine = np.flatnonzero([one == label for one in answered])
        maps = explain(model, faces[mine], method, label, seed=seed, stop=stop)
        said = [bool(remark(values, top)) for values, top in zip(maps.values, maps.maxima, strict=True)]
        found[mine] = np.where(np.array(said)[:, None, None], 0, maps.values)
    return found


def _outcome(method: str, maps: Sequence[Float32], stages: Sequence[int], layers: int) -> Outcome:
    from skimage.metrics import structural_similarity

    kept = np.flatnonzero(maps[0].any(axis=(1, 2)))
    if not len(kept):
        return Outcome(METHODS[method].id, 0, (), (), None)
    similar, structure = [], []
    for stage in maps[1:]:
        values = np.nan_to_num([correlation(maps[0][i], stage[i]) for i in kept])
        similar.append(_mean(values))
        structure.append(float(np.mean([structural_similarity(maps[0][i], stage[i], data_range=1.0) for i in kept])))
    late = [one.value for one, stage in zip(similar, stages, strict=True) if 2 * stage >= layers]
    return Outcome(method, len(kept), tuple(similar), tuple(structure), max(late) < THRESHOLD)


def _mean(values: np.ndarray) -> Interval:
    return bootstrap_interval(lambda counts: values @ counts / counts.sum(axis=0), len(values))
