"""Buttons that open a face, found anywhere, on the pages that look into it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.pages_table import VIEWS

PAGES = {
    "explain": ("Explain", ":material/center_focus_strong:", "What each model looks at in this face"),
    "what_if": ("What if", ":material/filter_vintage:", "Disturb this face, and see who changes its mind"),
}


def buttons(link: Mapping[str, str], key: str) -> None:
    """Draws a button a page that opens it with what `link` says in the URL."""
    with st.container(horizontal=True, gap="small"):
        for page, (title, icon, words) in PAGES.items():
            if st.button(title, icon=icon, help=words, key=f"{key}-{page}"):
                st.switch_page(VIEWS / f"{page}.py", query_params=dict(link))
