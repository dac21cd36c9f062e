"""Widgets and words of the What if page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from dashboard import cache, charts, figures_what_if, looks, ui_url, what_if_facts as facts
from dashboard.chosen_face import ChosenFace
from dashboard.entries import narrower
from dashboard.words import counted
from fer_core.disturbances import DISTURBANCES
from fer_core.preprocess import to_pixels
from fer_core.types import EMOTIONS, Float32, InputSpec, ModelCard, Prediction, Uint8
from fer_core.what_if import Study

COMMAND = "uv run python -m trainers what-if --data fer2013.csv"
NATIVE = InputSpec(size=48, channels=1)
SIDE = 106
HOW = """How often each model changes its label when {n} faces of {split} (drawn by seed {seed}) are disturbed alike,
and how many it still gets right. Strength 0 is the face as it is. Bars are 95 % intervals. Where a turned or shifted
frame reaches beyond FER2013's picture, its edge pixels go on."""
AT_MOST = 6
"""More curves with their intervals than these hide one another."""


def sliders() -> dict[str, float]:
    """The strength of every disturbance by its id, 0 at first; all live in the URL."""
    found: dict[str, float] = {}
    left, right = st.columns(2, gap="medium")
    for place, one in enumerate(DISTURBANCES.values()):
        with left if place % 2 == 0 else right:
            if one.high == one.step:
                found[one.id] = float(st.toggle(one.title, key=one.id, bind="query-params"))
                continue
            kind = float if one.step < 1 else int
            span = (kind(one.low), kind(one.high), kind(0), kind(one.step))
            found[one.id] = float(st.slider(one.title, *span, key=one.id, bind="query-params", help=one.unit))
    st.button("As it was", icon=":material/restart_alt:", on_click=_reset, disabled=not any(found.values()))
    return found


def _reset() -> None:
    for one in DISTURBANCES.values():
        st.session_state[one.id] = False if one.high == one.step else 0.0 if one.step < 1 else 0


def pictures(face: ChosenFace, now: Uint8, strengths: Mapping[str, float]) -> None:
    """Draws the face as it is, disturbed, and disturbed as the native models see it."""
    words = ", ".join(f"{DISTURBANCES[id].title.lower()} {s:g}" for id, s in strengths.items() if s) or "nothing"
    seen = to_pixels([now], NATIVE)[0, :, :, 0]
    shown = ((face.crop, "As it is", f"{face.name} as it is"), (now, "Disturbed", f"{face.name} after: {words}"),
             (seen, "48 × 48 in grey, as native models see it",
              f"{face.name} after {words}, in grey and 48 pixels"))  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for picture, caption, alt in shown:
            with st.container(width=SIDE, gap="xsmall"):
                st.image(_large(picture), width=SIDE, alt=alt)
                st.caption(caption)


def _large(picture: Uint8) -> Image.Image:
    how = Image.Resampling.NEAREST if max(picture.shape[:2]) <= 48 else Image.Resampling.LANCZOS
    return Image.fromarray(picture).resize((SIDE * 2, SIDE * 2), how)


def predictions(cards: Sequence[ModelCard], crops: Sequence[Uint8]) -> list[dict[str, Prediction]]:
    """For each of the faces, every model's answer by id."""
    with st.spinner("The models read the face."):
        rows: dict[str, Float32] = {
            card.id: cache.predictor(card.id, card.weights_sha256).predict_proba(list(crops)) for card in cards
        }
    labels = {card.id: card.labels for card in cards}
    return [{id: Prediction(id, labels[id], np.asarray(p[i])) for id, p in rows.items()} for i in range(len(crops))]


def answers(before: Mapping[str, Prediction], now: Mapping[str, Prediction], titles: Mapping[str, str]) -> None:
    """Draws which models changed their answer."""
    changed = [titles[id] for id in now if now[id].label != before[id].label]
    if changed:
        st.markdown(f"**{len(changed)} of {counted(len(now), 'model')}** changed the label: {', '.join(changed)}.")
    else:
        st.markdown(f"None of the {len(now)} models changed its label." if len(now) > 1 else "The label is the same.")
    number = st.column_config.ProgressColumn
    config: dict[str, Any] = {"model": st.column_config.TextColumn(width=240)}
    config |= {name: number("%", format="%.0f %%", min_value=0, max_value=100, width=80)
               for name in ("percent before", "percent")}  # fmt: skip
    st.dataframe(facts.answers(before, now, titles), hide_index=True, column_config=config, height="content",
                 alt="Each model's answer before and after")  # fmt: skip


def curves(studies: Mapping[str, Study], titles: Mapping[str, str], strengths: Mapping[str, float]) -> None:
    """Draws the stored curves of the disturbance that the user looks at, and what each does at its strongest."""
    named = {id: one.title for id, one in DISTURBANCES.items()}
    moved = next((id for id, strength in strengths.items() if strength), "rotate")
    chosen = ui_url.one(st.pills, "Disturbance", named, "curve", moved, named=True) or moved
    measure = ui_url.one(st.segmented_control, "Measure", facts.MEASURES, "measure", "flips") or "flips"
    best = cache.most_accurate({id: one.labels for id, one in studies.items()}, AT_MOST)
    drawn = {id: studies[id] for id in best}
    said = "; ".join(f"{titles[id]}: {facts.spoken(one, chosen, measure)}" for id, one in drawn.items())
    figure = figures_what_if.curves(drawn, titles, looks.looks(studies), chosen, measure,
                                    strengths.get(chosen) or None)  # fmt: skip
    alt = f"{facts.MEASURES[measure]} against {named[chosen].lower()}. {said}."
    table = facts.curve_table(studies, titles, chosen)
    charts.chart(figure, table, f"what-if-{chosen}", alt, key="what-if-curves")
    if len(studies) > len(drawn):
        st.caption(
            f"Of the {len(studies)} chosen models the {len(drawn)} most accurate are drawn; all are in the tables."
        )
    first = next(iter(studies.values()))
    st.caption(HOW.format(n=first.n, split=first.split, seed=first.seed))
    for id, one in studies.items():
        if len(one.labels) < len(EMOTIONS):
            st.caption(narrower(titles[id], one.labels, f"accuracies are on the {one.knows:,} faces"))
    st.subheader("The strongest of each")
    table = facts.strongest(studies, titles)
    bars = {titles[id]: st.column_config.ProgressColumn(titles[id], format="%.0f %%", min_value=0, max_value=100)
            for id in studies}  # fmt: skip
    st.dataframe(table, hide_index=True, column_config=bars, height="content",
                 alt="A row a disturbance: the share of labels that its strongest step changes, by model")  # fmt: skip
    charts.download(table, "what-if-strongest")
    st.caption("The share of labels changed at the strongest step tried, in either direction.")


def no_curves() -> None:
    """Draws what to do where no model has a study."""
    st.info("How often each model changes its mind was not measured here yet. With FER2013 at hand, some minutes:",
            icon=":material/filter_vintage:")  # fmt: skip
    st.code(COMMAND, language="bash")


def lacking(ids: Sequence[str], titles: Mapping[str, str]) -> None:
    """Draws which models have no study, and the command that makes it."""
    if ids:
        st.caption(f"Not measured yet: {', '.join(titles.get(id, id) for id in ids)}. `{COMMAND}` does it.")
