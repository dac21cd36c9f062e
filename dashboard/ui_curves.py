"""Widgets and words of the Curves page; plain values out."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import cache, ui_url
from dashboard.charts import download
from dashboard.curve_facts import Confidences, Distance
from dashboard.figures_curves import FEW
from fer_core.evidence import Rater
from fer_core.metrics import EvaluationReport
from fer_core.types import EMOTIONS, Interval

PARTS = {"roc": "ROC", "reliability": "Reliability", "risk": "Risk and coverage", "votes": "Against the votes"}
AVERAGES = ("macro", "micro")
AT_FIRST = 8
"""More curves than these are hard to tell apart at first sight."""
RELIABILITY = f"""Larger points stand for more images; bins of fewer than {FEW} are not joined. On the dotted diagonal
an answer is right as often as it says; below it, the model is overconfident. One temperature a model was fitted on
PublicTest, so calibration there is a little flattered."""
FIGURES = """AUC: the area under the ROC curve, 0.5 by chance. ECE: the expected calibration error, how far confidence
and accuracy are apart, before and after one temperature; by chance: what a perfectly calibrated model is expected to
read on as many images, so that an interval above 0 is no proof by itself. AURC: the area under risk and coverage. Of
both, lower is better."""
RISK = """Let a model keep silent where it is unsure: at 50 % it answers the half it is surest of. AURC is the mean
height; lower is better."""
VOTES = """The mean Jensen-Shannon divergence. 0 bits: the probabilities are the voters' own distribution; 1 bit: they
share nothing. FER2013's label stands for a model that is certain of it. Bars are 95 % bootstrap intervals over images.
A model is compared on the labels that it knows; images without a vote for one of them are left out."""
CROWD = """The crowd: the votes of FER+'s ten taggers for the seven labels, with one vote spread evenly over them,
taken as if they were a model's probabilities."""


def rater_choice(raters: Sequence[Rater]) -> list[Rater]:
    """The raters to draw, at first all, or of many the most accurate; the choice lives in the URL."""
    titles = {rater.id: rater.title for rater in raters}
    usual = cache.most_accurate({rater.id: rater.labels for rater in raters}, AT_FIRST)
    chosen = ui_url.some(st.pills, "Drawn together", titles, "raters", usual, selection_mode="multi")
    return [rater for rater in raters if rater.id in chosen]


def curve_choice() -> list[str]:
    """The ROC curves to draw: averages and labels; the choice lives in the URL."""
    words = "macro: the mean over the labels, each counting the same. micro: all pairs of image and label together."
    titles = {name: name for name in (*AVERAGES, *EMOTIONS)}
    return ui_url.some(st.pills, "Curves", titles, "curve", AVERAGES, selection_mode="multi", help=words)


def say_what_is_compared(chosen: Sequence[Rater], name: str) -> None:
    """Says which models know fewer labels and so stand on fewer images."""
    for rater in chosen:
        found = cache.confidences(rater, name)
        if found and found.left_out:
            st.caption(
                f"**{rater.title}** knows {len(rater.labels)} labels ({', '.join(rater.labels)}): it is drawn on the "
                f"{found.n:,} images of {name} with one of them; {found.left_out:,} are left out."
            )


def empty() -> None:
    """Draws what to do where no model has stored answers."""
    st.info("No model with stored answers is here yet. Train one, and let it answer the test images:",
            icon=":material/model_training:")  # fmt: skip
    train = "uv run python -m trainers train keras-native --data fer2013.csv"
    st.code(f"{train}\nuv run python -m trainers evaluate", language="bash")


def distance_table(found: Sequence[Distance]) -> pd.DataFrame:
    """Those distances as numbers, a row a rater."""
    return pd.DataFrame([
        {"rater": one.title, "labels": one.labels, "images": one.n, "left out": one.left_out,
         "Jensen-Shannon, bits": one.mean.value, "low": one.mean.low, "high": one.mean.high}
        for one in found
    ])  # fmt: skip


def curve_row(
    rater: Rater, report: EvaluationReport | None, after: Confidences | None, before: Confidences | None
) -> dict[str, object]:
    """What the page's table says of one rater; a blank where nothing is known."""
    metrics = report.metrics if report else {}
    return {
        "rater": rater.title,
        "labels": len(rater.labels),
        "images": after and after.n,
        "AUC macro": _value(metrics.get("roc_auc_macro")),
        "AUC micro": _value(metrics.get("roc_auc_micro")),
        "ECE before": before.reliability.ece if before and rater.kind == "model" else None,
        "ECE after": after.reliability.ece if after and rater.calibrated else None,
        "ECE by chance": after.reliability.by_chance if after and rater.calibrated else None,
        "95 % of ECE after": _ends(metrics.get("ece")) if rater.calibrated else None,
        "AURC": after.risk.area if after else None,
    }


def _value(of: Interval | None) -> float | None:
    return of.value if of else None


def _ends(of: Interval | None) -> str | None:
    return f"{of.low:.3f} to {of.high:.3f}" if of else None


def download_table(table: pd.DataFrame, name: str, alt: str) -> None:
    """Draws a table of figures to three decimals, with its download."""
    config = {c: st.column_config.NumberColumn(c, format="%.3f") for c in table.select_dtypes("float").columns}
    config |= {"images": st.column_config.NumberColumn(format="localized")}
    st.dataframe(table, hide_index=True, alt=alt, column_config=config, placeholder="–")
    download(table, name)
