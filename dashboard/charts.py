"""How every chart is shown: with its picture and its table to take along, and in words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st


def chart(
    figure: go.Figure, table: pd.DataFrame, name: str, alt: str, *, key: str | None = None,
    select: bool | Callable[[], None] = False,
) -> list[dict]:  # fmt: skip
    """Draws a figure with its table twin; the points that the user selected, where `select` asks for them.

    `name` names the files to download and, where `key` is not given, the widget; `alt` says what the chart shows.
    Selection does not work on heatmaps: lay a scatter over. `select` may be a function to call before the page is drawn
    anew; it asks `selected(key)`.
    """
    points = picture(figure, name, alt, key=key, select=select)
    twin(table, name, alt, key=key)
    return points


def picture(
    figure: go.Figure, name: str, alt: str, *, key: str | None = None, select: bool | Callable[[], None] = False
) -> list[dict]:
    """Draws the figure alone, as `chart` does, for where its twin stands elsewhere.

    The picture to take along comes from the camera button on the chart, made in the browser.
    """
    config = {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"filename": name, "scale": 2},
    }
    key = key or name
    if not select:
        st.plotly_chart(figure, key=key, config=config, alt=alt)
        return []
    event = st.plotly_chart(figure, key=key, config=config, alt=alt, selection_mode="points",
                            on_select="rerun" if select is True else select)  # fmt: skip
    return list(event.selection.points)


def twin(
    table: pd.DataFrame, name: str, alt: str, *, key: str | None = None, columns: Mapping[str, Any] | None = None
) -> None:
    """Draws the table twin of that chart, closed at first, with its download; `columns` says how they look."""
    with st.expander("As a table"):
        st.dataframe(table, hide_index=True, alt=f"Table: {alt}", column_config=columns)
        download(table, name, key)


def download(table: pd.DataFrame, name: str, key: str | None = None) -> None:
    """Draws a button that takes a table along as a CSV file of that name; `key` is the widget's where it is another."""
    st.download_button("Download (CSV)", lambda: csv_bytes(table), f"{name}.csv", "text/csv",
                       key=f"{key or name}-csv", icon=":material/download:", on_click="ignore")  # fmt: skip


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV, UTF-8 with the mark that spreadsheets look for; for a download, made when it is asked for."""
    return table.to_csv(index=False).replace("\N{NO-BREAK SPACE}", " ").encode("utf-8-sig")


def selected(key: str) -> list[dict]:
    """The points that the user selected on the chart with that key, for a function given as `select`."""
    return list(st.session_state[key].selection.points)
