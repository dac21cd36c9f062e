"""The command `crop-rule`: learn from FER2013's own pictures how it frames a face, and compare crop rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import Progress, track
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.comparison import wilson_interval
from fer_core.crop_rule import CropRule, Frame, Framing, frame as frame_of, framed
from fer_core.detection import DetectionOptions
from fer_core.predictor import BasePredictor, Faces
from fer_core.types import EMOTIONS, Interval, Uint8
from trainers import stored_study
from trainers.pasting import Readings, corners, crops, overlaps, read_back

SIDE = 96
"""Pixels that a pasted face is wide: twice FER2013's own size, where detection finds nearly all that it ever finds."""
LEARN_ON, TILTED, TILT = 3000, 600, 20.0
"""Training faces learned from; PublicTest faces shown tilted too, and by how many degrees clockwise."""
OLD, LEARNED, LEVELLED = "square of 0.95 box heights", "box and landmarks", "box and landmarks, level"
"""The rule of version 0.1, and the ways to apply the learned one."""
STUDY = "crop_rule"

Rule = Callable[[Readings, int], Frame]


@dataclass(frozen=True, eq=False)
class Similarity:
    """FER2013's usual places of the five landmarks, float64 (5, 2) in units of its frame."""

    places: np.ndarray

    def frame(self, points: np.ndarray, level: bool) -> Frame:
        """The frame that puts the landmarks (5, 2) nearest to their places, in least squares (Umeyama 1991)."""
        centre, middle = points.mean(axis=0), self.places.mean(axis=0)
        photo, model = (points - centre) @ [1, 1j], (self.places - middle) @ [1, 1j]
        turn = (model.conj() @ photo) / (model.conj() @ model).real if level else None
        scale = abs(turn) if turn is not None else float(np.linalg.norm(photo) / np.linalg.norm(model))
        place = complex(*centre) + (turn if turn is not None else scale) * complex(*(0.5 - middle))
        return Frame(place.real, place.imag, scale, scale, float(np.angle(turn)) if turn is not None else 0.0)


def command(
    ids: Annotated[list[str] | None, typer.Argument(help="artifacts to ask; all where none is named")] = None,
    data: stored_study.Data = None,
    learn_on: Annotated[int, typer.Option(min=100, help="how many Training faces to learn from")] = LEARN_ON,
    out: stored_study.Out = None,
) -> None:
    """Learn from Training how FER2013 frames a face, and compare crop rules on PublicTest.

    The first time detection takes some 5 minutes, kept in the cache folder; then a model takes a minute or two.
    """
    images = stored_study.images_for(ids, data, out)  # which knows all ids, before minutes of detection
    public = images.split("PublicTest")
    lessons, held_out = lesson(images.split("Training"), learn_on), read("PublicTest", public.faces)
    found, rules = geometry(images, lessons, held_out)
    found |= {
        "accuracy": _still_true(found, out),
        "weights": {id: _weights(id, out) for id in stored_study.models(out)},
    }
    artifacts.save_study(STUDY, found, root=out)
    tilted = read("PublicTest, tilted", public.faces[:TILTED], TILT)
    for id in ids or stored_study.models(out):
        asked = {
            "upright": (public, held_out, 0.0),
            "tilted": (public.subset(np.arange(len(public)) < TILTED), tilted, TILT),
        }
        found["accuracy"][id] = {name: accuracies(id, *one[:2], rules, out, one[2]) for name, one in asked.items()}
        artifacts.save_study(STUDY, found, root=out)
    stored_study.console.print(summary(found))
    stored_study.console.print(f"learned: {found['learned']}", markup=False)


def lesson(training: datasets.Dataset, learn_on: int = LEARN_ON) -> Readings:
    """What detection finds of some Training faces, always the same ones."""
    some = np.random.default_rng(0).choice(len(training), min(learn_on, len(training)), replace=False)
    return read("Training", training.faces[np.sort(some)])


def geometry(data: datasets.Dataset, lessons: Readings, held_out: Readings) -> tuple[dict[str, Any], dict[str, Rule]]:
    """What crop_rule.json says without any model: learned framings, errors of each rule; and the rules by name."""
    learned, places = learn(lessons), usual_places(lessons)
    rules = compared(learned, Similarity(places))
    return {
        "data": data.sha256, "side": SIDE, "used": LEVELLED if CropRule().level else LEARNED,
        "learned_from": {"split": "Training", "n": len(lessons.index)},
        "learned": {name: asdict(framing) for name, framing in learned.items()},
        "landmarks": places.round(4).tolist(),
        "held_out": {"split": "PublicTest", "n": len(held_out.index), "of": data.counts["PublicTest"]},
        "tilted": {"degrees": TILT, "of": TILTED},
        "errors": {name: errors(rule, held_out) for name, rule in rules.items()},
    }, rules  # fmt: skip


def learn(readings: Readings) -> dict[str, Framing]:
    """The framing by box and landmarks ("fer2013") and by the box alone ("box"), by Huber's robust regression (1964).

    Everything in units of the box's height, so that a large face counts no more than a small one.
    """
    boxes, points, frames = readings.boxes, readings.landmarks, readings.frames
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    centre, wanted = (boxes[:, :2] + boxes[:, 2:]) / 2, (frames[:, :2] + frames[:, 2:]) / 2
    eyes, mouth = points[:, :2].mean(axis=1), points[:, 3:].mean(axis=1)
    apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    long, side = np.linalg.norm(mouth - eyes, axis=1), frames[:, 2] - frames[:, 0]
    (width, eyes_part, face), height = _huber([w / h, apart / h, long / h], side / h)
    (across,), _ = _huber([(eyes - centre)[:, 0] / h], (wanted - centre)[:, 0] / h)
    (down,), below = _huber([(eyes - centre)[:, 1] / h], (wanted - centre)[:, 1] / h)
    full = Framing(width, height, eyes_part, face, across, down, below)
    (box_width,), box_height = _huber([w / h], side / h)
    box = Framing(box_width, box_height, 0, 0, 0, 0, float(np.median((wanted - centre)[:, 1] / h)))
    return {name: _rounded(framing) for name, framing in (("fer2013", full), ("box", box))}


def usual_places(readings: Readings) -> np.ndarray:
    """The medians of the landmarks' places in FER2013's frame, float64 (5, 2), made the same left and right."""
    low, side = readings.frames[:, None, :2], readings.frames[:, None, 2:3] - readings.frames[:, None, :1]
    places = np.median((readings.landmarks - low) / side, axis=0)
    mirrored = np.stack([1 - places[[1, 0, 2, 4, 3], 0], places[[1, 0, 2, 4, 3], 1]], axis=1)
    return (places + mirrored) / 2


def compared(learned: Mapping[str, Framing], usual: Similarity) -> dict[str, Rule]:
    """The rules to compare, by name; FER2013's own frame is the ceiling."""

    def by(rule: CropRule) -> Rule:
        return lambda found, i: frame_of(_box(found, i), found.landmarks[i], rule)

    return {
        "FER2013's own frame": lambda found, i: _own(found, i),
        OLD: by(CropRule(0.95, "square", level=False)),
        "tight box": by(CropRule(1.0, "tight", level=False)),
        "box, learned": lambda found, i: framed(_box(found, i), None, learned["box"]),
        "landmarks": lambda found, i: usual.frame(found.landmarks[i], level=False),
        "landmarks, level": lambda found, i: usual.frame(found.landmarks[i], level=True),
        LEARNED: lambda found, i: framed(_box(found, i), found.landmarks[i], learned["fer2013"]),
        LEVELLED: lambda found, i: framed(
            _box(found, i), found.landmarks[i], learned["fer2013"], _roll(found.landmarks[i])
        ),
    }


def errors(rule: Rule, readings: Readings) -> dict[str, Any]:
    """How far the rule's frames are from FER2013's own: mean IoU with interval; medians of the other errors.

    `centre` in sides of FER2013's frame, `scale` as the factor that the side is wrong by. A roll is left out.
    """
    frames = [rule(readings, i) for i in range(len(readings.index))]
    found, own = corners(frames), readings.frames
    iou = np.array([overlaps(a[None], b[None])[0, 0] for a, b in zip(found, own, strict=True)])
    side = own[:, 2] - own[:, 0]
    centre = np.linalg.norm((found[:, :2] + found[:, 2:] - own[:, :2] - own[:, 2:]) / 2, axis=1) / side
    sides = np.sqrt((found[:, 2:] - found[:, :2]).prod(axis=1))
    return {
        "iou": _numbers(stored_study.mean(iou)),
        "iou_p10": round(float(np.percentile(iou, 10)), 4),
        "centre": round(float(np.median(centre)), 4),
        "scale": round(float(np.exp(np.median(np.abs(np.log(sides / side))))), 4),
    }


def accuracies(
    id: str, images: datasets.Dataset, readings: Readings, rules: Mapping[str, Rule], root: Path | None, angle: float
) -> dict[str, Any]:
    """A model's accuracy on the found faces as each rule cuts them, and the paired difference from the old rule.

    With intervals; `n` is the number of faces with one of the model's labels.
    """
    predictor, labels = catalog.load(id, root), images.labels[readings.index]
    knows = np.isin(labels, [EMOTIONS.index(label) for label in predictor.labels])
    right = {}
    for name, rule in track(rules.items(), id, console=stored_study.console, transient=True):
        cut = list(crops(images.faces, SIDE, readings, partial(rule, readings), angle))
        right[name] = answered_right(predictor, cut, labels)[knows]
    old = right[OLD].astype(float)
    accuracy = {name: _numbers(wilson_interval(int(hit.sum()), len(hit))) for name, hit in right.items()}
    above = {name: _numbers(stored_study.mean(hit - old)) for name, hit in right.items()}
    return {"n": int(knows.sum())} | {name: {"accuracy": accuracy[name], "above_old": above[name]} for name in right}


def answered_right(predictor: BasePredictor, crops: Faces, labels: Uint8) -> np.ndarray:
    """Whether the predictor answers each crop with its label, bool (N,)."""
    emotions = np.array([EMOTIONS.index(label) for label in predictor.labels])
    return emotions[predictor.predict_logits(crops).argmax(axis=1)] == labels


def read(what: str, faces: Uint8, angle: float = 0.0) -> Readings:
    """What detection finds of the faces as photos of `SIDE` pixels a face would show them, with a bar meanwhile."""
    with Progress(console=stored_study.console, transient=True) as bars:
        task = bars.add_task(f"detecting {what}", total=len(faces))
        return read_back(faces, SIDE, DetectionOptions(), angle, lambda n: bars.advance(task, n))


def _huber(features: Sequence[np.ndarray], wanted: np.ndarray) -> tuple[list[float], float]:
    """The coefficients and the constant of a robust linear regression."""
    from sklearn.linear_model import HuberRegressor

    fitted = HuberRegressor(epsilon=1.1, alpha=1e-6, max_iter=2000).fit(np.stack(features, axis=1), wanted)
    return [float(c) for c in fitted.coef_], float(fitted.intercept_)


def _rounded(framing: Framing) -> Framing:
    return replace(framing, **{name: round(float(value), 3) for name, value in asdict(framing).items()})


def _box(readings: Readings, i: int) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = readings.boxes[i].tolist()
    return x1, y1, x2, y2


def _own(readings: Readings, i: int) -> Frame:
    x1, y1, x2, y2 = readings.frames[i].tolist()
    return Frame((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)


def _roll(points: np.ndarray) -> float:
    (x1, y1), (x2, y2) = points[:2]
    return float(np.arctan2(y2 - y1, x2 - x1))


def _numbers(interval: Interval) -> list[float]:
    return [round(v, 4) for v in (interval.value, interval.low, interval.high)]


def _still_true(found: Mapping[str, Any], root: Path | None) -> dict[str, Any]:
    """The accuracies stored before, of those artifacts whose weights are the same, where the rules are the same too."""
    try:
        before = artifacts.study(STUDY, root=root)
    except artifacts.ArtifactError:
        return {}
    if any(before.get(key) != found[key] for key in ("data", "learned", "landmarks", "held_out", "tilted")):
        return {}
    same = {id for id in stored_study.models(root) if before.get("weights", {}).get(id) == _weights(id, root)}
    return {id: accuracy for id, accuracy in before["accuracy"].items() if id in same}


def _weights(id: str, root: Path | None) -> str:
    return artifacts.card(id, root).weights_sha256


def summary(found: Mapping[str, Any]) -> Table:
    """What a person at the console wants to see of the study."""
    asked = [(id, name) for id, by_set in found["accuracy"].items() for name in by_set]
    table = Table("rule", "IoU", "centre", "scale", *[f"{id}, {name}: above the old" for id, name in asked])
    for rule, error in found["errors"].items():
        gains = [found["accuracy"][id][name][rule] for id, name in asked]
        table.add_row(
            rule, f"{error['iou'][0]:.3f}", f"{error['centre']:.3f}", f"{error['scale']:.3f}",
            *[f"{g['accuracy'][0]:.1%} ({g['above_old'][0]:+.1%}, {g['above_old'][1]:+.1%} to {g['above_old'][2]:+.1%})"
              for g in gains],
        )  # fmt: skip
    return table
