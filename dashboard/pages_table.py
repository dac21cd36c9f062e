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
    PageEntry(VIEWS / "collection.py", "Collection", ":material/collections_bookmark:", "collection"),
    PageEntry(VIEWS / "gallery.py", "Gallery", ":material/face_retouching_natural:", "gallery"),
    PageEntry(VIEWS / "models.py", "Models", ":material/leaderboard:", "models"),
    PageEntry(VIEWS / "model.py", "One model", ":material/badge:", "model"),
    PageEntry(VIEWS / "confusion.py", "Confusion", ":material/grid_on:", "confusion"),
    PageEntry(VIEWS / "pairs.py", "Pairs", ":material/compare_arrows:", "pairs"),
    PageEntry(VIEWS / "distribution.py", "Distribution", ":material/bar_chart:", "distribution"),
    PageEntry(VIEWS / "curves.py", "Curves", ":material/show_chart:", "curves"),
    PageEntry(VIEWS / "face_size.py", "Face size", ":material/photo_size_select_small:", "face-size"),
    PageEntry(VIEWS / "explain.py", "Explain", ":material/center_focus_strong:", "explain"),
    PageEntry(VIEWS / "where_models_look.py", "Where models look", ":material/visibility:", "where-models-look"),
    PageEntry(VIEWS / "inside.py", "Inside", ":material/layers:", "inside"),
    PageEntry(VIEWS / "what_if.py", "What if", ":material/filter_vintage:", "what-if"),
    PageEntry(VIEWS / "studies.py", "Studies", ":material/science:", "studies"),
    PageEntry(VIEWS / "data.py", "Data", ":material/dataset:", "data"),
    PageEntry(VIEWS / "quiz.py", "Take the quiz", ":material/quiz:", "quiz"),
    PageEntry(VIEWS / "my_result.py", "My result", ":material/person:", "my-result"),
    PageEntry(VIEWS / "class_results.py", "Class results", ":material/school:", "class-results"),
    PageEntry(VIEWS / "humans_and_models.py", "Humans and models", ":material/diversity_3:", "humans-and-models"),
)
