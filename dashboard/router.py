"""The router: a table of pages, and the one that was asked for."""

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cache, warm
from dashboard.pages_table import PAGES

# before st.navigation: after it, the browser would fetch the page's icon from Google's server
st.set_page_config(page_title="Seven Faces", page_icon="🎭", layout="wide", initial_sidebar_state="auto")
menu: dict[str, list[Any]] = {}
for entry in PAGES:
    page = st.Page(entry.script, title=entry.title, icon=entry.icon, url_path=entry.url, default=not entry.url)
    menu.setdefault(entry.section, []).append(page)
page = st.navigation(menu)
if page.url_path:
    st.set_page_config(page_title=f"{page.title} · Seven Faces")  # in the browser's tab and its history
st.html(Path(__file__).parent / "contrast.css")
page.run()
warm.drawn.set()
cache.settle()
