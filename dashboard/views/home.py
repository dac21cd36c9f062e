"""Home: what this is, what it may not be used for, and the models with what is known of each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache, ui
from dashboard.entries import FRAMEWORK_WORDS
from dashboard.pages_table import VIEWS
from fer_core import evidence
from fer_core.types import ModelCard

RESPONSIBLE = """
**Faces are personal data.** Photos you drop here stay in this computer's memory while the page is open; nothing is
uploaded elsewhere, logged or kept.

**Not for people at work or in education.** The EU AI Act, Article 5(1)(f), has prohibited since February 2025 inferring
the emotions of people in workplaces and educational institutions, except for medical or safety reasons. Here you study
*models*.

**A posed expression is not a feeling.** The models learned which label a web picture was given in 2013. They do not
know what anybody feels, and they err often: the table says how often.
"""
NUMBER, TEXT = st.column_config.NumberColumn, st.column_config.TextColumn
COLUMNS = {
    "model": TEXT(width=248, pinned=True),
    "private": NUMBER("Private", width=72, format="%.1f %%", help="Accuracy on FER2013's PrivateTest, scored once"),
    "interval": TEXT("95 %", width=92, help="Of the PrivateTest accuracy, by bootstrap over its images"),
    "f1": NUMBER("macro-F1", width=82, format="%.3f", help="On PrivateTest; rare labels count as much as others"),
    "public": NUMBER("Public", width=72, format="%.1f %%", help="Accuracy on the part on which everything was chosen"),
    "framework": TEXT(width=80),
    "initial weights": TEXT(width=132),
    "parameters": TEXT(width=90),
    "size": NUMBER("weights", width=80, format="%.2f MB"),
    "minutes": NUMBER("training", width=75, format="%.0f min"),
}


def main() -> None:
    """Draws the page."""
    st.title("Seven Faces")
    st.markdown("##### See how differently models read the same face, with the evidence behind each of them.")
    if st.button("Drop a group photo", type="primary", icon=":material/groups:"):
        st.switch_page(VIEWS / "photos.py")
    cards, problems = cache.cards()
    st.subheader("The models")
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    if cards:
        models(cards)
    else:
        ui.no_models()
    st.subheader("Before you use it")
    st.markdown(RESPONSIBLE)


def models(cards: list[ModelCard]) -> None:
    """Draws a row for each model, the most accurate first, drawn from its card and its stored evaluation."""
    rows = pd.DataFrame([row(card) for card in cards]).sort_values("private", ascending=False, kind="stable")
    st.dataframe(rows, hide_index=True, alt="The models with what is known of each", column_config=COLUMNS)
    reports = [cache.reports(card.id) for card in cards]
    sizes = {name: max(one[name].n for one in reports if name in one) for name in ("PublicTest", "PrivateTest")
             if any(name in one for one in reports)}  # fmt: skip
    said = " and ".join(f"{n:,} images of {name}" for name, n in sizes.items())
    people = cache.reports(evidence.MAJORITY).get("PrivateTest")
    beside = f" The majority of ten people: {people.metrics['accuracy'].value:.1%} of PrivateTest." if people else ""
    st.caption(f"Accuracy on {said}.{beside} Further right: training, device and limits.")


def row(card: ModelCard) -> dict[str, object]:
    """What the table says of one model; a blank where nothing is known."""
    reports = cache.reports(card.id)
    private = reports["PrivateTest"].metrics if "PrivateTest" in reports else None
    public = reports["PublicTest"].metrics if "PublicTest" in reports else None
    accuracy = private["accuracy"] if private else None
    return {
        "model": card.title,
        "private": 100 * accuracy.value if accuracy else None,
        "interval": f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f} %" if accuracy else None,
        "f1": private["macro_f1"].value if private else None,
        "public": 100 * public["accuracy"].value if public else None,
        "framework": FRAMEWORK_WORDS[card.framework],
        "initial weights": ui.WEIGHTS_WORDS[card.initial_weights],
        "parameters": f"{card.parameters:,}",
        "size": card.weights_bytes / 1e6,
        "trained on": card.data.name,
        "minutes": card.seconds / 60,
        "device": card.device,
        "limits": " ".join(card.limits),
    }


main()
