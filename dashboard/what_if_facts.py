"""What the What if page says in tables; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from dashboard.words import percent
from fer_core.disturbances import DISTURBANCES
from fer_core.types import Interval, Prediction
from fer_core.what_if import Point, Study

MEASURES = {"flips": "Label changes", "accuracy": "Accuracy"}
"""What a curve shows: the share of faces whose label is another one than undisturbed, or the accuracy."""


def measured(point: Point, measure: str) -> Interval:
    """A point's value, by a key of `MEASURES`."""
    return point.flips if measure == "flips" else point.accuracy


def answers(before: Mapping[str, Prediction], now: Mapping[str, Prediction], titles: Mapping[str, str]) -> pd.DataFrame:
    """A row a model: its answer to the face as it is and disturbed, the percent of each, whether the label changed."""
    return pd.DataFrame(
        [
            {
                "model": titles[id], "as it is": before[id].label, "percent before": 100 * before[id].confidence,
                "disturbed": one.label, "percent": 100 * one.confidence,
                "label": "changed" if one.label != before[id].label else "the same",
            }
            for id, one in now.items()
        ]
    )  # fmt: skip


def curve_table(studies: Mapping[str, Study], titles: Mapping[str, str], disturbance: str) -> pd.DataFrame:
    """Every figure of a disturbance's curves, a row a model and strength; shares 0..1."""
    rows: list[dict[str, object]] = []
    for id, study in studies.items():
        for point in study.curve(disturbance):
            row: dict[str, object] = {"model": titles[id], DISTURBANCES[disturbance].unit: point.strength}
            for name, one in ((MEASURES[key], measured(point, key)) for key in MEASURES):
                row |= {name: one.value, f"{name}, low": one.low, f"{name}, high": one.high}
            rows.append(row | {f"says {label}": n for label, n in zip(study.labels, point.answers, strict=True)})
    return pd.DataFrame(rows)


def spoken(study: Study, disturbance: str, measure: str) -> str:
    """A model's curve in words: its ends and the undisturbed faces."""
    points = study.curve(disturbance)
    shown = [points[0], *([study.plain] if points[0].strength < 0 else []), points[-1]]
    return ", ".join(f"{percent(measured(one, measure).value)} at {one.strength:g}" for one in shown)


def strongest(studies: Mapping[str, Study], titles: Mapping[str, str]) -> pd.DataFrame:
    """For each disturbance and model, the share of labels that its strongest steps change, in percent."""
    rows = []
    for name, one in DISTURBANCES.items():
        row: dict[str, object] = {
            "disturbance": one.title,
            "at most": f"{(most := max(map(abs, one.tried))):g}",
            "unit": one.unit,
        }
        for id, study in studies.items():
            row[titles[id]] = 100 * max(p.flips.value for p in study.curves[name] if abs(p.strength) == most)
        rows.append(row)
    return pd.DataFrame(rows)
