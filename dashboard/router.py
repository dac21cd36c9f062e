"""The router: a table of pages, and the one that was asked for."""

from typing import Any

import streamlit as st

from dashboard import cache, warm
from dashboard.pages_table import PAGES

st.set_page_config(page_title="Seven Faces", page_icon="🎭", layout="wide", initial_sidebar_state="auto")
menu: dict[str, list[Any]] = {}
for entry in PAGES:
    page = st.Page(entry.script, title=entry.title, icon=entry.icon, url_path=entry.url, default=not entry.url)
    menu.setdefault(entry.section, []).append(page)
st.navigation(menu).run()
warm.drawn.set()
cache.settle()
