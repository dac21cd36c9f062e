"""Widgets and words of the Explain page; plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from dashboard import cache, explain_facts, explain_pictures, ui_url
from dashboard.chosen_face import ChosenFace
from dashboard.explain_facts import Asked
from dashboard.words import percent
from fer_core import catalog
from fer_core.overlay import scale_bar
from fer_core.saliency import METHODS, describe, explain
from fer_core.types import EMOTIONS, Float32, ModelCard, Prediction

LOADING = ("Gradients need the models' own framework: TensorFlow and PyTorch are loaded into the server now. The first "
           "time this takes up to half a minute.")  # fmt: skip
SHOWN = 133
"""Pixels of a map's side: three models fit beside each other on a laptop."""
AT_FIRST = 6
"""Models: each has maps of its own, which take seconds to make and most of a phone to show."""
UNTESTED = "not tested"


@dataclass(frozen=True)
class Look:
    """How maps are drawn: opacity 0..1, whether those of one method share a scale."""

    opacity: float
    shared: bool


def methods() -> list[str]:
    """The ids of the methods to show; Grad-CAM at first."""
    titles = {id: f"{method.title} (slow)" if method.slow else method.title for id, method in METHODS.items()}
    return ui_url.some(st.pills, "Methods", titles, "methods", ["grad_cam"], selection_mode="multi")


def target(truth: str | None) -> tuple[str, str]:
    """What is to be explained, and what it is held against; both live in the URL."""
    ends = {explain_facts.ANSWER: "each model's own answer"}
    ends |= {explain_facts.TRUTH: f"the label, {truth}"} if truth else {}
    against = {explain_facts.NOTHING: "nothing else", explain_facts.SECOND: "each model's likeliest other answer"}
    left, right = st.columns(2)
    with left:
        wanted = ui_url.one(st.selectbox, "Why", ends | {e: e for e in EMOTIONS}, "target", explain_facts.ANSWER)
    with right:
        than = ui_url.one(
            st.selectbox, "rather than", against | {e: e for e in EMOTIONS}, "than", explain_facts.NOTHING
        )
    return wanted or explain_facts.ANSWER, than or explain_facts.NOTHING


def look() -> Look:
    """How the maps are to be drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        opacity = st.slider("Opacity, percent", 0, 100, 75, 5, key="opacity", bind="query-params", width=220)
        shared = st.toggle("One scale for all models", key="shared", bind="query-params",
                           help="Of one method; else each map is drawn by its own maximum, which makes noise look like "
                                "evidence: compare the maxima.")  # fmt: skip
    return Look(opacity / 100, bool(shared))


def answers(cards: Sequence[ModelCard], face: ChosenFace) -> dict[str, Prediction]:
    """Every model's answer by id; those of fewer models where the user changes the page meanwhile."""
    with st.spinner("The models read the face."):
        return {
            card.id: Prediction(card.id, card.labels,
                                cache.predictor(card.id, card.weights_sha256).predict_proba([face.crop])[0])
            for card in cards
        }  # fmt: skip


def made(asked: Sequence[Asked], cards: Mapping[str, ModelCard], face: ChosenFace) -> list[Asked]:
    """The same with the maps that are here: quick methods are asked at once, slow ones where the user wants them."""
    kept = cache.made_maps()
    keys = [cache.map_key(cards[one.model], face.digest, one.method, one.target) for one in asked]
    missing = [one for one, key in zip(asked, keys, strict=True) if kept.get(key) is None]
    slow = {one.method: st.empty() for one in missing if METHODS[one.method].slow}
    for method, place in slow.items():
        with place:
            _offer(method, sum(one.method == method for one in missing))
    wanted = [one for one in missing if one.method not in slow or st.session_state.get(_flag(one.method))]
    if wanted:
        _work(wanted, cards, face)
    for method, place in slow.items():
        if st.session_state.pop(_flag(method), None):
            place.empty()  # else "Stop" would stand beside what is done
    found = [kept.get(key) for key in keys]
    return [replace(one, map=result) for one, result in zip(asked, found, strict=True)]  # type: ignore[arg-type]


def _offer(method: str, models: int) -> None:
    """Draws the button that starts a slow method, or while it works the one that stops it."""
    title, flag = METHODS[method].title, _flag(method)
    if st.session_state.get(flag):
        st.button("Stop", icon=":material/stop_circle:", key=f"stop-{method}", on_click=_set, args=(flag, False))
    else:
        st.button(f"Run {title} for {models} model{'s' * (models > 1)}", icon=":material/play_circle:",
                  key=f"run-{method}", on_click=_set, args=(flag, True),
                  help="It hides parts of the face and asks the model again and again.")  # fmt: skip


def _work(wanted: Sequence[Asked], cards: Mapping[str, ModelCard], face: ChosenFace) -> None:
    """Nothing comes back; the maps were made and kept. A click anywhere ends it at the next step, nothing half done."""
    bar, kept = st.progress(0.0, LOADING), cache.made_maps()
    for place, one in enumerate(wanted):
        card, title = cards[one.model], METHODS[one.method].title

        def progress(done: int, of: int, place: int = place, words: str = f"{title}: {card.title}") -> None:
            share = (place + done / max(1, of)) / len(wanted)
            bar.progress(min(1.0, share), f"{words}, step {done} of {of}" if of > 1 else words)

        predictor = cache.predictor(card.id, card.weights_sha256)
        result = explain(predictor, [face.crop], one.method, one.target, progress=progress)
        kept.put(cache.map_key(card, face.digest, one.method, one.target), result)
    bar.empty()


def _flag(method: str) -> str:
    return f"work-{method}"


def _set(flag: str, on: bool) -> None:
    st.session_state[flag] = on


def model_row(
    card: ModelCard, title: str, prediction: Prediction, asked: Sequence[Asked], values: Mapping[str, Float32],
    face: ChosenFace, how: Look, verdicts: Mapping[str, str], beside: bool = False,
) -> None:  # fmt: skip
    """Draws a model's maps side by side, each with its maximum, where it lies and what is to be said against it.

    `values` by method, as drawn; `verdicts` by method, "" where the method passed the sanity check for this model.
    `beside`: no wider than one map, so that another model has room beside it.
    """
    with st.container(border=True, width=2 * SHOWN + 48 if beside else "stretch"):
        right = "" if face.truth is None else ", right" if prediction.label == face.truth else ", wrong"
        why = f" Why **{explain_facts.in_words(asked[0].target)}**?" if asked else ""
        st.markdown(f"**{title}** says {prediction.label} {percent(prediction.confidence)}{right}.{why}")
        if not asked:
            st.caption(f"This model does not know the label, or both are the same. It knows {', '.join(card.labels)}.")
        with st.container(horizontal=True, gap="medium"):
            for one in asked:
                with st.container(width=2 * SHOWN + 16, gap="xsmall"):
                    _cell(one, card, title, values.get(one.method), face, how, verdicts.get(one.method, UNTESTED))


def _cell(
    one: Asked, card: ModelCard, title: str, values: Float32 | None, face: ChosenFace, how: Look, verdict: str
) -> None:  # fmt: skip
    method = METHODS[one.method]
    st.markdown(f"{method.title}" + (f" :red-badge[:material/dangerous: {verdict}]" if verdict not in ("", UNTESTED)
                                     else ""))  # fmt: skip
    if values is None or one.map is None:
        st.caption("Not made yet: run it above.")
        return
    spec = catalog.spec(card.architecture).input
    points = face.points_on(one.map.values.shape[1:])
    alt = f"{method.title} of {title} for {explain_facts.in_words(one.target)}. "
    alt += one.remark or describe(one.map.values[0], points)
    where = "Over the face itself." if face.photo is None else "In the photo."
    with st.container(horizontal=True, gap="xsmall"):
        st.image(explain_pictures.seen(face, spec, values, how.opacity), width=SHOWN, alt=f"As the model saw it. {alt}")
        st.image(explain_pictures.in_photo(face, values, how.opacity), width=SHOWN, alt=f"{where} {alt}")
    if one.remark:
        st.warning(one.remark, icon=":material/do_not_disturb_on:")
    places = explain_facts.places_in_words(one, points)
    mass = "what speaks for it" if method.signed else "its mass"
    said = [explain_facts.extent_in_words(one), f"Of {mass}: {places}." if places else ""]
    st.caption(" ".join([*said, f"Sanity check: {UNTESTED}." if verdict == UNTESTED else ""]))


def legend(how: Look, maps: Sequence[Asked]) -> None:
    """Draws the colours' scale of these maps."""
    signed = any(METHODS[one.method].signed for one in maps)
    low, what = ("against", "largest magnitude") if signed else ("0", "maximum")
    top = f"the {what} of all models, by method" if how.shared else f"the map's own {what}"
    if how.shared and any(one.relative for one in maps):
        top += "; an ensemble's maps, which have no unit, by their own"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(low, width="content")
        st.image(scale_bar(how.opacity, signed), width=160, alt="The colours of the maps, from little to much")
        st.caption(top, width="content")
