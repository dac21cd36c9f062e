"""What is loaded for good, kept out of the garbage collector's way, so that a click never waits for it."""

from __future__ import annotations

import gc
import sys

import streamlit as st


def settle() -> None:
    """Nothing comes back; whatever modules brought in since the last time is not searched for garbage any more.

    Streamlit searches everything after each run of a page, other users waiting meanwhile: with PyTorch's and pandas'
    objects that is 0.2 to 0.5 s a click, without them some milliseconds.
    """
    _settled(len(sys.modules))


@st.cache_resource(show_spinner=False, max_entries=1)
def _settled(modules: int) -> int:
    gc.collect()
    gc.freeze()
    return modules
