"""What is known of one model as tables; no streamlit here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dashboard.model_words import figure, interval
from dashboard.words import points
from fer_core import evidence, test_time
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import Interval

NOT_SETTINGS = {"title", "architecture", "limits", "labels", "initial_weights"}
"""Keys of a recipe that the card says already."""
STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_variance")
"""Names that the frameworks give to what is counted over batches, not learned by gradient."""

SEVERAL_VIEWS = (
    "The mean answer over several views of each face; the network learned nothing more. Which way is best is read on "
    "PublicTest; PrivateTest is asked in that way alone. Figures elsewhere are of the face alone, unless the recipe "
    "says otherwise; time grows with the views."
)


def several_views(study: test_time.Study) -> pd.DataFrame:
    """What each way of asking comes to on PublicTest, and the chosen one on PrivateTest."""
    rows = [("PublicTest", study.n, way) for way in study.ways] + [("PrivateTest", study.private_n, study.private)]
    return pd.DataFrame(
        {
            "asked about": test_time.TITLES[way.test_time],
            "images": images,
            "n": n,
            "views": test_time.VIEWS[way.test_time],
            "accuracy": figure("accuracy", way.accuracy.value),
            "95 % interval": interval("accuracy", way.accuracy),
            "gain": _gain(way),
        }
        for images, n, way in rows
    )


def _gain(way: test_time.Way) -> str:
    if way.test_time == "none":
        return ""
    value, low, high = (points(number, True) for number in (way.gain.value, way.gain.low, way.gain.high))
    return f"{value} ({low} to {high})"


def measures(official: EvaluationReport | None, without: EvaluationReport | None) -> pd.DataFrame:
    """A row for each of `METRICS`: its values and 95 % intervals on both sets, blank where unknown, and what it is."""
    rows = []
    for key, metric in METRICS.items():
        row: dict[str, object] = {"measure": metric.title}
        for report, suffix in ((official, ""), (without, " without copies")):
            found = report.metrics.get(key) if report else None
            row |= {f"{part}{suffix}": getattr(found, part) if found else math.nan for part in ("value", "low", "high")}
        better = "Higher is better." if metric.higher_is_better else "Lower is better."
        rows.append(row | {"what it is": f"{metric.description} {better}"})
    return pd.DataFrame(rows)


def measures_in_words(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `measures` with each figure in its own format, and the two ends of an interval in one column."""
    rows = []
    for key, row in zip(METRICS, table.to_dict("records"), strict=True):
        official, without = (
            Interval(*(float(row[f"{part}{suffix}"]) for part in ("value", "low", "high")))
            for suffix in ("", " without copies")
        )
        rows.append({
            "measure": row["measure"],
            "value": None if math.isnan(official.value) else figure(key, official.value),
            "95 % interval": interval(key, official),
            "without copies": None if math.isnan(without.value) else figure(key, without.value),
            "95 % without copies": interval(key, without),
            "what it is": row["what it is"],
        })  # fmt: skip
    return pd.DataFrame(rows)


def measures_on(reports: Mapping[str, EvaluationReport], name: str) -> str:
    """The sets of that set's split with their numbers of images."""
    known = [f"{twin} ({reports[twin].n:,} images)" for twin in evidence.twins(name) if twin in reports]
    return f"On {' and '.join(known)}; intervals by bootstrap over the images."


def layers(shapes: Mapping[str, tuple[int, ...]]) -> pd.DataFrame:
    """One row a layer in natural order of the names: its weights with their shapes, and how many numbers these are."""
    parts: dict[str, dict[str, tuple[int, ...]]] = {}
    for name in sorted(shapes, key=_natural):
        layer, _, weight = name.replace("/", ".").rpartition(".")
        parts.setdefault(layer, {})[weight] = shapes[name]
    return pd.DataFrame(
        {
            "layer": layer,
            "learned": sum(int(np.prod(shape)) for weight, shape in inside.items() if weight not in STATISTICS),
            "statistics": sum(int(np.prod(shape)) for weight, shape in inside.items() if weight in STATISTICS),
            "weights": ", ".join(
                f"{weight} {' × '.join(map(str, shape))}" for weight, shape in sorted(inside.items(), reverse=True)
            ),
        }
        for layer, inside in parts.items()
    )


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def settings(recipe: Mapping[str, Any]) -> pd.DataFrame:
    """The recipe's hyper-parameters, a row each: part, name, value as text."""
    rows = list(_settings(recipe, "training"))
    return pd.DataFrame(rows, columns=["part", "setting", "value"])


def _settings(recipe: Mapping[str, Any], part: str) -> Iterator[tuple[str, str, str]]:
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _settings(value, key.replace("_", " "))
        elif key not in NOT_SETTINGS:
            yield part, key.replace("_", " "), _plain(value)


def _plain(value: Any) -> str:
    if value is None or value in ("", [], ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        numbers = len(value) == 2 and all(isinstance(v, int | float) for v in value)
        return (" to " if numbers else ", ").join(map(_plain, value))
    return str(value)


def per_class(report: EvaluationReport) -> pd.DataFrame:
    """Precision, recall, F1 and AUC of each label, 0..1, and its number of images."""
    found = report.per_class
    return pd.DataFrame(
        {
            "label": report.labels,
            "precision": found.precision,
            "recall": found.recall,
            "F1": found.f1,
            "AUC": found.auc,
            "images": found.support.round().astype(int),
        }
    )


def calibration(before: EvaluationReport, after: EvaluationReport) -> pd.DataFrame:
    """What the temperature changed: the metrics of how well outputs keep their word, smaller being better."""
    keys = [key for key in ("ece", "log_loss", "brier") if key in before.metrics and key in after.metrics]
    return pd.DataFrame(
        {
            "measure": [METRICS[key].title for key in keys],
            "before": [before.metrics[key].value for key in keys],
            "after": [after.metrics[key].value for key in keys],
            "95 % interval": [f"{after.metrics[key].low:.3f} to {after.metrics[key].high:.3f}" for key in keys],
        }
    )


def environment(found: Mapping[str, Any]) -> pd.DataFrame:
    """The machine and the libraries of the training run, a row each."""
    flat = {**{k: v for k, v in found.items() if not isinstance(v, Mapping)}, **found.get("libraries", {})}
    return pd.DataFrame([(key.replace("_", " "), str(value)) for key, value in flat.items()], columns=["what", "value"])
