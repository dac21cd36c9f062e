"""The command `average-maps`: where each model looks for each emotion, over many aligned faces, right and wrong."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.average_maps import METHOD, OUTCOMES, SIDE, STUDY, Faces, Group, Study, mean_faces, pack, study
from fer_core.face_regions import region_areas, region_shares
from fer_core.predictor import BasePredictor
from fer_core.saliency import explain
from fer_core.types import EMOTIONS, Float32, Interval, Uint8
from trainers import stored_study
from trainers.crop_rule import Similarity, read, usual_places

SPLIT, MOST, SEED = "PublicTest", 100, 0
"""Which faces are averaged, at most how many a group, and the seed that draws them."""
CHUNK = 50
FACE_SIDE = 48


@dataclass(frozen=True, eq=False)
class Aligned:
    """The faces that detection found, uint8 RGB (N, 48, 48, 3), their labels uint8 (N,) and landmarks.

    `landmarks` float64 (N, 5, 2) in shares of the frame, as in `types.Face`; `places` (5, 2): where they are put.
    """

    faces: Uint8
    labels: Uint8
    landmarks: np.ndarray
    places: np.ndarray
    sha256: str

    def moved(self, picture: np.ndarray, i: int, side: int) -> np.ndarray:
        """A picture or map of face i, float (h, w), with the landmarks in their places: float32 (side, side).

        NaN beyond the picture's frame.
        """
        frame = Similarity(self.places).frame(self.landmarks[i], level=True)
        height, width = picture.shape
        step, c, s = frame.width / side, np.cos(frame.roll), np.sin(frame.roll)
        left = frame.x - step * side / 2 * (c - s)
        top = frame.y - step * side / 2 * (s + c)
        across = (width * step * c, -width * step * s, width * left)
        down = (height * step * s, height * step * c, height * top)
        image = Image.fromarray(np.asarray(picture, np.float32))
        size, how, seen = (side, side), Image.Transform.AFFINE, Image.Resampling.BILINEAR
        return np.asarray(image.transform(size, how, (*across, *down), seen, fillcolor=float("nan")))


def command(
    ids: stored_study.Ids = None,
    data: stored_study.Data = None,
    out: stored_study.Out = None,
) -> None:
    """Average Grad-CAM over PublicTest faces, by the model's answer, where it is right and where it is wrong.

    The first time detection takes some 5 minutes, kept in the cache folder; then a model takes a minute or two.
    """
    found = aligned(stored_study.images_for(ids, data, out).split(SPLIT))
    before = mean_faces(out)
    if before is None or before.data_sha256 != found.sha256:
        artifacts.save_study(STUDY, asdict(averaged(found)), root=out)
    kept = stored_study.StoredStudy(STUDY, study, summary)
    kept.make(ids, out, lambda one, tell: examine(one, found, out, tell))


def aligned(images: datasets.Dataset) -> Aligned:
    """Those of the images whose landmarks detection finds, with these landmarks and their usual places."""
    found = read(SPLIT, images.faces)
    low, side = found.frames[:, None, :2], found.frames[:, None, 2:3] - found.frames[:, None, :1]
    faces = np.repeat(images.faces[found.index][..., None], 3, axis=3)
    places = usual_places(found) if len(found.index) else np.zeros((5, 2))
    return Aligned(faces, images.labels[found.index], (found.landmarks - low) / side, places, images.sha256)


def averaged(found: Aligned) -> Faces:
    """The mean of the aligned faces of each label."""
    n, pixels = {}, {}
    for number, label in enumerate(EMOTIONS):
        rows = np.flatnonzero(found.labels == number)
        if len(rows):
            mean = _mean([found.moved(found.faces[i, :, :, 0], i, FACE_SIDE) for i in rows.tolist()])
            n[label] = len(rows)
            pixels[label] = base64.b64encode(np.rint(mean).astype(np.uint8).tobytes()).decode()
    return Faces(SPLIT, found.sha256, FACE_SIDE, n, pixels)


def examine(id: str, found: Aligned, root: Path | None = None, tell: stored_study.Steps = stored_study.silent) -> Study:
    """The study of one artifact; `tell` hears of every label."""
    predictor, groups = catalog.load(id, root), {}
    emotions = np.array([EMOTIONS.index(label) for label in predictor.labels])
    answered = emotions[predictor.predict_logits(found.faces).argmax(axis=1)] if len(found.faces) else emotions[:0]
    for number, label in enumerate(predictor.labels, start=1):
        given, right = answered == EMOTIONS.index(label), answered == found.labels
        rows = dict(zip(OUTCOMES, (given & right, given & ~right), strict=True))
        groups[label] = {name: group(predictor, found, np.flatnonzero(which), label) for name, which in rows.items()}
        tell(number, len(predictor.labels))
    return Study(artifacts.card(id, root).weights_sha256, SPLIT, len(found.faces), MOST, SEED, found.sha256, groups)


def group(predictor: BasePredictor, found: Aligned, rows: np.ndarray, label: str) -> Group:
    """The mean map, for the target `label`, of at most `MOST` of the faces in those rows."""
    chosen = np.sort(np.random.default_rng(SEED).permutation(rows)[:MOST])
    maps = _maps(predictor, found, chosen, label)
    full = [k for k, one in enumerate(maps) if np.isfinite(one).all() and one.sum() > 0]
    if not full:
        return Group(0, len(rows), len(chosen), None, {}, {})
    even = [maps[k] * (maps[k].size / maps[k].sum()) for k in full]
    mean = _mean([found.moved(one, int(chosen[k]), SIDE) for one, k in zip(even, full, strict=True)])
    points = [found.landmarks[chosen[k]] * maps[k].shape[::-1] for k in full]
    shares = [region_shares(one, p) for one, p in zip(even, points, strict=True)]
    areas = [region_areas(p, maps[0].shape) for p in points]
    return Group(
        len(full), len(rows), len(chosen) - len(full), pack(mean),
        {name: stored_study.mean([one[name] for one in shares]) for name in shares[0]},
        {name: float(np.mean([one[name] for one in areas])) for name in areas[0]},
    )  # fmt: skip


def _maps(predictor: BasePredictor, found: Aligned, rows: np.ndarray, label: str) -> list[Float32]:
    """Each face's map, as it is before it is scaled."""
    maps: list[Float32] = []
    for start in range(0, len(rows), CHUNK):
        made = explain(predictor, found.faces[rows[start : start + CHUNK]], METHOD, label)
        maps += [values * maximum for values, maximum in zip(made.values, made.maxima, strict=True)]
    return maps


def summary(id: str, result: Study) -> Table:
    """What a person at the console wants to see of the maps."""
    names = next((one.shares for groups in result.groups.values() for one in groups.values() if one.shares), {})
    table = Table("says", "and is", "n", *names, title=f"{id}: share of the map on each region, {result.split}")
    for label, groups in result.groups.items():
        for outcome, one in groups.items():
            table.add_row(label, outcome, str(one.n), *[_said(one.shares, name) for name in names])
    return table


def _said(shares: Mapping[str, Interval], name: str) -> str:
    return f"{shares[name].value:.0%} ({shares[name].low:.0%} to {shares[name].high:.0%})" if name in shares else ""


def _mean(pictures: list[np.ndarray]) -> Float32:
    """The mean of pictures (h, w) where they reach, 0 where none does."""
    stack = np.stack(pictures)
    there = np.isfinite(stack)
    total = np.where(there, stack, 0).sum(axis=0)
    return np.asarray(total / np.maximum(there.sum(axis=0), 1), np.float32)
