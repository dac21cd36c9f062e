"""Loading what the first pages need while the browser opens and the user reads, beside the server, never before it."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from dashboard import cache

if TYPE_CHECKING:
    from streamlit import App

HOME = ("dashboard.cache.evidence", "dashboard.ui_none", "dashboard.ui_plain_table", "dashboard.cache.settled")
"""Modules of the page that people open first."""
PHOTOS = (
    "dashboard.cache.workplace", "dashboard.cache.sizes", "dashboard.ui_photos", "dashboard.ui_compare",
    "dashboard.ui_engines", "dashboard.ui_correct", "dashboard.ui_exports", "openvino", "plotly.io",
    "plotly.graph_objs._figure", "plotly.graph_objs._bar",
)  # fmt: skip
"""Modules of the page that they open next; no deep-learning framework among them."""
PATIENCE = 10.0
"""Seconds after which nobody is expected to open a first page at once."""
drawn = Event()
"""Set once a first page has been drawn: until then it has the processor to itself."""


@asynccontextmanager
async def warming(_app: App) -> AsyncIterator[dict[str, Any] | None]:
    """The server's life: modules are loaded in a thread from its start on; a page that is quicker loads them itself."""
    Thread(target=warm, daemon=True, name="warming").start()
    yield None


def warm(patience: float = PATIENCE) -> None:
    """Nothing comes back; Home's modules are loaded, and once a page is drawn, or patience ends, Photos' and models."""
    for name in HOME:
        importlib.import_module(name)
    drawn.wait(patience)
    for name in PHOTOS:
        importlib.import_module(name)
    cache.ready()
