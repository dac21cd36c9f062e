"""Explain: what each model looks at in one face, by any method, with the checks that say what a map is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import cache, explain_facts, looks, ui, ui_checks, ui_explain, ui_none, ui_one_face, ui_work
from dashboard.chosen_face import ChosenFace
from dashboard.explain_facts import Asked
from fer_core.types import ModelCard, Prediction


def main() -> None:
    """Draws the page."""
    st.title("Explain")
    st.markdown("What does each model look at in this face? Beside every map stands what it is worth.")
    cards, problems = cache.cards()
    for problem in problems:
        st.warning(problem, icon=":material/broken_image:")
    chosen = ui.model_choice(cards, ui_explain.AT_FIRST) if cards else []
    if not chosen:
        ui_none.no_models()
    chosen = ui_work.able(chosen)
    if not chosen:
        return
    face = ui_one_face.choice()
    methods = ui_explain.methods()
    if face is None:
        return
    wanted = ui_explain.target(face.truth)
    if not methods:
        st.info("Choose at least one method above.", icon=":material/tune:")
        return
    how = ui_explain.look()
    answers = ui_explain.answers(chosen, face)
    asked = requests(chosen, answers, methods, face.truth, wanted)
    maps = ui_explain.made(asked, {card.id: card for card in chosen}, face)
    draw(chosen, answers, maps, face, how)
    checks(chosen, maps, face)


def requests(
    cards: Sequence[ModelCard], answers: Mapping[str, Prediction], methods: Sequence[str], truth: str | None,
    wanted: tuple[str, str],
) -> list[Asked]:  # fmt: skip
    """The maps that are wanted: of each model that knows the target, by each method that it can answer."""
    found = []
    for card in cards:
        target = explain_facts.target_of(answers[card.id], truth, *wanted)
        able = cache.methods_of(card.id, card.weights_sha256) if target else ()
        found += [explain_facts.wish(card, method, target or "") for method in able if method in methods]
    return found


def draw(
    cards: Sequence[ModelCard], answers: Mapping[str, Prediction], maps: Sequence[Asked], face: ChosenFace,
    how: ui_explain.Look,
) -> None:  # fmt: skip
    """Draws the maps, a row a model, or where each has but one, models side by side."""
    there = [one for one in maps if one.map is not None]
    drawn = dict(zip([(one.model, one.method) for one in there], explain_facts.drawn(there, how.shared), strict=True))
    truth = f", labelled **{face.truth}**" if face.truth else ""
    where = "" if face.points is not None else " No landmarks were found in it: regions are where they usually are."
    st.markdown(f"**{face.name}**{truth}.{where}")
    ui_explain.legend(how, maps)
    titles = looks.distinct({card.id: card.title for card in cards})
    by_model = {card.id: [one for one in maps if one.model == card.id] for card in cards}
    beside = max(map(len, by_model.values())) == 1
    with st.container(horizontal=beside):
        for card in cards:
            mine = by_model[card.id]
            values = {one.method: drawn[card.id, one.method] for one in mine if one.map is not None}
            verdicts, title = cache.sanity_verdicts(card.id), titles[card.id]
            ui_explain.model_row(card, title, answers[card.id], mine, values, face, how, verdicts, beside)
            ui_checks.agreement_between(mine, title)


def checks(cards: Sequence[ModelCard], maps: Sequence[Asked], face: ChosenFace) -> None:
    """Draws what may be measured of the maps: regions, insertion and deletion, and which methods can be believed."""
    titles = looks.distinct({card.id: card.title for card in cards})
    sound = [one for one in maps if one.map is not None and not one.remark]
    if sound:
        st.subheader("What the maps are worth")
        ui_checks.region_chart(sound, face, titles)
        ui_checks.hiding(sound, {card.id: card for card in cards}, face, titles)
    joint = [card.id for card in cards if card.framework == "ensemble"]
    ui_checks.sanity_table(cache.sanity_studies(), titles, joint)


main()
