"""The leaderboard's entries, models and people alike, with the ways to sort and to filter them; no streamlit here."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fer_core import evidence
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import EMOTIONS, Interval, ModelCard

START_WORDS = {
    "random": "from scratch", "imagenet": "ImageNet, fine-tuned", "mixed": "ImageNet in part",
    "random-taught": "from scratch, taught", "imagenet-taught": "ImageNet, fine-tuned, taught",
}  # fmt: skip
"""By `ModelCard.start`."""
FRAMEWORK_WORDS = {"keras": "Keras", "torch": "PyTorch", "ensemble": "Ensemble"}
WHO_WORDS = FRAMEWORK_WORDS | {"people": "People"}


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of the leaderboard: a model, or people where there is no card; no report where none is stored.

    `report` is on the set that the user chose, `twin` on the same split without the copies that Training has, or with.
    """

    id: str
    name: str
    card: ModelCard | None = None
    report: EvaluationReport | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    twin: EvaluationReport | None = None
    multiply_adds: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions it can answer."""
        return self.card.labels if self.card else EMOTIONS

    @property
    def title(self) -> str:
        """Its name, with the number of its labels where these are not all seven."""
        named = len(self.labels) == len(EMOTIONS) or "labels" in self.name
        return self.name if named else f"{self.name} ({len(self.labels)} labels)"

    @property
    def who(self) -> str:
        """The model's framework, "people" for people; a key of `WHO_WORDS`."""
        return self.card.framework if self.card else "people"

    @property
    def milliseconds(self) -> float | None:
        """Milliseconds a face on the machine that made it, None where nobody measured."""
        return self.environment.get("milliseconds_a_face")

    def metric(self, key: str) -> Interval | None:
        """A metric of `METRICS` with its interval; None where it was not or cannot be computed."""
        return known(self.report, key)

    def value(self, key: str) -> float | None:
        """A metric's plain value; None where there is none."""
        found = self.metric(key)
        return found.value if found else None


def known(report: EvaluationReport | None, key: str) -> Interval | None:
    """A metric of `METRICS` in a report; None where it was not or cannot be computed."""
    found = report.metrics.get(key) if report else None
    return None if found is None or math.isnan(found.value) else found


def placed(entry: Entry, reports: Mapping[str, EvaluationReport], images: str) -> Entry:
    """The entry with its figures, from its reports by set of `evidence.SETS`, on the images that the user chose."""
    return replace(entry, report=reports.get(images), twin=reports.get(evidence.other_of_split(images)))


def shared_labels(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The labels that every entry can answer, in the order of `EMOTIONS`."""
    return tuple(label for label in EMOTIONS if all(label in entry.labels for entry in entries))


@dataclass(frozen=True)
class Order:
    """A way to sort entries: its title, what to look at, whether the largest comes first; blanks always come last."""

    title: str
    look: Callable[[Entry], float | str | None]
    largest_first: bool = False


def _by_metric(key: str) -> Order:
    return Order(METRICS[key].title, lambda entry: entry.value(key), METRICS[key].higher_is_better)


ORDERS: Mapping[str, Order] = {
    **{key: _by_metric(key) for key in ("accuracy", "macro_f1", "top2_accuracy", "ece")},
    "parameters": Order("Parameters", lambda entry: entry.card.parameters if entry.card else None),
    "work": Order("Multiply-adds a face", lambda entry: entry.multiply_adds),
    "size": Order("Weights' size", lambda entry: entry.card.weights_bytes if entry.card else None),
    "milliseconds": Order("Milliseconds a face", lambda entry: entry.milliseconds),
    "training": Order("Training time", lambda entry: entry.card.seconds if entry.card else None),
    "name": Order("Name", lambda entry: entry.title.casefold()),
}
"""Ways to sort, the best or the smallest first."""


def ordered(entries: Sequence[Entry], by: str) -> list[Entry]:
    """The entries in an order of `ORDERS`, those with nothing to look at last.

    By a metric, those judged on fewer labels than others come after these, since their task was an easier one.
    """
    order = ORDERS[by]
    known = [entry for entry in entries if order.look(entry) is not None]
    blank = [entry for entry in entries if order.look(entry) is None]
    inside = sorted(known, key=order.look, reverse=order.largest_first)  # type: ignore[arg-type]
    return (sorted(inside, key=_labels_judged, reverse=True) if by in METRICS else inside) + blank


def _labels_judged(entry: Entry) -> int:
    return len(entry.report.labels) if entry.report else 0


def filtered(entries: Sequence[Entry], who: Collection[str], starts: Collection[str]) -> list[Entry]:
    """The entries of these kinds (`Entry.who`), the models among them that so began; none named, all stay."""
    return [
        entry
        for entry in entries
        if (not who or entry.who in who) and (not starts or entry.card is None or entry.card.start in starts)
    ]


def commonest(entries: Sequence[Entry], labels: tuple[str, ...] = EMOTIONS) -> tuple[str, float] | None:
    """The commonest of a set's labels and the accuracy of always answering it; None where no report is on `labels`."""
    for entry in entries:
        if entry.report and entry.report.labels == labels:
            support = entry.report.per_class.support
            return labels[int(support.argmax())], float(support.max() / entry.report.n)
    return None


def remarks(entries: Sequence[Entry]) -> list[str]:
    """What to know before comparing: which models answer only some labels, and on how many images."""
    return [
        narrower(
            entry.title, entry.labels, f"figures are on the {f'{entry.report.n:,} ' if entry.report else ''}images"
        )
        for entry in entries
        if len(entry.labels) < len(EMOTIONS)
    ]


def narrower(title: str, labels: Sequence[str], figures: str) -> str:
    """What to know of a model that answers only these labels; `figures` says which are on which images."""
    return (
        f"**{title}** answers only {', '.join(labels)}. Its {figures} with these labels, "
        "so they are not on a par with the others'."
    )
