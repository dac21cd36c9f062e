"""FER2013 on this machine: get it, check it, look for what is wrong with it, split it otherwise."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fer_core import cleaning, datasets, splits
from fer_core.duplicates import exact_groups
from fer_core.ferplus import VOTES_FILE
from fer_core.types import EMOTIONS, Uint8
from trainers.contact_sheet import contact_sheet

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(highlight=False, soft_wrap=True)

KAGGLE_DATASET = "deadskull7/fer2013"
"""A public copy of the challenge's fer2013.csv; the check that follows says whether it is so byte for byte."""

Place = Annotated[Path | None, typer.Argument(help="FER2013 in any form it is published in; else FER2013_PATH")]


@app.command()
def check(path: Place = None) -> None:
    """Say which form the data have, and whether they are the published ones."""
    found = datasets.check(path)
    console.print(_counts(found.dataset))
    console.print(f"Form: {found.dataset.form}", markup=False)
    if found.md5:
        named = f"that of the published {found.published_as}" if found.published_as else "of no published table"
        console.print(f"MD5: {found.md5}, {named}")
    console.print(f"sha256 of the content: {found.dataset.sha256}")
    votes = found.dataset.votes
    known = 0 if votes is None else int((votes.sum(axis=1) > 0).sum())
    console.print(
        f"FER+ votes: on {known:,} images" if known else f"FER+ votes: none ({VOTES_FILE} lies not beside it)"
    )
    for note in found.dataset.notes:
        console.print(f"Note: {note}", markup=False)


@app.command()
def fetch() -> None:
    """Download fer2013.csv from Kaggle with kagglehub, or say what to download by hand."""
    try:
        # By name: the package is optional, and only this command wants it.
        kagglehub = importlib.import_module("kagglehub")
    except ImportError:
        remedy = "Install it with: uv sync --extra fetch"
        console.print(f"The package kagglehub is not installed. {remedy}\nOr: {datasets.BY_HAND}")
        raise typer.Exit(1) from None
    try:
        folder = Path(kagglehub.dataset_download(KAGGLE_DATASET))
    except Exception as error:
        console.print(f"Kaggle gave nothing: {error or type(error).__name__}\n{datasets.BY_HAND}", markup=False)
        raise typer.Exit(1) from error
    place = next(iter(sorted(folder.rglob("fer2013.csv"))), folder)
    check(place)
    console.print(f"\nTell the program where it is:\n  {datasets.naming(str(place))}", markup=False)
    console.print(f"For the human votes put {VOTES_FILE} of https://github.com/microsoft/FERPlus into {place.parent}")


@app.command()
def clean(
    path: Place = None,
    out: Annotated[Path, typer.Option(help="folder for report.json and sheet.html")] = Path("data-report"),
    near: Annotated[bool, typer.Option(help="look for near copies too, by a perceptual hash")] = True,
    faces: Annotated[bool, typer.Option(help="look for a face in every image with MTCNN: half an hour")] = False,
) -> None:
    """Find copies, conflicting labels, blank images and pictures without a face; write a report with pictures."""
    dataset = datasets.load(path, emotions=())
    report = cleaning.inspect(dataset, detect_faces if faces else None, near)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(report.to_json(), encoding="utf-8")
    (out / "sheet.html").write_text(contact_sheet(dataset, report), encoding="utf-8")
    console.print(_findings(report))
    console.print(_kept(dataset, report))
    console.print(f"Written: {out / 'report.json'}, {out / 'sheet.html'}", markup=False)


@app.command()
def split(
    scheme: Annotated[str, typer.Argument(help=f"how to share them out: {', '.join(splits.SCHEMES)}")],
    out: Annotated[Path, typer.Option(help="the file to write, such as mine.npz; recipes take it with --data")],
    path: Place = None,
    seed: Annotated[int, typer.Option(help="another seed draws other parts")] = 0,
) -> None:
    """Write FER2013 with other splits as one file, and say how many test images have a copy in Training."""
    if out.exists():
        raise datasets.DatasetError(f"{out} is there already. Remove it, or give --out another name.")
    before = datasets.load(path, emotions=())
    exact = exact_groups(before.faces)
    with console.status("looking for copies"):
        groups = splits.copies(before.faces, scheme)
    after = splits.resplit(before, scheme, seed, groups)
    datasets.save(after, out)
    console.print(_counts(after))
    console.print(f"Form: {after.form}", markup=False)
    _say_copied("an exact copy", before, after, exact)
    if scheme == "grouped":
        _say_copied("a copy or near copy", before, after, groups)
    console.print(f"Written: {out}. Train on it with:\n  python -m trainers train RECIPE --data {out}", markup=False)
    if after is not before:
        console.print(
            "  and --out FOLDER: other images are tested than the published ones, so keep what it leaves away from "
            "artifacts/, where models are ranked."
        )


def _say_copied(what: str, before: datasets.Dataset, after: datasets.Dataset, groups: np.ndarray) -> None:
    """How many images of each test part have one of their group in Training, in the data as they were and as split."""
    was, now = splits.in_training(before, groups), splits.in_training(after, groups)
    for dataset, words, found in ((after, "with", now), *([] if after is before else [(before, "before, with", was)])):
        parts = ", ".join(f"{n:,} of {dataset.counts[name]:,} in {name}" for name, n in found.items())
        console.print(f"Test images {words} {what} in Training: {parts or 'there are no test images'}", markup=False)


def detect_faces(faces: Uint8) -> np.ndarray:
    """Whether MTCNN finds a face in each image, bool (N,), enlarged four times and given an edge to stand in."""
    from fer_core.detection import DetectionOptions, Detector

    detector = Detector()
    # The face fills most of the picture: searching for small ones too would take ten times as long.
    options = DetectionOptions(minimum_face=96)
    found = np.zeros(len(faces), bool)
    for place, face in enumerate(track(faces, "looking for faces", console=console)):
        large = np.asarray(Image.fromarray(face).resize((192, 192), Image.Resampling.BICUBIC))
        padded = np.pad(large, 48, mode="edge")
        found[place] = bool(detector.detect(np.repeat(padded[..., None], 3, axis=2), options))
    return found


def _counts(dataset: datasets.Dataset) -> Table:
    """Images by emotion and split."""
    table = Table("", *dataset.counts, "all")
    for column in table.columns[1:]:
        column.justify = "right"
    splits = [
        split for split in range(len(datasets.SPLITS) + 1) if split < len(datasets.SPLITS) or len(dataset.counts) > 3
    ]
    cells = np.array([np.bincount(dataset.labels[dataset.splits == s], minlength=len(EMOTIONS)) for s in splits])
    for index, emotion in enumerate(EMOTIONS):
        table.add_row(emotion, *(f"{n:,}" for n in cells[:, index]), f"{cells[:, index].sum():,}")
    table.add_section()
    table.add_row("all", *(f"{n:,}" for n in cells.sum(axis=1)), f"{cells.sum():,}")
    return table


def _findings(report: cleaning.CleaningReport) -> Table:
    table = Table("finding", "images or groups")
    table.columns[1].justify = "right"
    for name, count in report.counts.items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    return table


def _kept(dataset: datasets.Dataset, report: cleaning.CleaningReport) -> Table:
    """What each index keeps of each split, without 'clean' where near copies were not sought, which it needs."""
    table = Table("index", *dataset.counts)
    for name in (name for name in cleaning.INDEXES if report.near is not None or name != "clean"):
        kept = dataset.subset(cleaning.clean_index(dataset, name, report))
        table.add_row(name, *(f"{kept.counts.get(split, 0):,}" for split in dataset.counts))
    return table
