"""Pages run without a browser, and all that they say."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from dashboard.pages_table import VIEWS

SPEAKING = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code", "text")
"""Kinds of elements that hold words."""


def run(page: str, /, **query: str | list[str]) -> Any:
    """The page of that module in dashboard/views, run once with these words in its URL."""
    at = AppTest.from_file(str(VIEWS / f"{page}.py"), default_timeout=300)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def opened(page: str, /, **query: str | list[str]) -> Any:
    """The same, of a page that has to come without an exception."""
    at = run(page, **query)
    assert not at.exception, at.exception[0].message
    return at


def text(at: Any) -> str:
    """Every word of a page that was run, kind by kind."""
    return "\n".join(str(element.value) for kind in SPEAKING for element in getattr(at, kind))


def said(at: Any) -> str:
    """What a page that was run says to those who cannot see its charts, and what is in its tables' heads."""
    charts = [str(chart.proto) for chart in at.get("plotly_chart")]
    return "\n".join([*charts, *(str(list(table.value.columns)) for table in at.dataframe)])
