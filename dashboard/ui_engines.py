"""The switch that shows what compiling does: one face through each model's own framework and through its export."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, looks
from dashboard.entries import FRAMEWORK_WORDS
from dashboard.words import percent
from fer_core.artifacts import ArtifactError
from fer_core.collection_answers import AnsweredFace
from fer_core.engine_comparison import EngineComparison
from fer_core.types import ModelCard

PATIENCE = "TensorFlow and PyTorch are loaded, which takes some seconds the first time …"
WHY = (
    "Pages ask each model through its compiled export, in bfloat16 where the processor has it and the accuracy on "
    "PublicTest stays within 0.1 points, otherwise in float32; where one convolution is most of a network, that one in "
    "int8 if accuracy stays within 0.3 points. Gradients come from the model's own framework. Medians of 13 runs on "
    "this machine as it is now, preprocessing included."
)


def switch(one: AnsweredFace, cards: Sequence[ModelCard]) -> None:
    """Draws the switch and, where it is on, the models' two engines on this face."""
    if not st.toggle("Native against compiled", key="engines", bind="query-params",
                     help="How the same network answers in its own framework and compiled, and how fast"):  # fmt: skip
        return
    cards = looks.told_apart(cards)
    with st.spinner(PATIENCE):
        found = {card.id: comparison(one, card) for card in cards}
    rows = [row(card, both) for card in cards if (both := found[card.id])]
    if rows:
        table(rows, one.collected.number)
    for card in cards:
        if found[card.id] is None:
            st.caption(f"{card.title} has no compiled export. Make it with `python -m trainers export {card.id}`.")
    if rows:
        st.caption(WHY)


def comparison(one: AnsweredFace, card: ModelCard) -> EngineComparison | None:
    """The model's two engines on that face; None, said on the page, where one cannot be loaded."""
    try:
        return cache.engine_comparison(card, one.collected.found.digest, one.collected.face.crop)
    except ArtifactError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return None


def row(card: ModelCard, both: EngineComparison) -> dict[str, object]:
    """What the table says of one model."""
    native, compiled = (both.labels[int(p.argmax())] for p in (both.native, both.compiled))
    return {
        "model": card.title,
        "native": FRAMEWORK_WORDS[card.framework],
        "native ms": both.native_milliseconds,
        "compiled ms": both.compiled_milliseconds,
        "faster": both.times_faster,
        "computes in": both.precision,
        "difference": 100 * both.greatest_difference,
        "native answer": f"{native} {percent(both.native.max(), 1)}",
        "compiled answer": f"{compiled} {percent(both.compiled.max(), 1)}",
    }


def table(rows: Sequence[dict[str, object]], number: int) -> None:
    """Draws one row a model."""
    figure = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content",
        alt=f"Each model's native and compiled engine on face {number}: times and the greatest difference",
        column_config={
            "model": st.column_config.TextColumn("Model", pinned=True),
            "native": "Native",
            "native ms": figure("Native, ms", format="%.2f", help="Median time of this face in the model's framework"),
            "compiled ms": figure("Compiled, ms", format="%.2f", help="Median time of this face in OpenVINO"),
            "faster": figure("Times faster", format="%.1f"),
            "computes in": "Compiled in",
            "difference": figure("Greatest difference", format="%.4f", help="Of any probability, in percentage points"),
            "native answer": "Native answer", "compiled answer": "Compiled answer",
        },
    )  # fmt: skip
