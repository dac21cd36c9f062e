"""What is loaded for good, kept out of the garbage collector's way, so that a click never waits for it."""

from __future__ import annotations

import gc
import sys

import streamlit as st

SECONDS = 5
"""Garbage is looked for that often at most."""


def settle() -> None:
    """Nothing comes back; garbage is gone, and what modules brought in since the last time is not searched any more.

    Streamlit would search everything after each run of a page, other users waiting meanwhile: with PyTorch's and
    pandas' objects that is 0.2 to 0.5 s a click; without them, with a hundred users, still a third of all work.
    """
    _settled(len(sys.modules))
    _swept()


@st.cache_resource(show_spinner=False, max_entries=1)
def _settled(modules: int) -> int:
    gc.collect()
    gc.freeze()
    return modules


@st.cache_resource(show_spinner=False, ttl=SECONDS, max_entries=1)
def _swept() -> int:
    return gc.collect()
