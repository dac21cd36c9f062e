"""A page of pictures for a cleaning report: what the findings look like, in one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence

from PIL import Image

from fer_core.cleaning import CleaningReport, image_ids
from fer_core.datasets import SPLITS, Dataset
from fer_core.types import EMOTIONS, Uint8

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
.groups { display: flex; flex-wrap: wrap; gap: .75rem; }
.group { display: flex; gap: 2px; border: 1px solid #8888; border-radius: 4px; padding: 4px; }
figure { margin: 0; width: 96px; } img { width: 96px; height: 96px; image-rendering: pixelated; display: block; }
figcaption { font-size: 11px; line-height: 1.3; } table { border-collapse: collapse; } td { padding: 0 1rem 0 0; }
:root { color-scheme: light dark; }
"""


def contact_sheet(dataset: Dataset, report: CleaningReport, limit: int = 40) -> str:
    """The report as HTML: its counts, and of each finding at most `limit` groups with ids, labels and splits."""
    place = {image: position for position, image in enumerate(image_ids(dataset).tolist())}
    parts = [_section(dataset, place, title, groups, limit) for title, groups in _findings(report)]
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{count:,}</td></tr>" for name, count in report.counts.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>FER2013: what was found</title>'
        f"<style>{STYLE}</style><h1>FER2013: what was found</h1><p>Near copies: {html.escape(report.method)}.</p>"
        f"<table>{rows}</table>{''.join(parts)}</html>"
    )


def _findings(report: CleaningReport) -> Iterable[tuple[str, Sequence[tuple[int, ...]]]]:
    """A title and groups of ids for each finding that was looked for; largest groups first, since they teach most."""
    yield "Copies with conflicting labels", report.conflicting
    yield "Near copies with conflicting labels", _largest(report.near_conflicting)
    yield "Exact copies", _largest(report.exact)
    yield "Near copies", _largest(report.near)
    yield "Blank images", _singles(report.blank)
    yield "Not a face, by FER+'s voters", _singles(report.not_a_face)
    yield "No face was detected", _singles(report.no_face)


def _largest(groups: Sequence[tuple[int, ...]] | None) -> list[tuple[int, ...]]:
    return sorted(groups or (), key=len, reverse=True)


def _singles(ids: Sequence[int] | None) -> list[tuple[int, ...]]:
    return [(image,) for image in ids or ()]


def _section(dataset: Dataset, place: dict[int, int], title: str, groups: Sequence[tuple[int, ...]], limit: int) -> str:
    shown = [
        f'<div class="group">{"".join(_figure(dataset, place[image], image) for image in group)}</div>'
        for group in groups[:limit]
    ]
    rest = f"<p>{len(groups) - limit:,} more are in report.json.</p>" if len(groups) > limit else ""
    body = f'<div class="groups">{"".join(shown)}</div>{rest}' if shown else "<p>None.</p>"
    return f"<h2>{html.escape(title)} ({len(groups):,})</h2>{body}"


def _figure(dataset: Dataset, position: int, image: int) -> str:
    emotion = EMOTIONS[dataset.labels[position]]
    split = (*SPLITS, "Test")[dataset.splits[position]]
    source = f"data:image/png;base64,{_png(dataset.faces[position])}"
    return (
        f'<figure><img alt="image {image}, labelled {emotion}" src="{source}">'
        f"<figcaption>{image} {emotion}<br>{split}</figcaption></figure>"
    )


def _png(face: Uint8) -> str:
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
