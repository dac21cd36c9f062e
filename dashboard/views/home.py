"""Home: what this is, what it may not be used for, and the models with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache, looks, ui_none, ui_plain_table
from dashboard.entries import FRAMEWORK_WORDS, START_WORDS
from dashboard.pages_table import VIEWS
from dashboard.words import percent
from fer_core import evidence
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS, ModelCard

RESPONSIBLE = """
**Faces are personal data.** Photos you drop here stay in this server's memory only, until some hours after their last
use, and faces that you put into a quiz until the last run and class about them are deleted, or the server stops;
nothing is uploaded elsewhere, logged or kept on a disk.

**Not for people at work or in education.** The EU AI Act, Article 5(1)(f), has prohibited since February 2025 inferring
the emotions of people in workplaces and educational institutions, except for medical or safety reasons. Here you study
*models*.

**A posed expression is not a feeling.** The models learned which label a web picture was given in 2013. They do not
know what anybody feels, and they err often: the table says how often.
"""
FER2013 = f"""
How often each model gives a face of FER2013 the label that it has there: {", ".join(EMOTIONS[:-1])} or {EMOTIONS[-1]}.
FER2013 is a set of grey web pictures of faces, 48 × 48 pixels each. Models learn from its part Training and are tested
on PublicTest and PrivateTest.
"""
COLUMNS = {
    "model": "", "PrivateTest": ":", "95 %": ":", "macro-F1": ":", "PublicTest": ":", "framework": "",
    "initial weights": "", "parameters": ":", "weights": ":",
}  # fmt: skip
"""The table's columns; a colon where they stand to the right."""
TOGETHER = "\N{NO-BREAK SPACE}"
"""Between what stays on one line."""


def main() -> None:
    """Draws the page."""
    st.title("Seven Faces")
    st.markdown(
        "##### See how differently models read the same face, with the evidence behind each of them, "
        "and where you stand among them."
    )
    with st.container(horizontal=True):
        if st.button("Drop a group photo", type="primary", icon=":material/groups:"):
            st.switch_page(VIEWS / "photos.py")
        if st.button("Take the quiz", icon=":material/quiz:"):
            st.switch_page(VIEWS / "quiz.py")
    cards, problems = cache.cards()
    st.subheader("The models")
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    if cards:
        models(cards)
    else:
        ui_none.no_models()
    st.subheader("Before you use it")
    st.markdown(RESPONSIBLE)


def models(cards: list[ModelCard]) -> None:
    """Draws a row for each model from its card and stored evaluation, most labels first, then the most accurate."""
    reports = {card.id: cache.reports(card.id) for card in cards}
    named = looks.told_apart(cards)
    best = sorted(named, key=lambda card: (len(card.labels), _accuracy(reports[card.id])), reverse=True)
    st.markdown(FER2013)
    ui_plain_table.draw(COLUMNS, [row(card, reports[card.id]) for card in best])
    sizes = {name: max(one[name].n for one in reports.values() if name in one)
             for name in ("PublicTest", "PrivateTest") if any(name in one for one in reports.values())}  # fmt: skip
    said = " and ".join(f"{n:,} images of {name}" for name, n in sizes.items())
    ten = cache.reports(evidence.MAJORITY).get("PrivateTest")
    beside = f" The majority of ten people: {percent(ten.metrics['accuracy'].value, 1)} of PrivateTest." if ten else ""
    st.caption(
        f"Accuracy on FER2013, {said}, of those with a label that the model knows; everything was chosen on "
        f"PublicTest, PrivateTest was scored once. 95 %: its interval, by bootstrap over images.{beside} Macro-F1: the "
        "mean over the labels, rare ones counting as much. Taught: by another model's answers too."
    )
    st.caption(" ".join(limits(best)))


def limits(cards: list[ModelCard]) -> list[str]:
    """What the cards' limits are, each once; those of fewer than half of the models with their names."""
    whose: dict[str, list[str]] = {}
    for card in cards:
        for limit in card.limits:
            whose.setdefault(limit, []).append(card.title)
    common = [limit for limit, titles in whose.items() if 2 * len(titles) >= len(cards)]
    return common + [f"{'; '.join(titles)}: {limit}" for limit, titles in whose.items() if limit not in common]


def row(card: ModelCard, reports: Mapping[str, EvaluationReport]) -> list[str]:
    """What the table says of one model, in the order of `COLUMNS`; a blank where nothing is known."""
    private = reports["PrivateTest"].metrics if "PrivateTest" in reports else None
    accuracy = private["accuracy"] if private else None
    return [
        card.title,
        f"**{percent(accuracy.value, 1)}**" if accuracy else "",
        f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}".replace(" ", TOGETHER) if accuracy else "",
        f"{private['macro_f1'].value:.3f}" if private else "",
        percent(reports["PublicTest"].metrics["accuracy"].value, 1) if "PublicTest" in reports else "",
        FRAMEWORK_WORDS[card.framework],
        START_WORDS[card.start],
        f"{card.parameters:,}",
        f"{card.weights_bytes / 1e6:.2f}{TOGETHER}MB",
    ]


def _accuracy(reports: Mapping[str, EvaluationReport]) -> float:
    return reports["PrivateTest"].metrics["accuracy"].value if "PrivateTest" in reports else -1.0


main()
