"""What a page draws where there is nothing to show yet."""

from __future__ import annotations

import streamlit as st

from dashboard import cache

TRAIN = "uv run python -m trainers train keras-native --data fer2013.csv"


def no_models() -> None:
    """Draws what to do where no model can be asked."""
    if cache.cards()[0]:
        st.info("Choose at least one model above.", icon=":material/tune:")
    else:
        st.info("No trained model is here yet. Train one with:", icon=":material/model_training:")
        st.code(TRAIN, language="bash")
