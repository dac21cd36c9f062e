"""PAGES: every page of the dashboard, one line each, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VIEWS = Path(__file__).parent / "views"


@dataclass(frozen=True)
class PageEntry:
    """A page: its script in `dashboard/views`, its title and icon in the menu, its path in the URL, its section."""

    script: Path
    title: str
    icon: str
    url: str
    section: str = ""


PAGES = (
    PageEntry(VIEWS / "home.py", "Home", ":material/home:", ""),
    PageEntry(VIEWS / "photos.py", "Photos", ":material/groups:", "photos", "Your photos"),
    PageEntry(VIEWS / "collection.py", "Collection", ":material/collections_bookmark:", "collection", "Your photos"),
    PageEntry(VIEWS / "gallery.py", "Gallery", ":material/face_retouching_natural:", "gallery", "Your photos"),
    PageEntry(VIEWS / "models.py", "Models", ":material/leaderboard:", "models", "Evidence"),
    PageEntry(VIEWS / "model.py", "One model", ":material/badge:", "model", "Evidence"),
    PageEntry(VIEWS / "confusion.py", "Confusion", ":material/grid_on:", "confusion", "Evidence"),
    PageEntry(VIEWS / "pairs.py", "Pairs", ":material/compare_arrows:", "pairs", "Evidence"),
    PageEntry(VIEWS / "distribution.py", "Distribution", ":material/bar_chart:", "distribution", "Evidence"),
    PageEntry(VIEWS / "curves.py", "Curves", ":material/show_chart:", "curves", "Evidence"),
    PageEntry(VIEWS / "face_size.py", "Face size", ":material/photo_size_select_small:", "face-size", "Evidence"),
    PageEntry(VIEWS / "explain.py", "Explain", ":material/center_focus_strong:", "explain", "Inside the models"),
    PageEntry(
        VIEWS / "where_models_look.py",
        "Where models look",
        ":material/visibility:",
        "where-models-look",
        "Inside the models",
    ),
    PageEntry(VIEWS / "inside.py", "Inside", ":material/layers:", "inside", "Inside the models"),
    PageEntry(VIEWS / "what_if.py", "What if", ":material/filter_vintage:", "what-if", "Inside the models"),
    PageEntry(VIEWS / "studies.py", "Studies", ":material/science:", "studies", "Evidence"),
    PageEntry(VIEWS / "data.py", "Data", ":material/dataset:", "data", "Evidence"),
    PageEntry(VIEWS / "quiz.py", "Take the quiz", ":material/quiz:", "quiz", "People"),
    PageEntry(VIEWS / "my_result.py", "My result", ":material/person:", "my-result", "People"),
    PageEntry(VIEWS / "class_results.py", "Class results", ":material/school:", "class-results", "People"),
    PageEntry(
        VIEWS / "humans_and_models.py", "Humans and models", ":material/diversity_3:", "humans-and-models", "People"
    ),
)
