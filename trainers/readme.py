"""The README's table of models, and that of runs on a GPU in docs/gpu.md, written from the artifacts between marks."""

from __future__ import annotations

import statistics
from itertools import pairwise
from pathlib import Path

from fer_core import artifacts, evidence, multiply_adds
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS, Interval

README = Path(__file__).resolve().parents[1] / "README.md"
GPU = README.parent / "docs" / "gpu.md"
BEGIN, END = "<!-- models: written by `make readme` -->", "<!-- end of models -->"
BEGIN_GPU, END_GPU = "<!-- runs: written by `make readme` -->", "<!-- end of runs -->"
HEADING = (
    "| | framework | initial weights | parameters | PublicTest | PrivateTest (95 % interval) "
    "| without copies | macro-F1 | trained |\n|---|---|---|---:|---:|---|---:|---:|---|"
)
HEADING_GPU = (
    "| model | device | epochs | best | minutes | seconds an epoch | median epoch, s | images a second "
    "| multiply-adds a face | share of peak |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)
FRAMEWORKS = {"keras": "Keras", "torch": "PyTorch", "ensemble": "both"}
STARTS = {
    "random": "random", "imagenet": "ImageNet", "mixed": "ImageNet in part",
    "random-taught": "random, taught", "imagenet-taught": "ImageNet, taught",
}  # fmt: skip


def table(root: Path | None = None) -> str:
    """The table in Markdown: people first, then models from best to worst on PublicTest, those of fewer labels last."""
    people = [_line(title, evidence.stored_reports(id, root), ("people", "", "", "")) for id, title in _people(root)]
    models = []
    for id in artifacts.ids(root):
        card, reports = artifacts.card(id, root), evidence.stored_reports(id, root)
        trained = f"{card.epochs} epochs" if card.epochs else "its members"
        facts = (
            FRAMEWORKS[card.framework], STARTS[card.start], f"{card.parameters:,}",
            f"{trained}, {card.seconds / 60:.0f} min on {card.device}",
        )  # fmt: skip
        name = f"`{id}`" + (f", {len(card.labels)} labels" if len(card.labels) < len(EMOTIONS) else "")
        models.append((len(card.labels), _accuracy(reports, "PublicTest"), _line(name, reports, facts)))
    ranked = [line for *_, line in sorted(models, key=lambda one: one[:2], reverse=True)]
    return "\n".join([HEADING, *people, *ranked])


def gpu_table(root: Path | None = None) -> str:
    """What the runs on a GPU cost, in Markdown, by name: those of all artifacts that no CPU had a part in."""
    lines = []
    for id in artifacts.ids(root):
        card = artifacts.card(id, root)
        if "CPU: " in card.device or not card.epochs:
            continue
        cost = artifacts.environment(id, root)
        cells = (f"`{id}`", card.device, card.epochs, card.best_epoch, f"{card.seconds / 60:.1f}",
                 f"{cost['seconds_an_epoch']:.1f}", f"{_median_epoch(id, root):.1f}", f"{cost['images_a_second']:,.0f}",
                 f"{(multiply_adds.of_model(card, root) or 0) / 1e6:,.0f} million",
                 f"{100 * cost['share_of_peak']:.1f} %" if "share_of_peak" in cost else "")  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([HEADING_GPU, *lines])


def _median_epoch(id: str, root: Path | None) -> float:
    """Wall seconds of the epoch in the middle, when they are sorted by how long they took."""
    ends = [0.0, *(row["seconds"] for row in artifacts.curves(id, root))]
    return statistics.median(after - before for before, after in pairwise(ends))


def write(root: Path | None = None, path: Path = README, gpu: Path = GPU) -> bool:
    """Whether the README or the page of GPU runs had to be changed."""
    written = [
        _between(path, BEGIN, END, table(root)),
        _between(gpu, BEGIN_GPU, END_GPU, gpu_table(root)),
    ]
    return any(written)


def _between(path: Path, begin: str, end: str, table: str) -> bool:
    """Whether the file had to be changed to have the table between its marks."""
    text = path.read_text("utf-8")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    new = f"{before}{begin}\n{table}\n{end}{after}"
    path.write_text(new, "utf-8")
    return new != text


def _people(root: Path | None) -> list[tuple[str, str]]:
    try:
        known = artifacts.reference_metrics(root)
    except artifacts.ArtifactError:
        return []
    return [(id, title) for id, title in evidence.PEOPLE.items() if id in known]


def _line(name: str, reports: dict[str, EvaluationReport], facts: tuple[str, str, str, str]) -> str:
    framework, start, parameters, trained = facts
    private = reports["PrivateTest"].metrics if "PrivateTest" in reports else {}
    accuracy = _interval(private["accuracy"]) if private else ""
    f1 = f"{private['macro_f1'].value:.3f}" if private else ""
    cells = (name, framework, start, parameters, _percent(reports, "PublicTest"), accuracy,
             _percent(reports, "PrivateTest without copies"), f1, trained)  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _accuracy(reports: dict[str, EvaluationReport], name: str) -> float:
    return reports[name].metrics["accuracy"].value if name in reports else -1.0


def _percent(reports: dict[str, EvaluationReport], name: str) -> str:
    return f"{100 * _accuracy(reports, name):.1f} %" if name in reports else ""


def _interval(accuracy: Interval) -> str:
    return f"{100 * accuracy.value:.1f} % ({100 * accuracy.low:.1f} to {100 * accuracy.high:.1f})"
