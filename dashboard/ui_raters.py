"""Which raters, which set, how shown: choices that live in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import cache, looks, ui_url
from dashboard.confusion_data import Agreement
from dashboard.words import percent, points
from fer_core.comparison import Comparison
from fer_core.evidence import MAJORITY, SETS, Rater
from fer_core.metrics import EvaluationReport

AT_ONCE = 6
OWN = "own"
"""What the set of the user's own labelled faces is called in the URL."""
SHOWN_AS = {"counts": "Images", "by truth": "Share of each row", "by prediction": "Share of each column"}
"""Titles of `fer_core.metrics.NORMALISATIONS`, for rows that may be any rater."""


def one(label: str, raters: Sequence[Rater], key: str) -> Rater:
    """The rater that the user chose; the first at first."""
    by_id = {rater.id: rater for rater in raters}
    return by_id[ui_url.one(st.selectbox, label, titles(raters), key, raters[0].id) or raters[0].id]


def several(
    label: str, raters: Sequence[Rater], default: Sequence[Rater], key: str, most: int | None = AT_ONCE
) -> list[Rater]:
    """The raters that the user chose, in the order chosen; `default` at first."""
    by_id = {rater.id: rater for rater in raters}
    usual = [rater.id for rater in default]
    chosen = ui_url.some(
        st.multiselect, label, titles(raters), key, usual, max_selections=most, placeholder="Choose at least one"
    )
    return [by_id[id] for id in chosen]


def set_choice(default: str = "PrivateTest", own: bool = False) -> str:
    """The set of images that figures are on, one of `fer_core.evidence.SETS`, or `OWN` if asked; kept in the URL."""
    said = (
        "Everything was chosen on PublicTest; PrivateTest was scored once. "
        "“Without copies” leaves out images that Training has too, pixel by pixel."
    )
    titles = {name: name for name in SETS} | ({OWN: "Your labelled photos"} if own else {})
    return ui_url.one(st.pills, "Images", titles, "set", default, required=True, help=said) or default


def shown_as(key: str = "as") -> str:
    """How a matrix is shown: one of `fer_core.metrics.NORMALISATIONS`."""
    return ui_url.one(st.selectbox, "Cells show", SHOWN_AS, key, "by truth") or "by truth"


def counts_or_shares(key: str = "as") -> bool:
    """Whether the user wants shares rather than counts."""
    titles = {"images": "images", "shares": "shares"}
    return ui_url.one(st.segmented_control, "Show", titles, key, "images", required=True) == "shares"


def first_two(raters: Sequence[Rater]) -> list[Rater]:
    """The raters shown at first: two models, or the only one and the majority of people."""
    models = sorted((rater for rater in raters if rater.kind == "model"), key=lambda rater: -len(rater.labels))
    return models[:2] if len(models) > 1 else [*models, *(rater for rater in raters if rater.id == MAJORITY)]


def stored(rows: Rater, columns: Sequence[Rater], images: str, labels: Sequence[str]) -> dict[str, EvaluationReport]:
    """The stored evaluations by id that these matrices show again: against the truth, on a set and all its labels."""
    found = {rater.id: cache.reports(rater.id).get(images) for rater in columns if rows.kind == "truth"}
    return {id: report for id, report in found.items() if report and report.labels == tuple(labels)}


def agreement(one: Agreement, rows: Rater, stored: EvaluationReport | None = None) -> None:
    """Says how far two raters agree, with the intervals of the stored evaluation where that is the same figure."""
    word = "Accuracy" if rows.kind == "truth" else "Agreement"
    share, kappa = (stored.metrics["accuracy"], stored.metrics["cohen_kappa"]) if stored else (one.share, one.kappa)
    reaches = f" ({kappa.low:z.3f} to {kappa.high:z.3f})" if kappa.low < kappa.high else ""
    st.caption(
        f"{word} **{percent(share.value, 1)}** ({percent(share.low, 1)} to {percent(share.high, 1)}), "
        f"Cohen's κ **{kappa.value:z.3f}**{reaches}"
    )


def outside(one: Agreement) -> None:
    """Says how many answers are in no cell, where there are any."""
    if one.outside:
        st.caption(
            f"{one.outside:,} images were called none of the labels: they are in no cell and no share, and count as "
            "different."
        )


def titles(raters: Sequence[Rater]) -> dict[str, str]:
    """Each rater's title by id, with the id where two have the same title."""
    return looks.distinct({rater.id: rater.title for rater in raters})


def side_by_side(n: int) -> list[DeltaGenerator]:
    """A place for each of `n` charts: two or three in a row on a screen, one on a phone."""
    across = 3 if n in (3, 5, 6) else 2
    rows = [st.columns(across) for _ in range(0, n, across)]
    return [place for row in rows for place in row][:n]


def pair(raters: Sequence[Rater], key: str = "less") -> tuple[Rater, Rater]:
    """The two raters that the user wants the difference of."""
    named = titles(raters)
    pairs = {f"{a.id}~{b.id}": (a, b) for a, b in combinations(raters, 2)}
    words = {id: f"{named[a.id]} less {named[b.id]}" for id, (a, b) in pairs.items()}
    first = next(iter(pairs))
    return pairs[ui_url.one(st.selectbox, "Difference", words, key, first, label_visibility="collapsed") or first]


def paired(one: Comparison, a: Rater, b: Rater, right: str = "FER2013's label") -> None:
    """Draws how two raters compare on the same images against what is `right` there."""
    d = one.difference
    st.metric(f"Accuracy, {a.title} less {b.title}", f"{points(d.value, True)} points")
    st.markdown(f"""
- 95 % interval, paired: {points(d.low, True)} to {points(d.high, True)} percentage points
- Only {a.title} right: **{one.only_a:,}**; only {b.title} right: **{one.only_b:,}** of {one.n:,} images
- Exact McNemar test: p {p_value(one.p_value)}
- The two agree on {percent(one.agreement, 1)}, Cohen's κ {one.kappa:.3f}
""")
    st.caption(
        f"Right means {right}. The p value is for this pair by itself: looking at many pairs needs a "
        "correction, which the page Pairs makes."
    )


def p_value(p: float) -> str:
    """A p value in words: three digits, and no more zeros than anybody reads."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def dark() -> bool:
    """Whether the page is dark now, for figures that bring their own colours."""
    return st.context.theme.type == "dark"


def fewer_labels(raters: Sequence[Rater], labels: Sequence[str], compared: int, left_out: int) -> None:
    """Says on which labels raters are compared where some know fewer than seven, and what that leaves out."""
    narrow = [rater.title for rater in raters if len(rater.labels) < 7]
    if narrow:
        st.info(
            f"Compared on the labels that all share: **{', '.join(labels)}**, because {' and '.join(narrow)} "
            f"know{'s' * (len(narrow) == 1)} no others. "
            f"{compared:,} images are compared, {left_out:,} of this set are left out.",
            icon=":material/filter_alt:",
        )


def no_evidence() -> None:
    """Draws what to do where there are no stored answers."""
    st.info("No stored answers are here yet. Train a model, then evaluate it, with:", icon=":material/model_training:")
    st.code(
        "uv run python -m trainers train keras-native --data fer2013.csv\nuv run python -m trainers evaluate",
        language="bash",
    )
