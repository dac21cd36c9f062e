"""Every pair of raters on the same images, as rows and as a matrix of differences; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.confusion_data import Together
from dashboard.words import percent
from fer_core.answers import Float64
from fer_core.comparison import Comparison, compare_all

ALPHA = 0.05
"""A difference is called one where Holm's p value is below this."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of the raters `ids`, the most accurate first; `accuracy` of each, 0..1, on the same `n` images.

    `found` has the comparison of a pair (i, j) of ids, i the more accurate; differences are i's accuracy less j's.
    """

    ids: tuple[str, ...]
    accuracy: Mapping[str, float]
    found: Mapping[tuple[str, str], Comparison]
    n: int


def pairs(answers: Together) -> Pairs:
    """The comparison of every two of the raters, with p values adjusted for how many pairs there are."""
    accuracy = {id: float((said == answers.y).mean()) for id, said in answers.answered.items()}
    ids = sorted(accuracy, key=accuracy.__getitem__, reverse=True)
    found = compare_all(answers.y, {id: answers.answered[id] for id in ids})
    return Pairs(tuple(ids), accuracy, found, len(answers.y))


def differences(of: Pairs) -> Float64:
    """How far each rater (row) is behind each more accurate one (column), (R, R) in -1..0; NaN elsewhere."""
    place = {id: i for i, id in enumerate(of.ids)}
    values = np.full((len(of.ids), len(of.ids)), np.nan)
    for (better, worse), one in of.found.items():
        values[place[worse], place[better]] = -one.difference.value
    return values


def certain(of: Pairs) -> np.ndarray:
    """Whether each of `differences` is one after Holm's correction, bool (R, R)."""
    place = {id: i for i, id in enumerate(of.ids)}
    values = np.zeros((len(of.ids), len(of.ids)), bool)
    for (better, worse), one in of.found.items():
        values[place[worse], place[better]] = (one.p_adjusted or 0.0) < ALPHA
    return values


def table(of: Pairs, titles: Mapping[str, str]) -> pd.DataFrame:
    """A row a pair: difference of accuracies with its paired interval in points, both p values, kappa, counts."""
    rows = [_row(titles[a], titles[b], one) for (a, b), one in of.found.items()]
    return pd.DataFrame(rows).sort_values("difference", ascending=False, ignore_index=True, kind="stable")


def order(of: Pairs) -> list[tuple[str, str]]:
    """The pairs of ids in the order of `table`."""
    return sorted(of.found, key=lambda pair: -of.found[pair].difference.value)


def _row(a: str, b: str, one: Comparison) -> dict[str, object]:
    return {
        "more accurate": a, "less accurate": b, "difference": 100 * one.difference.value,
        "low": 100 * one.difference.low, "high": 100 * one.difference.high,
        "p (Holm)": one.p_adjusted, "p (McNemar)": one.p_value, "kappa": one.kappa,
        "only first right": one.only_a, "only second right": one.only_b, "images": one.n,
    }  # fmt: skip


def described(of: Pairs, titles: Mapping[str, str]) -> str:
    """What the matrix shows, in words."""
    count = int(certain(of).sum())
    best, last = of.ids[0], of.ids[-1]
    return (
        f"Differences in accuracy of {len(of.found)} pairs on {of.n:,} images; {count} are differences after Holm's "
        f"correction. The most accurate is {titles[best]} with {percent(of.accuracy[best], 1)}, the least "
        f"{titles[last]} with {percent(of.accuracy[last], 1)}."
    )


def shown(ids: Sequence[str], accuracy: Mapping[str, float], titles: Mapping[str, str]) -> list[str]:
    """A line a rater: its number in the matrix, its title, and its accuracy."""
    return [f"{place} · {titles[id]}, {percent(accuracy[id], 1)}" for place, id in enumerate(ids, start=1)]
