"""The controls and tables of a model's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, figures_training, model_tables, model_words, ui_url
from dashboard.charts import chart, download
from fer_core import evidence
from fer_core.artifacts import ArtifactError
from fer_core.metrics import METRICS, EvaluationReport
from fer_core.types import ModelCard, remake

Reports = Mapping[str, EvaluationReport]
"""What is stored of one model, by set of `evidence.SETS`."""


def model_choice(cards: Sequence[ModelCard]) -> ModelCard | None:
    """The model that `?model=<id>` names, the first where it names none; None where there is no model."""
    if not cards:
        return None
    titles = {card.id: f"{card.title} · {card.id}" for card in cards}
    chosen = ui_url.one(st.selectbox, "Model", titles, "model", cards[0].id, named=True)
    return next(card for card in cards if card.id == chosen)


def not_evaluated(card: ModelCard, images: str) -> None:
    """Draws what to do where a model has no figures on a set."""
    st.info(f"It was not evaluated on {images} yet. Do it with:", icon=":material/query_stats:")
    st.code(f"uv run python -m trainers evaluate {card.id}", language="bash")


def command(card: ModelCard) -> None:
    """Draws the command that makes the model again."""
    st.code(f"uv run {remake(card.id)} --data fer2013.csv", language="bash")


def headlines(reports: Reports, images: str) -> None:
    """Draws the four figures that matter most with their 95 % intervals, and in a line the same on the set's twin."""
    report = reports[images]
    keys = [key for key in model_words.HEADLINES if key in report.metrics]
    with st.container(horizontal=True):
        for key in keys:
            metric, found = METRICS[key], report.metrics[key]
            value, low, high = (model_words.figure(key, number) for number in (found.value, found.low, found.high))
            st.metric(metric.title, value, f"{low} to {high}", width=166, border=True, help=metric.description,
                      delta_color="off", delta_arrow="off")  # fmt: skip
    twin = evidence.other_of_split(images)
    if twin in reports:
        st.markdown(model_words.on_twin(reports[twin], twin))


def measures(reports: Reports, images: str, name: str) -> None:
    """Draws every measure on the split of those images, official and without copies side by side, to take along."""
    official, without = evidence.twins(images)
    table = model_tables.measures(reports.get(official), reports.get(without))
    with st.expander("All measures", key="measures", bind="query-params"):
        text = st.column_config.TextColumn
        st.dataframe(model_tables.measures_in_words(table), hide_index=True, height="content", placeholder="",
                     alt=f"Every measure on {official} and on {without}, with 95 % intervals", column_config={
            "measure": text(width=140, pinned=True),
            "95 % interval": text(width=125),
            "without copies": text(width=110, help=f"On {without}: no image that Training has too"),
            "95 % without copies": text("95 % interval", width=125),
            "what it is": text(width=700),
        })  # fmt: skip
        st.caption(model_tables.measures_on(reports, images))
        download(table, f"measures-{name}")


def people(images: str) -> Reports:
    """People's evaluations on a set, by what they are called."""
    reports = {title: cache.reports(id).get(images) for id, title in evidence.PEOPLE.items()}
    return {title: report for title, report in reports.items() if report}


def other_seeds(card: ModelCard, images: str) -> None:
    """Draws how much of the accuracy is chance, where the recipe was trained with other seeds; else nothing."""
    found = cache.other_seeds(card.id, images)
    if found is None:
        return
    said = {seed: model_words.figure("accuracy", value) for seed, value in found.accuracy.items()}
    mean = model_words.figure("accuracy", found.mean)
    others = ", ".join(f"{value} (seed {seed})" for seed, value in said.items() if seed != card.seed)
    st.caption(
        f"The same recipe trained again reads {others} of {images}: {mean} on average over "
        f"{len(found.accuracy)} seeds, standard deviation {100 * found.spread:.1f} points. All other figures here are "
        f"of seed {card.seed}."
    )


def teacher(card: ModelCard) -> ModelCard | None:
    """The model that taught this one, as it is now; None where there is none, or it is not here."""
    id = (card.recipe.get("distil") or {}).get("teacher")
    return next((other for other in cache.cards()[0] if other.id == id), None)


def several_views(card: ModelCard) -> None:
    """Draws what the model gains where it is asked about several views of each face; nothing where nobody tried."""
    study = cache.several_views(card.id)
    if study is None:
        return
    with st.expander("Test-time augmentation", key="views", bind="query-params"):
        table = model_tables.several_views(study)
        text = st.column_config.TextColumn
        st.dataframe(table, hide_index=True, height="content", alt="Accuracy where a face is seen in several views",
                     column_config={
            "n": st.column_config.NumberColumn(format="localized"),
            "95 % interval": text(width=125),
            "gain": text(help="Over the face alone, on the same images, in points, with its 95 % interval"),
        })  # fmt: skip
        st.caption(model_tables.SEVERAL_VIEWS)
        download(table, f"test-time-{card.id}")


def per_class(report: EvaluationReport, name: str) -> None:
    """Draws the figures of each label."""
    number = st.column_config.NumberColumn
    helps = {
        "precision": "Of the images given this label, the share that has it",
        "recall": "Of the images with this label, the share that was given it",
        "F1": "The harmonic mean of the two",
        "AUC": "Area under the ROC curve, this label against the rest; 0.5 is chance",
    }
    table = model_tables.per_class(report)
    st.dataframe(table, hide_index=True, height="content", placeholder="",
                 alt="Precision, recall, F1, AUC and number of images of each label",
                 column_config={key: number(format="%.3f", help=said) for key, said in helps.items()}
                 | {"images": number(format="localized")})  # fmt: skip
    download(table, f"labels-{name}")


def calibration(before: EvaluationReport, after: EvaluationReport, name: str) -> None:
    """Draws what the temperature changed."""
    number = st.column_config.NumberColumn
    table = model_tables.calibration(before, after)
    st.dataframe(table, hide_index=True, height="content",
                 alt="Calibration error, log loss and Brier score before and after the temperature",
                 column_config={"before": number(format="%.3f"), "after": number(format="%.3f"),
                                "95 % interval": st.column_config.TextColumn(help="Of the figure after")})  # fmt: skip
    download(table, f"calibration-{name}")


def curves(card: ModelCard, rows: Sequence[Mapping[str, float]]) -> None:
    """Draws loss, accuracy and learning rate of each epoch, one or more, and what the accuracy is of."""
    spoken = figures_training.describe_curves(rows, card.best_epoch)
    figure = figures_training.training_curves(rows, card.best_epoch)
    chart(figure, pd.DataFrame(rows), f"training-{card.id}", spoken)
    if said := model_words.learned_against(card):
        st.caption(said)


def settings(card: ModelCard) -> None:
    """Draws the hyper-parameters."""
    table = model_tables.settings(card.recipe)
    st.dataframe(table, hide_index=True, height="content", row_height=28, alt="The settings of the training run")
    download(table, f"settings-{card.id}")


def environment(found: Mapping[str, object], name: str) -> None:
    """Draws the machine and the libraries."""
    if not found:
        st.caption("Nothing is stored about it.")
        return
    table = model_tables.environment(found)
    st.dataframe(table, hide_index=True, height="content", alt="The machine and the libraries")
    download(table, f"environment-{name}")


def layers(card: ModelCard) -> None:
    """Draws the network layer by layer, from the names and shapes of its weights."""
    try:
        table = model_tables.layers(cache.weight_shapes(card))
    except ArtifactError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return
    st.dataframe(table, hide_index=True, alt="The layers with their weights", column_config={
        "weights": st.column_config.TextColumn(width="large"),
        "learned": st.column_config.NumberColumn(format="localized", help="Numbers learned by gradient"),
        "statistics": st.column_config.NumberColumn(format="localized", help="Running means and variances"),
    })  # fmt: skip
    st.caption(f"{len(table)} layers with weights, by name; {table['learned'].sum():,} learned numbers"
               f" and {table['statistics'].sum():,} running statistics.")  # fmt: skip
    download(table, f"layers-{card.id}")
