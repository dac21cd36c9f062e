"""The collection as a test set: accuracy, confusion and distribution of every model beside its FER2013 figures."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import cache, charts, collection_facts, figures_confusion, ui_quiz, ui_raters, ui_url, ui_work
from dashboard.confusion_data import matrix_table
from dashboard.pages_table import VIEWS
from fer_core.collection import Collection
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS

SET = "PrivateTest"
"""FER2013's part that the collection is shown beside: each model was scored on it once."""


def results(collection: Collection, titles: Mapping[str, str]) -> None:
    """Draws all figures of the labelled faces."""
    ids = list(titles)
    here = cache.evaluations(collection, ids)
    stored = {id: cache.reports(id).get(SET) for id in ids}
    there = {id: report for id, report in stored.items() if report is not None}
    if here:
        accuracy(here, there, titles)
        confusion(here, there, titles)
        if st.button("Any two models, and the faces in each cell", icon=":material/grid_on:"):
            asked = {**ui_work.address(), "set": ui_raters.OWN}
            st.switch_page(VIEWS / "confusion.py", query_params=asked)
        if st.button("Let people label these faces too", icon=":material/quiz:", help="The quiz, beside the models"):
            st.switch_page(VIEWS / "quiz.py", query_params={**ui_work.address(), ui_quiz.FACES: "own"})
    else:
        st.info("No face is labelled yet. Say what people posed, on the tab Label, and each model is scored here.",
                icon=":material/label:")  # fmt: skip
    distributions(collection, there, titles)


def accuracy(
    here: Mapping[str, EvaluationReport], there: Mapping[str, EvaluationReport | None], titles: Mapping[str, str]
) -> None:
    """Draws each model's accuracy, and the same on FER2013."""
    st.subheader("Accuracy")
    number = st.column_config.NumberColumn
    table = collection_facts.accuracy_table(here, there, titles)
    columns = {f"{where}: accuracy": number(format="%.1f %%") for where in ("here", "FER2013")}
    columns |= {f"{where}: macro F1": number(format="%.3f") for where in ("here", "FER2013")}
    st.dataframe(table, hide_index=True, height="content", placeholder="", column_config=columns,
                 alt="Accuracy of each model on this collection and on FER2013")  # fmt: skip
    st.caption(f"FER2013: {SET}, its intervals by bootstrap; here Wilson's, which hold for few faces too.")


def confusion(
    here: Mapping[str, EvaluationReport], there: Mapping[str, EvaluationReport], titles: Mapping[str, str]
) -> None:
    """Draws one model's confusion here and on FER2013, side by side on one colour scale."""
    st.subheader("Who is taken for what")
    first = next(iter(here))
    id = ui_url.one(st.selectbox, "Model", {id: titles[id] for id in here}, "of-model", first, width=320) or first
    left, right = st.columns(2)
    photos, stored = ("these photos", "Posed"), (f"FER2013, {SET}", "FER2013's label")
    for place, report, (where, rows) in ((left, here[id], photos), (right, there.get(id), stored)):
        if report is None:
            continue
        with place:
            st.markdown(f"**On {where}**, {report.n:,} images")
            values = collection_facts.row_shares(report)
            figure = figures_confusion.confusion(values, report.labels, (rows, titles[id]), share=True, top=1.0,
                                                 dark=ui_raters.dark())  # fmt: skip
            name = f"confusion-{id}-{'here' if report is here[id] else 'fer2013'}"
            charts.chart(
                figure,
                matrix_table(report.confusion, report.labels),
                name,
                f"Confusion of {titles[id]} on {where}, row shares",
            )
    st.caption("Percent of each row.")


def distributions(collection: Collection, there: Mapping[str, EvaluationReport], titles: Mapping[str, str]) -> None:
    """Draws how often each label is said here and on FER2013."""
    st.subheader("How often each label is said")
    here = collection_facts.distribution(collection, [id for id in titles if id in collection.answers])
    tables = [("these photos", here)]
    if there:
        tables.append((f"FER2013, {SET}", collection_facts.stored_distribution(there, EMOTIONS)))
    named = {"truth": "What was posed", **titles}
    for place, (where, table) in zip(st.columns(2), tables, strict=False):
        words = named | ({"truth": "FER2013's label"} if where.startswith("FER2013") else {})
        with place:
            st.markdown(f"**On {where}**")
            charts.chart(
                figures_confusion.occurrences(table, words, share=True, dark=ui_raters.dark()),
                table.rename(columns=words).rename_axis("label").reset_index(),
                f"distribution-{'here' if table is here else 'fer2013'}",
                f"How often each label is said on {where}, as shares",
            )
