"""What modules brought in is not searched for garbage after each click, and garbage made later still is."""

import gc
import sys
import tomllib
import types
import weakref
from pathlib import Path

import pytest

from dashboard import cache


@pytest.fixture(autouse=True)
def thawed():
    """Leaves the collector as it was."""
    yield
    gc.unfreeze()
    cache.settled._settled.clear()
    cache.settled._swept.clear()


class Knot:
    """Something that only the garbage collector can take away."""

    def __init__(self):
        self.myself = self


def test_what_is_loaded_is_left_alone_until_more_modules_come(monkeypatch):
    cache.settle()
    settled = gc.get_freeze_count()
    assert settled > 10_000 and len(gc.get_objects()) < settled / 10
    kept: list[list[int]] = [[] for _ in range(1000)]
    cache.settle()
    assert gc.get_freeze_count() <= settled  # nothing was imported meanwhile
    monkeypatch.setitem(sys.modules, "a_new_module", types.ModuleType("a_new_module"))
    cache.settle()
    assert gc.get_freeze_count() >= settled + len(kept) - 500


def test_garbage_is_still_collected():
    early = weakref.ref(Knot())
    cache.settle()
    assert early() is None  # taken away before all was left alone
    late = weakref.ref(Knot())
    assert late() is not None
    gc.collect()
    assert late() is None


def test_garbage_is_looked_for_by_us_and_not_after_every_click():
    settings = tomllib.loads((Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False and settings["server"]["fileWatcherType"] == "none"
    cache.settle()
    late = weakref.ref(Knot())
    cache.settle()
    assert late() is not None  # too soon
    cache.settled._swept.clear()  # instead of waiting
    cache.settle()
    assert late() is None
