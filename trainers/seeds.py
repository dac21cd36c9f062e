"""`python -m trainers seeds`: the projects' figures beside ours, in docs/seeds.md."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from fer_core.seeds import Compared, compared

PAGE = Path(__file__).resolve().parents[1] / "docs" / "seeds.md"
INTRO = """# The five projects' figures and ours

<!-- written by `python -m trainers seeds`; do not edit -->

Every system of the five course projects that this one grows from. Their figures are as they printed them, on the images
they chose; ours are PrivateTest, scored once, with a 95 % interval. A blank is a system that was not run here.
"""
HEAD = "| project | system | its figure | on | ours | recipe | why they differ |\n|---|---|---:|---|---|---|---|"


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
    return "\n".join([INTRO, HEAD, *(_row(one) for one in compared(root)), ""])


def _row(one: Compared) -> str:
    seed, ours = one.seed, ""
    if one.accuracy is not None:
        low, high = (100 * end for end in (one.accuracy.low, one.accuracy.high))
        ours = f"{100 * one.accuracy.value:.1f} % ({low:.1f} to {high:.1f}), n = {one.n:,}"
    theirs = "" if seed.accuracy is None else f"{seed.accuracy:g} %"
    on = f"{seed.on} ({seed.source})" if seed.source else seed.on
    cells = (seed.project, seed.system, theirs, on, ours, f"`{one.id or seed.recipe}`", one.why)
    return f"| {' | '.join(cells)} |"
