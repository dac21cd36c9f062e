"""Caches of how raters compare, two of them or every pair."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import confusion_data, pair_facts
from fer_core import artifacts
from fer_core.answers import Int64
from fer_core.comparison import Comparison, compare
from fer_core.evidence import Rater


@st.cache_data(show_spinner=False, max_entries=400)
def comparison(y: Int64, answered_a: Int64, answered_b: Int64) -> Comparison:
    """How two raters' labels for the same images compare."""
    return compare(y, answered_a, answered_b)


def pairs(raters: Sequence[Rater], name: str, found: confusion_data.Together) -> pair_facts.Pairs:
    """Every pair of those raters on a set, on which `found` has their answers."""
    return _pairs(tuple((r.id, r.version) for r in raters), name, str(artifacts.default_root()), found)


@st.cache_resource(show_spinner=False, max_entries=50)
def _pairs(key: tuple[tuple[str, int], ...], name: str, root: str, _found: confusion_data.Together) -> pair_facts.Pairs:
    return pair_facts.pairs(_found)
