"""My result: how I did, which faces I missed, and what models and other people said of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache, people_tables, ui_people, ui_quiz
from dashboard.pages_table import VIEWS
from fer_core.artifacts import Reference
from fer_core.human import quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.errors import HumanError
from fer_core.human.scores import PersonScore, at_shares, score
from fer_core.human.versus import percentile, shared


def main() -> None:
    """Draws the page."""
    st.title("My result")
    ui_people.gone()
    database = ui_quiz.opened()
    code = ui_quiz.run_code("Your resume code") if database is not None else None
    if database is None or code is None:
        if database is not None:
            no_run()
        return
    try:
        state, table = quiz.state(database, code), own_answers(database, code)
    except HumanError as problem:
        st.warning(str(problem), icon=":material/key_off:")
        ui_quiz.leave_run("Type the code again")
        return
    found = score(table) if state.task is None or state.options.feedback else None
    above, below = st.container(), st.container()
    with below:
        ui_people.own_data(database, state, table)  # first, so that nothing above can hide it
    with above:
        if found is None:
            unfinished(state)
        else:
            show(state, table, found)


def no_run() -> None:
    """Draws the way to a result."""
    st.caption("The code was shown when you began, and stands under every face of the quiz.")
    if st.button("Take the quiz", type="primary", icon=":material/quiz:"):
        st.switch_page(VIEWS / "quiz.py")
    if cache.reference() is None:
        st.info("There is nothing to compare people with yet. Make it with:", icon=":material/model_training:")
        st.code("uv run python -m trainers evaluate", language="bash")


def unfinished(state: quiz.RunState) -> None:
    """Says how far the run is; figures come at its end, so that they cannot change the answers."""
    st.info(f"{state.answered} of {state.total} are answered. The result comes when all are.", icon=":material/timer:")
    if st.button("Go on", type="primary", icon=":material/play_arrow:"):
        st.switch_page(VIEWS / "quiz.py", query_params={ui_quiz.RUN: state.code})


def show(state: quiz.RunState, table: pd.DataFrame, found: PersonScore) -> None:
    """Draws the figures, the matrix and the faces that were missed."""
    ui_quiz.lend(state.source)  # loaded again after a restart
    other = cache.beside(state.source)
    models, reference, names = other.models, other.reference, other.names
    figures(found, table, None if names else reference, alone=state.options.feedback)
    told = " You were told the labels: this run is compared with nobody." if state.options.feedback else ""
    st.caption(f"{found.n} faces of {state.source}, each label equally often; {state.options.condition}.{told}")
    st.subheader("What you took for what")
    ui_people.matrix(found, "your answer", "my-confusion", ui_people.whose([state.source]))
    st.subheader("Each emotion")
    ui_people.by_class(found)
    ui_people.how_sure(table, "my-sureness")
    on = shared(table, reference, names) if reference is not None else None
    if on is not None and models and not state.options.feedback:  # none: no answer came in time
        st.subheader("You and the models, on the same faces")
        ui_people.against(people_tables.comparisons(on, on.people[0], models), "You")
    st.subheader("The faces that you missed")
    rows = people_tables.missed(table, models, reference, names)
    if rows.empty:
        st.success("None: you gave its label to every face.", icon=":material/star:")
    else:
        if names is None and reference is not None:
            st.caption("Label: what FER2013 says. Crowd: what most of FER+'s ten taggers said of the same face.")
        ui_people.faces(rows, state.source, state.options.view, "missed", models)


def figures(found: PersonScore, table: pd.DataFrame, reference: Reference | None, *, alone: bool) -> None:
    """Draws the headline figures; `reference` is None where the faces are not FER2013's, `alone` compares nobody."""
    place = percentile(table, reference) if reference is not None and not alone else None
    first, *second, third, fourth = st.columns(3 if place is None else 4)
    ui_people.accuracy(found, first)
    if place is not None:
        rounded = f"{place[0]:.0f}"
        second[0].metric("Percentile", {"0": "< 1", "100": "> 99"}.get(rounded, rounded))
        second[0].caption(f"of simulated taggers, for each of {place[1]} faces another of FER+'s: people differ more")
    f1 = found.report.metrics["macro_f1"]
    third.metric("Macro-F1", f"{f1.value:.3f}")
    if f1.low < f1.high:  # resamples of faces that were all called right are all the same, few faces or many
        third.caption(f"95 % interval {f1.low:.3f} to {f1.high:.3f}")
    fourth.metric("Median reaction", people_tables.seconds(found.overall_reaction))
    again = f"Repeated faces called the same: {people_tables.percent(found.repeated)}" if found.repeats else ""
    checks = f"checks of attention followed: {found.attentive} of {found.checks}" if found.checks else ""
    if said := [words for words in (again, checks, mixed(found) if reference else "") if words]:
        st.caption("; ".join(said) + ".")


def mixed(found: PersonScore) -> str:
    """The accuracy at FER2013's own mixture of classes, which is what the 65 ± 5 % of Goodfellow et al. is about."""
    people = cache.reports("majority").get("PrivateTest")
    if people is None:
        return ""
    own = found.report.per_class
    there = people_tables.percent(at_shares(own.recall, own.support, people.per_class.support))
    return f"at PrivateTest's mixture of labels your accuracy would be {there}" if there != people_tables.BLANK else ""


main()
