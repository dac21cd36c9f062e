"""Results that leave: tables, pictures, a report, the collection itself; each is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import looks, ui_photos, ui_work
from fer_core import exports
from fer_core.collection import Collection, CollectionError
from fer_core.collection_file import from_bytes, to_bytes
from fer_core.report_html import report_html

SUFFIX = "faces"
"""How the name of a saved collection ends."""
BLURRED = (
    "In photos, crops and the report: every place that was ever boxed, deleted ones too, becomes a few flat squares. "
    "A face that nobody found or drew is not blurred."
)


def csv_button(collection: Collection, ids: Sequence[str]) -> None:
    """Draws the download of every answer, a row a face: the table of `seven-faces predict`."""
    _button("Download all answers (CSV)", lambda: exports.faces_csv(collection, ids), "seven-faces.csv", "text/csv")


def _button(words: str, make: Callable[[], bytes], name: str, kind: str, help: str | None = None) -> None:
    st.download_button(
        words, make, name, kind, icon=":material/download:", on_click="ignore", help=help, key=f"get-{name}"
    )


def save(collection: Collection) -> None:
    """Draws the download of the collection as one file."""
    st.markdown("**Save the collection**: crops, boxes, labels and answers in one file that loads again elsewhere.")
    originals = st.toggle("With the photos themselves", help="Without them the file is smaller and shows faces only; "
                          "no further face can be drawn after loading it.")  # fmt: skip
    name = f"{file_name(collection)}.{SUFFIX}"
    _button("Save", lambda: to_bytes(collection, originals), name, "application/zip")


def file_name(collection: Collection) -> str:
    """The collection's name as a part of file names."""
    return "".join(c if c.isalnum() else "-" for c in collection.name.lower()).strip("-")[:40] or "collection"


def load() -> None:
    """Draws the way to load a saved collection; a file that is refused changes nothing."""
    st.markdown("**Load a saved collection**: it takes the place of the one at work.")
    key = f"load-{st.session_state.setdefault('loads', 0)}"
    file = st.file_uploader("A saved collection", type=[SUFFIX, "zip"], max_upload_size=ui_photos.MOST_MEGABYTES,
                            key=key, label_visibility="collapsed")  # fmt: skip
    if file is None:
        return
    try:
        with st.spinner("Checking every part of the file …"):
            found = from_bytes(file.getvalue())
    except CollectionError as error:
        st.error(looks.verbatim(str(error)), icon=":material/gpp_bad:")
        return
    ui_work.begin(found)
    st.session_state["loads"] += 1
    st.rerun()


def everything(collection: Collection, titles: Mapping[str, str]) -> None:
    """Draws all exports, with the choice to blur faces in them."""
    ids, stem = list(titles), file_name(collection)
    blur = st.toggle("Blur faces", key="blur", bind="query-params", help=BLURRED)
    said = "-blurred" if blur else ""
    with st.container(horizontal=True):
        _button("Answers (CSV)", lambda: exports.faces_csv(collection, ids), f"{stem}.csv", "text/csv",
                "A row a face, the table of seven-faces predict")  # fmt: skip
        _button("Answers (JSON)", lambda: exports.faces_json(collection, ids), f"{stem}.json", "application/json")
        _button("Ledger (CSV)", lambda: exports.ledger_csv(collection.told_ledger), f"{stem}.ledger.csv", "text/csv",
                "A row for every input file")  # fmt: skip
        _button("Report (HTML)", lambda: report_html(collection, ids, blur), f"{stem}{said}.html", "text/html",
                "One file that opens in any browser and asks nothing from anywhere")  # fmt: skip
        _button("Photos with boxes (ZIP)", lambda: exports.photos_zip(collection, blur), f"{stem}-photos{said}.zip",
                "application/zip")  # fmt: skip
    with st.expander("What the columns of the CSV mean"):
        told = {**exports.COLUMNS, **exports.MODEL_COLUMNS}
        table = pd.DataFrame({"column": list(told), "meaning": list(told.values())})
        st.dataframe(table, hide_index=True, height="content", alt="Each column of the CSV of answers and its meaning")
        st.caption("These names and their order stay. The JSON has the same, numbers in full, with boxes and landmarks "
                   "as lists, the models with their weights' sha256, the options and the ledger.")  # fmt: skip
    folders = {"label": "the label given here", **titles}
    by = st.selectbox("Crops in folders by", list(folders), format_func=folders.__getitem__, width=320)
    _button(
        "Crops (ZIP)",
        lambda: exports.crops_zip(collection, by, blur),
        f"{stem}-crops-by-{by}{said}.zip",
        "application/zip",
    )
