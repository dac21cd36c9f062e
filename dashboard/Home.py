"""The router: a table of pages, and the one that was asked for."""

import streamlit as st

from dashboard import cache
from dashboard.pages_table import PAGES

st.set_page_config(page_title="Seven Faces", page_icon="🎭", layout="wide", initial_sidebar_state="auto")
st.navigation(
    [st.Page(page.script, title=page.title, icon=page.icon, url_path=page.url, default=not page.url) for page in PAGES]
).run()
cache.settle()
