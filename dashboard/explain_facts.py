"""What the Explain page asks, and what it says of the maps in tables; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.words import percent
from fer_core.face_regions import REGIONS, region_areas, region_shares
from fer_core.saliency import METHODS, SaliencyMap, Target, remark
from fer_core.saliency_checks import Agreement, Curves, Outcome, Sanity
from fer_core.types import Float32, ModelCard, Prediction

ANSWER, TRUTH = "answer", "truth"
"""Targets that depend on the model or the face: the model's own answer, and what the face is labelled."""
SECOND, NOTHING = "second", "nothing"
"""What a target may be held against: the likeliest answer but it, or nothing."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One map to be shown: which model's, by which method, for which target; `map` None until it was made.

    `relative`: the mean of several networks' maps, each divided by its own largest, so in no unit.
    """

    model: str
    method: str
    target: Target
    map: SaliencyMap | None = None
    relative: bool = False

    @property
    def values(self) -> Float32:
        """The map (H, W) in its own unit, below 0 what speaks against the target, where the method says so."""
        assert self.map is not None
        if self.map.raw is not None:
            return self.map.raw[0]
        return np.asarray(self.map.values[0] * self.map.maxima[0], np.float32)

    @property
    def maximum(self) -> float:
        """The map's raw maximum; NaN where it holds no number."""
        assert self.map is not None
        return float(self.map.maxima[0])

    @property
    def remark(self) -> str:
        """Why nothing in the map speaks for the target; "" where something may."""
        if self.map is None:
            return ""
        return remark(self.map.values[0], self.maximum, float(self.values.min(initial=0.0)))


def wish(card: ModelCard, method: str, target: Target) -> Asked:
    """The map that is wanted of a model, not made yet."""
    return Asked(
        card.id, method, target, relative=card.framework == "ensemble" and METHODS[method].needs != "predictions"
    )


def target_of(prediction: Prediction, truth: str | None, wanted: str, against: str) -> Target | None:
    """The target that is meant for this model; None where it does not know the label, or both labels are the same."""
    order = [prediction.labels[i] for i in np.argsort(-prediction.probabilities, kind="stable")]
    emotion = prediction.label if wanted == ANSWER else truth if wanted == TRUTH else wanted
    if emotion is None or emotion not in order:
        return None
    if against == NOTHING:
        return emotion
    other = next(label for label in order if label != emotion) if against == SECOND else against
    return (emotion, other) if other in order and other != emotion else None


def in_words(target: Target) -> str:
    """The target as people say it."""
    return target if isinstance(target, str) else f"{target[0]} rather than {target[1]}"


def drawn(maps: Sequence[Asked], shared: bool) -> list[Float32]:
    """Each map's values in [-1, 1] for drawing: 1 is its own largest magnitude, or where `shared` its method's here.

    Maps that are relative share no scale with those that have a unit.
    """
    tops = [float(np.abs(np.nan_to_num(one.values)).max(initial=0.0)) for one in maps]
    if shared:
        kinds = [(one.method, one.relative) for one in maps]
        largest = {kind: max(top for top, own in zip(tops, kinds, strict=True) if own == kind) for kind in kinds}
        tops = [largest[kind] for kind in kinds]
    return [np.asarray(one.values / (top or 1.0), np.float32) for one, top in zip(maps, tops, strict=True)]


def extent_in_words(one: Asked) -> str:
    """The map's largest value in its unit, and of a method with signs the least: what speaks against the target."""
    method = METHODS[one.method]
    least = f", minimum **{float(one.values.min()):.3g}**".replace("-", "\N{MINUS SIGN}") if method.signed else ""
    unit = "of 1, the mean of its members' maps, each by its own largest" if one.relative else method.unit
    return f"Maximum **{one.maximum:.3g}**{least} {unit}."


def region_table(maps: Sequence[Asked], points: Float32 | None, titles: Mapping[str, str]) -> pd.DataFrame:
    """How much of each map lies on each region of the face, 0..1, a row a map; and how large the regions are, last."""
    rows = []
    for one in maps:
        shares = region_shares(one.map.values[0], points) if one.map else {}
        rows.append(named(one, titles) | {name: shares.get(name, np.nan) for name in REGIONS})
    if maps and maps[0].map:
        shape = maps[0].map.values.shape[1:]
        areas = region_areas(points, (int(shape[0]), int(shape[1])))
        own: dict[str, object] = {"model": "The regions' own size", "method": "", "target": ""}
        rows.append(own | areas)
    return pd.DataFrame(rows)


def named(one: Asked, titles: Mapping[str, str]) -> dict[str, object]:
    """Which map it is, in words, by column."""
    return {"model": titles[one.model], "method": METHODS[one.method].title, "target": in_words(one.target)}


def places_in_words(one: Asked, points: Float32 | None) -> str:
    """Where the map's mass lies, the most first."""
    if one.map is None or one.remark:
        return ""
    shares = region_shares(one.map.values[0], points)
    return ", ".join(f"{name} {percent(share)}" for name, share in sorted(shares.items(), key=lambda s: -s[1]))


def agreement_table(found: Agreement) -> pd.DataFrame:
    """Every two methods' rank correlation, a row and a column a method."""
    table = pd.DataFrame(found.correlations, columns=list(found.names))
    table.insert(0, "method", list(found.names))
    return table


def curve_table(found: Mapping[str, tuple[str, Curves]]) -> pd.DataFrame:
    """The target's probability along the curves, 0..1: a row a map and share of the pixels."""
    rows = [
        pd.DataFrame({"map": name, "share of the pixels": curves.fractions, "insertion": curves.insertion,
                      "deletion": curves.deletion})
        for name, (_, curves) in found.items()
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def area_table(found: Mapping[str, tuple[str, Curves]]) -> pd.DataFrame:
    """The areas under the curves, 0..1, beside those of orders by chance: a row a map."""
    return pd.DataFrame(
        [
            {"map": name, "insertion": curves.insertion_area, "by chance": curves.chance_insertion_area,
             "deletion": curves.deletion_area, "by chance ": curves.chance_deletion_area}
            for name, (_, curves) in found.items()
        ]
    )  # fmt: skip


def sanity_table(studies: Mapping[str, Sanity], titles: Mapping[str, str]) -> pd.DataFrame:
    """A row a method, a column a model: whether it passes, and how alike its maps stay at the judging stages."""
    rows = []
    for id, method in METHODS.items():
        row: dict[str, object] = {"method": method.title}
        for model, found in studies.items():
            one = next((one for one in found.outcomes if one.method == id), None)
            row[titles[model]] = None if one is None or one.passed is None else said_of(one, found)
        rows.append(row)
    return pd.DataFrame(rows)


def layers_in_words(studies: Mapping[str, Sanity], titles: Mapping[str, str]) -> str:
    """How well the Grad-CAM layer of each model keeps places, of those where it was asked."""
    return "; ".join(
        f"{titles[id]} {one.places.follows:.2f} and {percent(one.places.off)} of the face "
        f"({one.places.cells[0]} × {one.places.cells[1]} cells)"
        for id, one in studies.items()
        if one.places is not None
    )


def said_of(one: Outcome, found: Sanity) -> str:
    """The verdict in words, with the largest likeness among the stages that judge."""
    late = [s.value for s, stage in zip(one.similarity, found.stages, strict=True) if 2 * stage >= found.layers]
    return f"{'✓ passes' if one.passed else '✗ fails'}, {max(late):.2f}"
