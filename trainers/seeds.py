"""`python -m trainers seeds`: the projects' figures beside ours, in docs/seeds.md."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from fer_core import studies
from fer_core.seeds import Compared, compared
from fer_core.studies import Study
from fer_core.types import Interval

PAGE = Path(__file__).resolve().parents[1] / "docs" / "seeds.md"
INTRO = """# The five projects' figures and ours

<!-- written by `python -m trainers seeds`; do not edit -->

Every system of the five course projects that this one grows from. Their figures are as they printed them, on the images
they chose; ours are PrivateTest, scored once, with a 95 % interval. A blank is a system that was not trained here; a
short run shows that its recipe runs to its end at the size that it names, read on PublicTest, and is no rival to any
figure. Those called `-scratch` began from random weights, frozen layers too, where the recipe has ImageNet's.
"""
LEARNED = (
    "Of the {runs} short runs below {above} {are} above always answering the commonest label with the whole interval; "
    "the\naccuracy of the others does not show that they have learned anything. {same} answer one label to every "
    "image.\n"
)
HEAD = (
    "| project | system | its figure | on | ours | short run | recipe | why they differ |\n"
    "|---|---|---:|---|---|---|---|---|"
)
RUNS = """
# Every short run

Made by `python -m trainers short-run`, one seed each. "Commonest label": the accuracy of answering it always.

| recipe | model | PublicTest | commonest label | labels answered | size | minutes |
|---|---|---|---:|---:|---|---:|"""


def command() -> None:
    """Write docs/seeds.md anew from the artifacts."""
    Console().print(f"{PAGE.name} changed." if write() else f"{PAGE.name} was up to date.")


def write(root: Path | None = None, path: Path = PAGE) -> bool:
    """Whether docs/seeds.md had to be changed."""
    new = page(root)
    stale = not path.is_file() or path.read_text("utf-8") != new
    if stale:
        path.write_text(new, "utf-8")
    return stale


def page(root: Path | None = None) -> str:
    """What docs/seeds.md says."""
    found = [studies.load(id, root, studies.SHORT_RUNS) for id in studies.ids(root, studies.SHORT_RUNS)]
    same = sum(one.answered(one.titles[0]) == 1 for one in found)
    above = sum(one.above_guessing(one.titles[0]) for one in found)
    told = [LEARNED.format(runs=len(found), above=above, are="is" if above == 1 else "are", same=same)] if found else []
    runs = [RUNS, *(_run(one) for one in found)] if found else []
    return "\n".join([INTRO, *told, HEAD, *(_row(one) for one in compared(root)), *runs, ""])


def _row(one: Compared) -> str:
    seed = one.seed
    ours = "" if one.accuracy is None else f"{_percent(one.accuracy)}, n = {one.n:,}"
    short = "" if one.short is None else f"{_percent(one.short.accuracy(one.short.titles[0]))}, {one.short.size}"
    theirs = "" if seed.accuracy is None else f"{seed.accuracy:g} %"
    on = f"{seed.on} ({seed.source})" if seed.source else seed.on
    cells = (seed.project, seed.system, theirs, on, ours, short, f"`{one.id or seed.recipe}`", one.why)
    return f"| {' | '.join(cells)} |"


def _run(one: Study) -> str:
    accuracy, minutes = _percent(one.accuracy(one.titles[0])), one.outcomes[0].seconds / 60
    labels, guessing = one.answered(one.titles[0]), f"{100 * one.guessing:.1f} %"
    return f"| `{one.id}` | {one.title} | {accuracy} | {guessing} | {labels} | {one.size} | {minutes:.1f} |"


def _percent(of: Interval) -> str:
    return f"{100 * of.value:.1f} % ({100 * of.low:.1f} to {100 * of.high:.1f})"
