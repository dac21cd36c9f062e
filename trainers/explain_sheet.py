"""The command `explain-sheet`: one picture of some test faces x all models, what each answers and where it looks.

FER2013's pictures may not be passed on, so the picture goes where it is asked for and is no part of this repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFont

from fer_core import artifacts, catalog, datasets
from fer_core.overlay import overlaid
from fer_core.predictor import BasePredictor
from fer_core.saliency import METHODS, explain, remark
from fer_core.types import EMOTIONS, Float32, Uint8, unknown
from trainers import stored_study

SPLIT, SEED, FACES = "PublicTest", 0, 10
SIDE, LINE, GAP, LEFT = 132, 17, 10, 190
"""Pixels: a face's side, a line of text, between faces, and for the models' names."""
PAPER, INK, FAINT, RIGHT, WRONG = "#FCFBF8", "#1E2330", "#6A6F7A", "#2E7D32", "#B3261E"
OPACITY = 0.75


@dataclass(frozen=True, eq=False)
class Cell:
    """One model's answer to one face with its probability 0..1, whether it is right, and its map, None if empty."""

    answer: str
    probability: float
    right: bool
    map: Float32 | None


def command(
    ids: Annotated[list[str] | None, typer.Argument(help="artifacts; all where none is named")] = None,
    data: stored_study.Data = None,
    to: Annotated[Path, typer.Option(help="the picture to write")] = Path("explain-sheet.png"),
    faces: Annotated[int, typer.Option(min=1, max=20, help="how many faces")] = FACES,
    method: Annotated[
        str, typer.Option(help="how to explain; `grad_cam` and the others of the Explain page")
    ] = "grad_cam",
    out: stored_study.Out = None,
) -> None:
    """Draw some PublicTest faces x all models: label, answer, and the map that explains it."""
    if method not in METHODS:
        raise ValueError(unknown("method", method, METHODS))
    chosen = drawn(datasets.load(data).split(SPLIT), faces)
    wanted = ids or stored_study.models(out)
    rows = [cells(catalog.load(id, out), chosen, method) for id in wanted]
    titles = [artifacts.card(id, out).title for id in wanted]
    sheet(chosen, titles, rows, f"{METHODS[method].title} for each model's own answer").save(to)
    stored_study.console.print(f"{len(rows)} models x {len(chosen)} faces: {to}", markup=False)


def drawn(images: datasets.Dataset, n: int) -> datasets.Dataset:
    """So many of the images, always the same ones, each label as often as it goes, in the labels' order."""
    order = np.random.default_rng(SEED).permutation(len(images))
    labels = images.labels[order]
    turn = np.array(
        [int((labels[:i] == label).sum()) for i, label in enumerate(labels)]
    )  # the how-manieth of its label
    chosen = order[np.lexsort((labels, turn))[:n]]
    return images.subset(chosen[np.argsort(images.labels[chosen], kind="stable")])


def cells(predictor: BasePredictor, images: datasets.Dataset, method: str) -> list[Cell]:
    """What a model makes of each face."""
    faces = np.repeat(images.faces[..., None], 3, axis=3)
    found = []
    for face, truth, p in zip(faces, images.labels.tolist(), predictor.predict_proba(faces), strict=True):
        answer = predictor.labels[int(p.argmax())]
        made = explain(predictor, face[None], method, answer)
        said = remark(made.values[0], float(made.maxima[0]))
        found.append(Cell(answer, float(p.max()), answer == EMOTIONS[truth], None if said else made.values[0]))
    return found


def sheet(images: datasets.Dataset, titles: Sequence[str], rows: Sequence[Sequence[Cell]], words: str) -> Image.Image:
    """The picture: the faces in the first row with their labels, below a row a model."""
    high, top = SIDE + LINE + GAP, 2 * LINE + GAP
    size = (LEFT + (SIDE + GAP) * len(images), top + high * (1 + len(rows)))
    page = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    said = f"FER2013, {SPLIT}: {words}. Each map by its own maximum; in red what is not FER2013's label, marked x."
    draw.text((GAP, GAP), said, FAINT, font)
    draw.multiline_text((GAP, top + SIDE // 2 - LINE), "What FER2013\nlabels", INK, font)
    for column, (face, label) in enumerate(zip(images.faces, images.labels.tolist(), strict=True)):
        _put(page, column, top, _large(face), EMOTIONS[label], INK)
    for number, (title, row) in enumerate(zip(titles, rows, strict=True), start=1):
        draw.multiline_text((GAP, top + number * high + SIDE // 2 - LINE), _wrapped(title), INK, font)
        for column, (face, cell) in enumerate(zip(images.faces, row, strict=True)):
            picture = _large(face)
            if cell.map is not None:
                picture = overlaid(picture, cell.map, OPACITY)
            text = f"{'' if cell.right else 'x '}{cell.answer} {cell.probability:.0%}"
            text += "" if cell.map is not None else ", no map"
            _put(page, column, top + number * high, picture, text, RIGHT if cell.right else WRONG)
    return page


def _put(page: Image.Image, column: int, top: int, picture: Uint8, text: str, ink: str) -> None:
    x = LEFT + column * (SIDE + GAP)
    page.paste(Image.fromarray(picture), (x, top))
    ImageDraw.Draw(page).text((x, top + SIDE + 1), text, ink, ImageFont.load_default(13))


def _large(face: Uint8) -> Uint8:
    return np.asarray(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB"))


def _wrapped(title: str, most: int = 24) -> str:
    """The title in lines of at most so many letters."""
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if len(longer) <= most else [*lines, word]
    return "\n".join(lines)
