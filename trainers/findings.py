"""`python -m trainers findings`: what the stored studies say of our models, in docs/findings.md with its figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from fer_core import artifacts, average_maps, what_if
from fer_core.types import EMOTIONS, Interval

PAGE = Path(__file__).resolve().parents[1] / "docs" / "findings.md"
INTRO = """# Findings about our models

<!-- written by `python -m trainers findings` from the stored studies; do not edit -->

Every number is computed from what `what-if` and `average-maps` left with each artifact that knows all seven labels. In
brackets and as bars: 95 % intervals.
"""
FEWEST = 30
"""Faces below which a mean map is not told of."""
NORMAL = statistics.NormalDist().inv_cdf(0.975)
"""Standard errors from the middle to the end of a 95 % interval."""
_Study = TypeVar("_Study", what_if.Study, average_maps.Study)
Rows = dict[str, Interval]
"""A share 0..1 with its interval by the name of what it is of."""


@dataclass(frozen=True)
class Finding:
    """One finding: its id, a sentence to quote, how it was measured, and shares by group and model, for the figure."""

    id: str
    sentence: str
    measured: str
    groups: Mapping[str, Rows]


def command() -> None:
    """Write docs/findings.md and its figures anew from the artifacts."""
    Console().print(f"{PAGE.name} changed." if write() else f"{PAGE.name} was up to date.")


def write(root: Path | None = None, path: Path = PAGE) -> bool:
    """Whether anything had to be changed."""
    made = found(root)
    files = {path: page(made)} | {path.with_name(f"finding-{one.id}.svg"): chart(one.groups) for one in made}
    stale = {file: text for file, text in files.items() if not file.is_file() or file.read_text("utf-8") != text}
    for file, text in stale.items():
        file.write_text(text, "utf-8")
    return bool(stale)


def page(findings: Sequence[Finding]) -> str:
    """What docs/findings.md says."""
    parts = [INTRO]
    for number, one in enumerate(findings, start=1):
        names = list(dict.fromkeys(name for rows in one.groups.values() for name in rows))
        head = f"| | {' | '.join(one.groups)} |\n|---|{'---:|' * len(one.groups)}"
        lines = [
            f"| `{name}` | {' | '.join(_said(rows.get(name)) for rows in one.groups.values())} |" for name in names
        ]
        parts += [f"## {number}. {one.sentence}\n", f"![{one.sentence}](finding-{one.id}.svg)\n",
                  "\n".join([head, *lines]), "", one.measured + "\n"]  # fmt: skip
    return "\n".join(parts)


def found(root: Path | None = None) -> list[Finding]:
    """The findings that the stored studies allow, always in the same order."""
    asked, mapped = _all(what_if.study, root), _all(average_maps.study, root)
    made: list[Finding] = []
    if asked:
        made += [mirror(asked), moved(asked)]
    if mapped:
        made += [right_or_wrong(mapped)]
    return made


def mirror(studies: Mapping[str, what_if.Study]) -> Finding:
    """How often a model contradicts itself when the face is mirrored."""
    rows = {id: study.curves["mirror"][0].flips for id, study in studies.items()}
    least, most = min(one.value for one in rows.values()), max(one.value for one in rows.values())
    one = next(iter(studies.values()))
    return Finding(
        "mirror",
        f"Mirror a face, and {_between(least, most)} of a model's labels change: the expression is the same.",
        f"{one.n} {one.split} faces, drawn by seed {one.seed}: the share whose label is another one in the mirror.",
        {"labels changed by a mirror": rows},
    )


def moved(studies: Mapping[str, what_if.Study]) -> Finding:
    """How differently models bear a face that is not in the middle."""
    rows = {id: study.curves["down"][0].flips for id, study in studies.items()}
    worst, best = (choose(rows, key=lambda name: rows[name].value) for choose in (max, min))
    one = next(iter(studies.values()))
    up = f"{-one.curves['down'][0].strength:g} %"
    return Finding(
        "moved",
        f"Move a face up by {up} of its frame, and {worst} changes {100 * rows[worst].value:.0f} % of its labels, "
        f"{best} {100 * rows[best].value:.0f} %.",
        f"{one.n} {one.split} faces, drawn by seed {one.seed}; below, the picture's edge pixels go on.",
        {f"labels changed by a move of {up} upwards": rows},
    )


def right_or_wrong(studies: Mapping[str, average_maps.Study]) -> Finding:
    """How far the mean maps of right and of wrong answers lie apart: in points, and against the faces' own spread."""
    shares = {outcome: {id: one.groups["fear"][outcome].shares["mouth"] for id, one in studies.items()
                        if one.groups["fear"][outcome].n >= FEWEST} for outcome in average_maps.OUTCOMES}  # fmt: skip
    pairs, one = _pairs(studies), next(iter(studies.values()))
    largest = max(pair.difference for pair in pairs)
    apart, chance = sum(pair.apart for pair in pairs), sum(pair.apart_by_chance for pair in pairs)
    effects = [pair.effect for pair in pairs]
    area = max(study.groups["fear"]["right"].areas.get("mouth", 0.0) for study in studies.values())
    return Finding(
        "right-or-wrong",
        "On average a model looks at nearly the same places, right or wrong: the mean maps of its right and its wrong "
        f"answers lie within {math.ceil(1000 * largest) / 10:.1f} points of each other in every region of the face.",
        f"Grad-CAM for the model's own answer over {one.split} faces, up to {one.most} a group; the largest difference "
        f"between right and wrong of any model, label and region (eyes, brows, nose, mouth, the rest) with {FEWEST} "
        f"faces or more in both. It is little, not nothing: in {apart} of {len(pairs)} comparisons the intervals lie "
        f"apart, where chance alone would part about {chance:.0f}. In standard deviations from face to face the "
        f"difference is {statistics.median(effects):.2f} in the middle of the comparisons and {max(effects):.2f} at "
        "most: in a small region few points are much. Drawn: how much of the map lies on the mouth when the answer is "
        f"fear; the mouth is {100 * area:.0f} % of the picture.",
        {f"says fear and is {outcome}": rows for outcome, rows in shares.items()},
    )


@dataclass(frozen=True)
class _Pair:
    """A region's shares of the maps of `n` right and `m` wrong answers, each with its interval."""

    right: Interval
    wrong: Interval
    n: int
    m: int

    @property
    def difference(self) -> float:
        return abs(self.right.value - self.wrong.value)

    @property
    def apart(self) -> bool:
        """Whether the two intervals do not meet."""
        return max(self.right.low, self.wrong.low) > min(self.right.high, self.wrong.high)

    @property
    def apart_by_chance(self) -> float:
        """How likely they would not meet were there no difference: less than 5 % (Schenker and Gentleman 2001)."""
        a, b = _error(self.right), _error(self.wrong)
        return math.erfc(NORMAL * (a + b) / math.hypot(a, b) / math.sqrt(2)) if a + b > 0 else 0.0

    @property
    def effect(self) -> float:
        """The difference in standard deviations from face to face, which the intervals tell (Cohen 1988)."""
        spread = math.sqrt((self.n * _error(self.right) ** 2 + self.m * _error(self.wrong) ** 2) / 2)
        return self.difference / spread if spread > 0 else 0.0


def _error(one: Interval) -> float:
    """The standard error that a 95 % interval was made with."""
    return (one.high - one.low) / (2 * NORMAL)


def _pairs(studies: Mapping[str, average_maps.Study]) -> list[_Pair]:
    """Each region's shares of the maps of right and of wrong answers, where there are enough of both."""
    return [
        _Pair(right.shares[region], wrong.shares[region], right.n, wrong.n)
        for study in studies.values()
        for right, wrong in ((groups["right"], groups["wrong"]) for groups in study.groups.values())
        if min(right.n, wrong.n) >= FEWEST
        for region in right.shares
    ]


def chart(groups: Mapping[str, Rows]) -> str:
    """Horizontal bars with their intervals as SVG: a block a group, a bar a row, percent along x."""
    names = list(dict.fromkeys(name for rows in groups.values() for name in rows))
    top = max((one.high for rows in groups.values() for one in rows.values()), default=1.0)
    left, width, line = 210, 420, 22
    height = sum(34 + line * len(names) for _ in groups) + 12
    look = 'font-family="sans-serif" font-size="13"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" {look}>',
           f'<rect width="720" height="{height}" fill="#FCFBF8"/>']  # fmt: skip
    y = 24
    for title, rows in groups.items():
        out.append(f'<text x="{left}" y="{y}" font-weight="bold" fill="#1E2330">{title}</text>')
        y += 10
        for name, one in rows.items():
            value, low, high = (left + width * v / top for v in (one.value, one.low, one.high))
            out += [
                f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" fill="#1E2330">{name}</text>',
                f'<rect x="{left}" y="{y + 3}" width="{value - left:.1f}" height="15" fill="#5A5AD2"/>',
                f'<path d="M{low:.1f} {y + 10.5}H{high:.1f}" stroke="#1E2330" stroke-width="1.5"/>',
                f'<text x="{high + 8:.1f}" y="{y + 15}" fill="#1E2330">{100 * one.value:.1f} %</text>',
            ]  # fmt: skip
            y += line
        y += 24 + line * (len(names) - len(rows))
    return "\n".join([*out, "</svg>", ""])


def _between(low: float, high: float) -> str:
    a, b = f"{100 * low:.0f}", f"{100 * high:.0f}"
    return f"{a} %" if a == b else f"{a} to {b} %"


def _said(one: Interval | None) -> str:
    return "" if one is None else f"{100 * one.value:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f})"


def _all(read: Callable[[str, Path | None], _Study], root: Path | None) -> dict[str, _Study]:
    """What can be read of every artifact that knows all seven labels, by id: fewer are an easier task."""
    made = {}
    for id in artifacts.ids(root):
        try:
            if artifacts.card(id, root).labels == EMOTIONS:
                made[id] = read(id, root)
        except artifacts.ArtifactError:
            continue  # not every artifact was asked yet
    return made
