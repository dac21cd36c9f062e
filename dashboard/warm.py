"""Loading what the first pages need while the browser still opens, beside the server and never before it."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit import App

NEEDED = ("dashboard.cache", "dashboard.ui_models", "dashboard.ui_photos", "dashboard.ui_compare", "openvino")
"""Modules of Home and Photos, the pages that people open first; no deep-learning framework among them."""


@asynccontextmanager
async def warming(_app: App) -> AsyncIterator[dict[str, Any] | None]:
    """The server's life: modules are loaded in a thread from its start on; a page that is quicker loads them itself."""
    Thread(target=warm, daemon=True, name="warming").start()
    yield None


def warm() -> None:
    """Nothing comes back; the modules of `NEEDED` are loaded."""
    for name in NEEDED:
        importlib.import_module(name)
