"""A table as Markdown, for a page that waits neither for pandas nor for the browser's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

SCROLLS = "<style>[data-testid=stMarkdownContainer]:has(> table) {overflow-x: auto}</style>"
"""A table wider than a phone moves by itself; without this the whole page would move sideways."""


def draw(columns: Mapping[str, str], rows: Sequence[Sequence[str]]) -> None:
    """Draws rows of Markdown under the columns' names; a column's colon is where it stands to the right."""
    lines = [[*columns], [f"---{side}" for side in columns.values()], *map(_plain, rows)]
    st.html(SCROLLS)
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _plain(row: Sequence[str]) -> list[str]:
    """The cells' text without what would end a cell."""
    return [cell.replace("|", "\\|").replace("\n", " ") for cell in row]
