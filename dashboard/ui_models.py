"""The controls and the table of the leaderboard, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, entries, model_words, ui_url
from dashboard.charts import download
from dashboard.entries import ORDERS, START_WORDS, WHO_WORDS, Entry
from fer_core import evidence
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS

OPEN = "open-model"
OWN, SHARED = "own", "shared"
COMPARED_ON = {OWN: "each model's own labels", SHARED: "the labels that all share"}
"""On which labels models that know different ones are compared."""


def order_choice() -> str:
    """How to sort, one of `ORDERS`; kept in the URL."""
    titles = {id: order.title for id, order in ORDERS.items()}
    first = next(iter(titles))
    return ui_url.one(st.selectbox, "Sort by", titles, "sort", first, help="The best or the smallest first") or first


def filter_choice(everyone: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """Kinds of entry and starts (`ModelCard.start`) that the user wants to see, none meaning all; kept in the URL."""
    kinds = {entry.who: WHO_WORDS[entry.who] for entry in everyone}
    used = sorted({entry.card.start for entry in everyone if entry.card})
    many = {"selection_mode": "multi", "help": "None chosen: all"}
    who = ui_url.some(st.pills, "Only", kinds, "only", [], **many)
    if len(used) < 2:
        return who, []
    words: dict[str, str] = {id: START_WORDS[id] for id in used}
    return who, ui_url.some(st.pills, "Only models with initial weights", words, "weights", [], **many)


def labels_choice(shown: Sequence[Entry]) -> tuple[str, ...]:
    """The labels to compare on: all seven where every model is scored on its own; kept in the URL.

    There is a choice only where some entry knows fewer than seven labels.
    """
    shared = entries.shared_labels(shown)
    if shared == EMOTIONS:
        return EMOTIONS
    said = "A model that knows fewer labels has an easier task: on the labels that all share, all have the same one."
    chosen = ui_url.one(st.segmented_control, "Compare on", COMPARED_ON, "labels", OWN, required=True, help=said)
    if chosen != SHARED:
        return EMOTIONS
    if len(shared) < 2:
        st.info("These share fewer than two labels, so each is on its own. Filter some away.",
                icon=":material/filter_alt_off:")  # fmt: skip
        return EMOTIONS
    return shared


def compared_on(shown: Sequence[Entry], labels: Sequence[str], images: str) -> None:
    """Says on which labels and how many images all are compared, and how."""
    n = next((entry.report.n for entry in shown if entry.report), None)
    reference = cache.reference()
    if n is None or reference is None:
        return
    left_out = int(evidence.mask(reference, images).sum()) - n
    st.info(
        f"Compared on the labels that all share: **{', '.join(labels)}**. {n:,} images of {images} have one of them, "
        f"the other {left_out:,} are left out.",
        icon=":material/filter_alt:",
    )
    st.caption(
        "Everybody answers as if there were no other label: a model's probabilities are shared out anew over these; a "
        "person's other answer counts as wrong. Top-2 and ECE are blank here."
    )


def row(entry: Entry, twin: str = "without copies") -> dict[str, object]:
    """What the table says of one entry; a blank where nothing is known. `twin` names the columns of `Entry.twin`."""
    card, n = entry.card, entry.report.n if entry.report else None
    known: dict[str, object] = {
        "name": entry.title,
        "open": "Open" if card else None,
        **_accuracy(entry.report, "accuracy", "95 % interval"),
        **_accuracy(entry.twin, twin, f"95 % {twin}"),
        "macro F1": entry.value("macro_f1"),
        "top-2": None if (top2 := entry.value("top2_accuracy")) is None else 100 * top2,
        "ECE": entry.value("ece"),
        "images": n,
        "labels": len(entry.labels),
    }
    if card is None:
        return known
    return known | {
        "output": model_words.output_word(card),
        "parameters": card.parameters,
        "multiply-adds": entry.multiply_adds and entry.multiply_adds / 1e6,
        "weights": card.weights_bytes / 1e6,
        "a face": entry.milliseconds,
        "initial weights": START_WORDS[card.start],
        "trained on": f"{card.images_learned:,} images, {card.data.name}",
        "device": card.device,
        "training": card.seconds / 60,
        "framework": WHO_WORDS[entry.who],
    }


def _accuracy(report: EvaluationReport | None, name: str, ends: str) -> dict[str, object]:
    """An accuracy in percent and its interval, in columns of these names."""
    found = entries.known(report, "accuracy")
    said = f"{100 * found.low:.1f} to {100 * found.high:.1f}" if found else None
    return {name: found and 100 * found.value, ends: said}


def leaderboard(shown: Sequence[Entry], images: str, where: str) -> Entry | None:
    """Draws the table with its download; the entry that the user wants to open, if any.

    `images` is the set that the figures are on, `where` says that and which labels they are on.
    """
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    opened = st.column_config.ButtonColumn("", width=60, type="tertiary", key=OPEN, help="Opens the model's own page")
    other = evidence.other_of_split(images)
    twin = "without copies" if evidence.SETS[other][1] else "with copies"
    ends = "Of the accuracy, in percent, by bootstrap over the images"
    table = pd.DataFrame([row(entry, twin) for entry in shown])
    st.dataframe(
        table, hide_index=True, height="content", placeholder="",
        alt=f"Models and people with their figures on {where}, and their accuracy on {other}",
        column_config={
            "name": text(width=240, pinned=True),
            "open": opened,
            "accuracy": number(width=78, format="%.1f %%", help=f"How often the answer is FER2013's label on {images}"),
            "95 % interval": text(width=100, help=ends),
            twin: number(width=106, format="%.1f %%", help=f"The accuracy on {other}: copies are images that Training "
                         "has too, pixel by pixel"),
            f"95 % {twin}": text("95 % interval", width=100, help=ends),
            "macro F1": number(width=84, format="%.3f", help="The mean over the labels, rare ones counting as much"),
            "top-2": number(format="%.1f %%", help="How often FER2013's label is among the two likeliest"),
            "ECE": number(format="%.3f", help="Expected calibration error, 15 bins; smaller is better"),
            "images": number(format="localized"),
            "output": text(help="A probability where the model was calibrated on PublicTest, else a score"),
            "parameters": number(format="localized"),
            "multiply-adds": number(format="%.0f M", help="Millions a face, of convolutions and matrix products: what "
                                    "an answer costs, whatever the machine"),
            "weights": number(format="%.2f MB"),
            "a face": number(format="%.1f ms", help="One at a time, in the framework that trained it, on the machine "
                             "that made it. Models of different machines or frameworks are not to be compared by it"),
            "training": number(format="%.1f min"),
        },
    )  # fmt: skip
    download(table.drop(columns="open"), f"models-{file_name(where)}")
    clicked = st.session_state.get(OPEN)
    return shown[clicked.row] if clicked else None


def file_name(where: str) -> str:
    """The words that say what figures are on, as part of a file's name."""
    return where.replace(",", "").replace(" ", "-")


def no_figures(images: str) -> None:
    """Draws what to do where nobody was evaluated on these images."""
    st.info(f"Nobody has figures on {images} yet. Make them with:", icon=":material/query_stats:")
    st.code("uv run python -m trainers evaluate", language="bash")


def empty() -> None:
    """Draws what to do where no model is here."""
    st.info("No trained model is here yet. Train one, then evaluate it:", icon=":material/model_training:")
    st.code(
        "uv run python -m trainers train keras-native --data fer2013.csv\nuv run python -m trainers evaluate",
        language="bash",
    )
