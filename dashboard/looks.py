"""How each model and human rater is drawn, the same on every page; no streamlit here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fer_core import artifacts
from fer_core.evidence import CROWD, MAJORITY, PERSON, TRUTH
from fer_core.types import ModelCard, distinct as distinct

MODEL_COLOURS = ("#5A5AD2", "#D27800", "#00A578", "#D20F3C", "#870FFF", "#9687B4")
"""Six colours at least 28 apart (CIELAB) for anybody's eyes, colour-blind ones by Machado et al. 2009 too, and 3:1
against both page backgrounds: found by search. More models go round with another line and another hatching."""
PEOPLE_COLOURS = {TRUTH: "#7A7F8A", MAJORITY: "#7A7F8A", PERSON: "#7A7F8A", CROWD: "#A08A66"}
"""Truth and people are quiet, so that the models stand out."""
DASHES = ("solid", "dash", "dashdot", "longdash")
HATCHES = ("", "/", "x", "-")
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


@dataclass(frozen=True)
class Look:
    """A rater's colour, and what tells it from another of the same colour: line, hatching of bars, mark of points."""

    colour: str
    dash: str
    hatch: str
    symbol: str


def looks(ids: Iterable[str], models: Iterable[str] | None = None) -> dict[str, Look]:
    """The look of each rater by id, whichever are shown together: by its place among all `models`, sorted.

    `models` are the artifacts here where None; one that is not among them comes after them.
    """
    known = sorted(artifacts.ids() if models is None else models)
    shown = list(ids)
    order = [*known, *(id for id in shown if id not in known and id not in PEOPLE_COLOURS)]
    return {id: _people(id) if id in PEOPLE_COLOURS else _model(order.index(id)) for id in shown}


def told_apart(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """The cards with titles that are `distinct`."""
    cards = list(cards)
    titles = distinct({card.id: card.title for card in cards})
    return [replace(card, title=titles[card.id]) for card in cards]


def _people(id: str) -> Look:
    return Look(PEOPLE_COLOURS[id], "dot", "" if id == TRUTH else ".", "star")


def _model(place: int) -> Look:
    round_ = place // len(MODEL_COLOURS) % len(DASHES)
    return Look(MODEL_COLOURS[place % len(MODEL_COLOURS)], DASHES[round_], HATCHES[round_], SYMBOLS[round_])


def verbatim(text: str) -> str:
    """Markdown that shows a text of a stranger, a file's name say, as it is: no emphasis, link, picture or formula."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", " ".join(text.split()))
