"""PAGES: every page of the dashboard, one line each, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VIEWS = Path(__file__).parent / "views"


@dataclass(frozen=True)
class PageEntry:
    """A page: its script in `dashboard/views`, its title and icon in the menu, its path in the URL."""

    script: Path
    title: str
    icon: str
    url: str


PAGES = (
    PageEntry(VIEWS / "home.py", "Home", ":material/home:", ""),
    PageEntry(VIEWS / "photos.py", "Photos", ":material/groups:", "photos"),
    PageEntry(VIEWS / "models.py", "Models", ":material/leaderboard:", "models"),
    PageEntry(VIEWS / "model.py", "One model", ":material/badge:", "model"),
    PageEntry(VIEWS / "confusion.py", "Confusion", ":material/grid_on:", "confusion"),
    PageEntry(VIEWS / "distribution.py", "Distribution", ":material/bar_chart:", "distribution"),
    PageEntry(VIEWS / "curves.py", "Curves", ":material/show_chart:", "curves"),
    PageEntry(VIEWS / "data.py", "Data", ":material/dataset:", "data"),
)
