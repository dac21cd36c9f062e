"""Confusion: any two raters against each other, and the faces behind each cell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from dashboard import cache, charts, confusion_data as data, figures_confusion, ui_faces, ui_own_faces, ui_raters
from fer_core.artifacts import Reference
from fer_core.evidence import Rater
from fer_core.metrics import EvaluationReport


def main() -> None:
    """Draws the page."""
    st.title("Confusion")
    st.markdown("Who takes what for what: models, people and FER2013's label, any two of them against each other.")
    raters, reference = cache.raters(), cache.reference()
    if reference is None or not any(rater.kind == "model" for rater in raters):
        ui_raters.no_evidence()
        return
    rows, columns, images, normalise = choices(raters)
    if not columns:
        st.info("Choose at least one rater for the columns.", icon=":material/tune:")
        return
    try:
        found = ui_own_faces.together([rows, *columns], images, reference)
    except ValueError as problem:
        st.warning(str(problem), icon=":material/filter_alt_off:")
        return
    ui_raters.fewer_labels([rows, *columns], found.labels, len(found.ids), found.left_out)
    above, below = st.container(), st.container()
    with below:
        st.subheader("Faces", anchor="faces")
        cell = ui_faces.cell_choice(rows, columns, found.labels)  # first, since the matrices mark it
        faces(found, rows, cell, reference if isinstance(images, str) else images)
    with above:
        stored = ui_raters.stored(rows, columns, images if isinstance(images, str) else "", found.labels)
        matrices(found, rows, columns, normalise, cell, stored)
    if len(columns) > 1:
        truth = "FER2013's label" if isinstance(images, str) else "what was posed"
        difference(found, rows, columns, normalise, truth)


def choices(raters: tuple[Rater, ...]) -> tuple[Rater, list[Rater], str | ui_own_faces.Own, str]:
    """The row rater, the column raters, the images (a set's name, or the user's own faces) and how cells are shown."""
    own = ui_own_faces.here()
    with st.container(border=True):
        images: str | ui_own_faces.Own = ui_raters.set_choice(own=own is not None)
        if own is not None and images == ui_raters.OWN:
            images, raters = own, own.raters
        left, right = st.columns(2)
        with left:
            rows = ui_raters.one("Rows", raters, "rows")
        with right:
            normalise = ui_raters.shown_as()
        columns = ui_raters.several("Columns, a matrix each", raters, ui_raters.first_two(raters), "columns")
    return rows, columns, images, normalise


def matrices(found: data.Together, rows: Rater, columns: list[Rater], normalise: str, cell: ui_faces.Cell,
             stored: Mapping[str, EvaluationReport]) -> None:  # fmt: skip
    """Draws a matrix for each column rater on one colour scale, side by side, with how far the two agree."""
    values = {rater.id: data.matrix(found, rows.id, rater.id, normalise) for rater in columns}
    top, share = data.largest(list(values.values())), normalise != "counts"
    for place, rater in zip(ui_raters.side_by_side(len(columns)), columns, strict=True):
        key, labels = f"matrix-{rater.id}", found.labels
        figure = figures_confusion.confusion(
            values[rater.id], labels, (rows.title, rater.title), share=share, top=top, dark=ui_raters.dark(),
            chosen=cell.marked(rater),
        )  # fmt: skip
        alt = f"Confusion matrix, {ui_raters.SHOWN_AS[normalise].lower()}: rows {rows.title}, columns {rater.title}"
        with place:
            st.markdown(f"**{rater.title}**")
            ui_raters.agreement(both := data.agreement(found, rows.id, rater.id), rows, stored.get(rater.id))
            charts.chart(
                figure, data.matrix_table(values[rater.id], labels), f"confusion-{rows.id}-{rater.id}", alt,
                key=key, select=partial(ui_faces.cell_clicked, key, rater.id),
            )  # fmt: skip
            ui_raters.outside(both)
    unit, n = "Percent" if share else "Numbers of images", len(found.ids)
    st.caption(f"{unit}, on one colour scale; {n:,} images. Click a cell to see its faces below.")


def faces(found: data.Together, rows: Rater, cell: ui_faces.Cell, source: Reference | ui_own_faces.Own) -> None:
    """Draws the faces of the chosen cell, and the one chosen of them with everybody's answer."""
    ids = data.cell(found, rows.id, cell.of.id, cell.row, cell.column)
    if cell.row or cell.column:
        order = ", the most certain answers first" if cell.of.id in found.confidence else ""
        st.markdown(f"**{len(ids):,}** image{'s' * (len(ids) != 1)}{order}")
    else:
        st.caption("Click a cell above, or choose its labels here.")
    if isinstance(source, ui_own_faces.Own):
        ui_own_faces.faces(ids, source)
    else:
        ui_faces.faces(ids, source)


def difference(found: data.Together, rows: Rater, columns: list[Rater], normalise: str, truth: str) -> None:
    """Draws the difference of two of the matrices, and the paired comparison of the two against the truth."""
    st.subheader("The difference of two")
    a, b = ui_raters.pair(columns)
    values, share = data.difference(found, rows.id, (a.id, b.id), normalise), normalise != "counts"
    titles = (rows.title, f"{a.title} less {b.title}")
    left, right = st.columns([3, 2])
    with left:
        charts.chart(
            figures_confusion.difference(values, found.labels, titles, share=share, dark=ui_raters.dark()),
            data.matrix_table(values, found.labels), f"difference-{a.id}-{b.id}",
            f"Difference of two confusion matrices, {titles[1]}", key="difference",
        )  # fmt: skip
        st.caption(f"Purple: {a.title} more often; orange: {b.title}.")
    with right, st.spinner("Comparing …"):
        ui_raters.paired(cache.comparison(found.y, found.answered[a.id], found.answered[b.id]), a, b, truth)


main()
