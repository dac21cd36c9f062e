"""What is said of one model, in sentences; no streamlit here."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dashboard.entries import FRAMEWORK_WORDS
from dashboard.words import PERCENT
from fer_core import evidence
from fer_core.catalog import CATALOG
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import EMOTIONS, Interval, ModelCard

HEADLINES = ("accuracy", "macro_f1", "top2_accuracy", "ece")
"""The figures that matter most, of `METRICS`."""


def in_words(card: ModelCard, initial_weights: str) -> str:
    """The card as a few sentences."""
    labels = "all seven labels" if card.labels == EMOTIONS else f"only {', '.join(card.labels)}"
    count = f"{card.images_learned:,} images of " if card.images_learned else ""
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
        f"{_machine(card)}It knows {labels}. {calibrated}"
    )


def _machine(card: ModelCard) -> str:
    """What was put in place of the last layer afterwards, as a sentence; nothing for other models."""
    svm = card.recipe.get("svm")
    if not svm:
        return ""
    return (
        f"Its last layer is a linear support vector machine (C {svm['cost']:g}) on the {svm['features']:,} features of "
        f"`{svm['source']}`, fitted afterwards. "
    )


def taught(card: ModelCard, teacher: ModelCard | None) -> str:
    """By whom a network was taught; `teacher` is the model of that id as it is now. Nothing where nobody taught it."""
    distil = card.recipe.get("distil")
    if not distil:
        return ""
    id, of = distil["teacher"], card.teacher_sha256
    said = (
        f"Taught by `{id}`: its answers, at temperature {distil['temperature']:g}, were {100 * distil['share']:g} % "
        "of what this network learned, the labels the rest."
    )
    if of is None or (teacher and teacher.weights_sha256 == of):
        return said
    return (
        f"{said} That was an earlier `{id}`, of weights sha256 `{of[:16]}…`; trained again, this network would learn "
        f"from today's. `git log -S {of[:16]} -- artifacts/{id}/card.json` names the commits that brought the earlier "
        "one and replaced it."
    )


def output_word(card: ModelCard) -> str:
    """Whether a model's outputs may be called probabilities: only where it was calibrated."""
    return "score" if card.temperature is None else "probability"


def members(card: ModelCard) -> list[str]:
    """The ids of an ensemble's members; none for a single network."""
    return list(card.recipe.get("members", ()))


def learned_against(card: ModelCard) -> str:
    """What the training curves are of where it is not FER2013's label of whole faces alone; "" where it is."""
    rules = card.recipe.get("regularise", {})
    against = {
        "mixed faces": rules.get("mixup"),
        "softened labels": rules.get("label_smoothing"),
        "a teacher's answers": card.recipe.get("distil"),
        "weighted classes": rules.get("class_weights", "none") != "none",
    }
    named = " and ".join(name for name, there in against.items() if there)
    said = f"Training loss is with {named}, PublicTest's with plain labels: the two do not compare." if named else ""
    if rules.get("mixup"):
        said += " Training accuracy is, while faces are mixed, against one of two labels: lower than on whole faces."
    return said


def minutes(seconds: float) -> str:
    """A duration for people, of the size that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def figure(key: str, value: float) -> str:
    """A value of one of `METRICS` as people read it."""
    return f"{value:{METRICS[key].format}}".replace("%", PERCENT)


def interval(key: str, found: Interval | None) -> str:
    """An interval of one of `METRICS` as people read it; nothing where there is none."""
    if found is None or math.isnan(found.low):
        return ""
    return f"{figure(key, found.low)} to {figure(key, found.high)}"


def on_twin(report: EvaluationReport, name: str) -> str:
    """The headlines on a set in one line, with their intervals and the set's name."""
    known = [(key, report.metrics[key]) for key in HEADLINES if key in report.metrics]
    said = [f"{_within(METRICS[key].title)} **{figure(key, v.value)}** ({interval(key, v)})" for key, v in known]
    how = "Without" if evidence.SETS[name][1] else "With"
    return f"**{how} the copies that Training has**, {report.n:,} images: {', '.join(said)}."


def _within(title: str) -> str:
    """A title inside a sentence."""
    return title[0].lower() + title[1:]


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


def architecture(card: ModelCard, multiply_adds: int | None = None) -> list[str]:
    """The architecture in a few lines: input, source, size; fewer where the catalog no longer knows it."""
    work = f", {multiply_adds / 1e6:,.0f} million multiply-adds a face" if multiply_adds else ""
    lines = [
        f"**Architecture:** `{card.architecture}`, {card.parameters:,} parameters, "
        f"{card.weights_bytes / 1e6:.2f} MB of weights{work}"
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


def made(card: ModelCard) -> str:
    """When and from what it was made."""
    images = ", ".join(f"{split} {n:,}" for split, n in card.data.images.items())
    return (
        f"Made on {card.created} from commit `{card.commit}` with seed {card.seed}. Data: {card.data.name}, {images}, "
        f"sha256 `{card.data.sha256[:16]}…`. Weights: sha256 `{card.weights_sha256[:16]}…`."
    )
