"""The checks of the Explain page: regions' shares, agreement, insertion and deletion, the sanity check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import cache, charts, explain_facts, figures_explain, looks
from dashboard.chosen_face import ChosenFace
from dashboard.explain_facts import Asked
from fer_core.saliency import METHODS
from fer_core.saliency_checks import KEPT, THRESHOLD, Curves, Sanity, agreement, insertion_deletion
from fer_core.types import ModelCard

SANITY = "uv run python -m trainers sanity --data fer2013.csv"
REGIONS = """How much of each map lies on brows, eyes, nose, mouth and the rest of the crop, by MTCNN's five
landmarks. What speaks against the target is not counted. Dotted: the region's own size, which is what a map that is
the same everywhere has there."""
HIDING = """Insertion: a blurred face is made sharp, the map's strongest pixels first; the sooner the target is likely,
the larger the area, the better the map. Deletion: they are hidden first; the sooner it falls, the better (Petsiuk et
al. 2018, arXiv:1806.07421). By chance: the same areas for orders that know nothing."""
PAIRS = """Of "this rather than that", the probability is that of the first where the two alone are asked about."""
SANITY_WORDS = """A map that stays the same when the network's weights are made random tells nothing of what the network
learned (Adebayo et al. 2018, arXiv:1810.03292). The number is the largest rank correlation with the trained network's
maps once half of the layers or more are random; a method fails from {threshold} on, and is marked red at its maps."""

PLACES = """Class activation maps can say where only if their layer's cells read where they are drawn. Found by hiding
patch after patch: from one cell to the next the middle of what is read moves by so much of the way between them (1: all
of it; below {kept} maps are marked red), and on average it is so far from the drawn place:"""


def agreement_between(maps: Sequence[Asked], title: str) -> None:
    """Draws how far the methods of one model agree, where there are two or more."""
    there = {METHODS[one.method].title: one.values for one in maps if one.map is not None and not one.remark}
    if len(there) < 2:
        return
    found = agreement(there)
    with st.expander(f"Do the methods agree? {title}: {found.mean:.2f} on average"):
        st.dataframe(explain_facts.agreement_table(found).round(2), hide_index=True,
                     alt=f"Agreement between the methods for {title}")  # fmt: skip
        st.caption("Spearman's rank correlation of the pixels: 1 is the same order, 0 none.")


def region_chart(maps: Sequence[Asked], face: ChosenFace, titles: Mapping[str, str]) -> None:
    """Draws how much of each map lies on each region of the face."""
    points = face.points_on(maps[0].values.shape)  # one face's maps have one size
    table, ids = explain_facts.region_table(maps, points, titles), [one.model for one in maps]
    said = "; ".join(f"{titles[one.model]}, {METHODS[one.method].title}: {explain_facts.places_in_words(one, points)}"
                     for one in maps)  # fmt: skip
    figure = figures_explain.region_bars(table, looks.looks(dict.fromkeys(ids)), ids)
    charts.chart(figure, table, "regions", f"Share of each map on each region. {said}.")
    st.caption(REGIONS)


def hiding(maps: Sequence[Asked], cards: Mapping[str, ModelCard], face: ChosenFace, titles: Mapping[str, str]) -> None:
    """Draws insertion and deletion curves with their areas, where they are asked for."""
    if not st.toggle("Insertion and deletion curves", key="curves", bind="query-params",
                     help="Some 50 questions a map to its model"):  # fmt: skip
        return
    found: dict[str, tuple[str, Curves]] = {}
    bar = st.progress(0.0, "Hiding and showing pixels …")
    for place, one in enumerate(maps):
        name = f"{titles[one.model]}, {METHODS[one.method].title}"
        bar.progress(place / len(maps), name)
        found[name] = (one.model, _curves(one, cards[one.model], face))
    bar.empty()
    figure = figures_explain.hiding_curves(found, looks.looks(dict.fromkeys(one.model for one in maps)))
    said = "; ".join(f"{name}: insertion {c.insertion_area:.2f}, deletion {c.deletion_area:.2f}"
                     for name, (_, c) in found.items())  # fmt: skip
    charts.chart(figure, explain_facts.curve_table(found), "insertion-deletion", f"Areas under the curves. {said}.")
    st.dataframe(
        explain_facts.area_table(found).round(3), hide_index=True, alt="The areas under the curves, a row a map"
    )
    st.caption(HIDING + f" {PAIRS}" * any(not isinstance(one.target, str) for one in maps))


def _curves(one: Asked, card: ModelCard, face: ChosenFace) -> Curves:
    key, kept = cache.map_key(card, face.digest, one.method, one.target, "curves"), cache.made_maps()
    result = kept.get(key)
    if result is None:
        predictor = cache.predictor(card.id, card.weights_sha256)
        result = insertion_deletion(predictor, face.crop, one.values, one.target)
        kept.put(key, result)
    return result  # type: ignore[return-value]  # what was put under this key


def sanity_table(studies: Mapping[str, Sanity], titles: Mapping[str, str], joint: Sequence[str]) -> None:
    """Draws which methods pass the sanity check for which models; `joint`: the ids of those made of several."""
    st.subheader("Which methods can be believed")
    shown = {id: study for id, study in studies.items() if id in titles}
    single = [id for id in titles if id not in joint]
    for id in joint:
        st.caption(f"{titles[id]} has no weights of its own to make random: its members are checked.")
    if not single:
        return
    if not shown:
        st.info("No model's methods were checked against random weights yet. With FER2013 at hand, some minutes:",
                icon=":material/rule:")  # fmt: skip
        st.code(SANITY, language="bash")
        return
    table = explain_facts.sanity_table(shown, titles)
    st.dataframe(table, hide_index=True, height="content", placeholder="",
                 alt="A row a method, a column a model: whether it passes the sanity check")  # fmt: skip
    st.caption(SANITY_WORDS.format(threshold=THRESHOLD))
    if said := explain_facts.layers_in_words(shown, titles):
        st.caption(f"{PLACES.format(kept=KEPT)} {said}.")
    lacking = [titles[id] for id in single if id not in shown]
    if lacking:
        st.caption(f"Not checked yet: {', '.join(lacking)}. `{SANITY}` does it.")
