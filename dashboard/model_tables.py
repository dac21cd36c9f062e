"""What is known of one model as words and as tables; no streamlit here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dashboard.entries import FRAMEWORK_WORDS
from fer_core import evidence, test_time
from fer_core.catalog import CATALOG
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import EMOTIONS, Interval, ModelCard

NOT_SETTINGS = {"title", "architecture", "limits", "labels", "initial_weights"}
"""Keys of a recipe that the card says already."""
STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_variance")
"""Names that the frameworks give to what is counted over batches, not learned by gradient."""

SEVERAL_VIEWS = (
    "The mean answer over several views of each face; the network learned nothing more. Which way is best is read on "
    "PublicTest; PrivateTest is asked in that way alone. Figures elsewhere are of the face alone, unless the recipe "
    "says otherwise; time grows with the views."
)
HEADLINES = ("accuracy", "macro_f1", "top2_accuracy", "ece")
"""The figures that matter most, of `METRICS`."""


def output_word(card: ModelCard) -> str:
    """Whether a model's outputs may be called probabilities: only where it was calibrated."""
    return "score" if card.temperature is None else "probability"


def in_words(card: ModelCard, initial_weights: str) -> str:
    """The card as a few sentences."""
    labels = "all seven labels" if card.labels == EMOTIONS else f"only {', '.join(card.labels)}"
    images = card.data.images.get("Training")
    count = f"{images:,} images of " if images is not None else ""
    calibrated = "Its outputs were never calibrated, so they are **scores**."
    if card.temperature is not None:
        calibrated = f"It was calibrated with temperature {card.temperature:.2f}, so its outputs are **probabilities**."
    if card.framework == "ensemble":
        return (
            f"The unweighted mean of the answers of {', '.join(members(card))}, with {card.parameters:,} parameters in "
            f"all; nothing was trained for it. It knows {labels}. {calibrated}"
        )
    return (
        f"A {FRAMEWORK_WORDS[card.framework]} network with {card.parameters:,} parameters. "
        f"Initial weights: {initial_weights}. "
        f"Trained on {count}{card.data.name} for {card.epochs} epoch{'s' * (card.epochs != 1)}, "
        f"in {minutes(card.seconds)} on “{card.device}”; epoch {card.best_epoch} was kept, the best on PublicTest. "
        f"It knows {labels}. {calibrated}"
    )


def members(card: ModelCard) -> list[str]:
    """The ids of an ensemble's members; none for a single network."""
    return list(card.recipe.get("members", ()))


def figure(key: str, value: float) -> str:
    """A value of one of `METRICS` as people read it."""
    return f"{value:{METRICS[key].format}}".replace("%", " %")


def interval(key: str, found: Interval | None) -> str:
    """An interval of one of `METRICS` as people read it; nothing where there is none."""
    if found is None or math.isnan(found.low):
        return ""
    return f"{figure(key, found.low)} to {figure(key, found.high)}"


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
    value, low, high = (f"{100 * number:+.1f}" for number in (way.gain.value, way.gain.low, way.gain.high))
    return f"{value} ({low} to {high})"


def on_twin(report: EvaluationReport, name: str) -> str:
    """The headlines on a set in one line, with their intervals and the set's name."""
    known = [(key, report.metrics[key]) for key in HEADLINES if key in report.metrics]
    said = [f"{_within(METRICS[key].title)} **{figure(key, v.value)}** ({interval(key, v)})" for key, v in known]
    how = "Without" if evidence.SETS[name][1] else "With"
    return f"**{how} the copies that Training has**, {report.n:,} images: {', '.join(said)}."


def _within(title: str) -> str:
    """A title inside a sentence."""
    return title[0].lower() + title[1:]


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


def minutes(seconds: float) -> str:
    """A duration for people, of the size that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def architecture(card: ModelCard) -> list[str]:
    """The architecture in a few lines: input, source, size; fewer where the catalog no longer knows it."""
    lines = [
        f"**Architecture:** `{card.architecture}`, {card.parameters:,} parameters, "
        f"{card.weights_bytes / 1e6:.2f} MB of weights"
    ]
    if card.framework == "ensemble":
        listed = ", ".join(f"`{id}`" for id in members(card))
        return [*lines, f"**Members:** {listed}; their weights are referred to, not copied"]
    spec = CATALOG.get(card.architecture)
    if spec is None:
        return [*lines, "This version of the program does not know that architecture, so the model cannot be asked."]
    low, high = spec.input.value_range
    colour = "grey" if spec.input.channels == 1 else "colour"
    return [
        *lines,
        f"**Input:** {spec.input.size} × {spec.input.size} {colour} pixels, values {low:g} to {high:g}",
        f"**Output:** {len(card.labels)} logits ({', '.join(card.labels)})",
        f"**Source:** {spec.source}; code in `{spec.build.replace(':', '.')}`",
        f"**Grad-CAM looks at** layer `{spec.grad_cam_layer}`",
    ]


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


def beside_people(report: EvaluationReport, people: Mapping[str, EvaluationReport | None]) -> str:
    """The number of images, and people's accuracy on the same ones where these are comparable."""
    said = f"On {report.n:,} images, with 95 % intervals."
    known = [
        f"{title.removeprefix('People: ')} {figure('accuracy', found.metrics['accuracy'].value)}"
        for title, found in people.items()
        if found
    ]
    if len(report.labels) < len(EMOTIONS):
        on = ", ".join(report.labels)
        return f"{said} These are the images whose label is {on}, so people's figures on all seven do not compare."
    return f"{said} People's accuracy on the same images: {', '.join(known)}." if known else said


def temperature_in_words(temperature: float) -> str:
    """What a temperature says about the network."""
    off = "too sure of itself" if temperature > 1 else "too unsure of itself"
    was = off if abs(temperature - 1) > 0.02 else "about right"
    return (
        f"Temperature {temperature:.2f}, fitted on PublicTest: before it the network was {was}. "
        "It changes no answer, only how sure the model says it is."
    )


def made(card: ModelCard) -> str:
    """When and from what it was made."""
    images = ", ".join(f"{split} {n:,}" for split, n in card.data.images.items())
    return (
        f"Made on {card.created} from commit `{card.commit}` with seed {card.seed}. Data: {card.data.name}, {images}, "
        f"sha256 `{card.data.sha256[:16]}…`. Weights: sha256 `{card.weights_sha256[:16]}…`."
    )
