"""What is wrong with a dataset's images: copies, conflicting labels, blanks, no face in them; and what to keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from fer_core.datasets import OFFICIAL_SHA256, Dataset
from fer_core.duplicates import MAX_BITS, MIN_CORRELATION, Watch, groups_of, near_groups, unwatched
from fer_core.fer2013_rows import load_row_index, pixel_hashes
from fer_core.fer2013_source import SPLITS, DatasetError
from fer_core.ferplus import not_a_face
from fer_core.types import Uint8, unknown

Ids = tuple[int, ...]
Groups = tuple[Ids, ...]
Detector = Callable[[Uint8], np.ndarray]
"""uint8 (N, 48, 48) -> bool (N,): whether a face was found. Passed in, so that no network is imported here."""

INDEXES = ("official", "deduplicated", "clean")
"""official: every image. deduplicated: the first of each group of exact copies, Training before PublicTest before
PrivateTest, so what is left of PrivateTest has no copy in training. clean: of that, none whose exact copies have
conflicting labels, the first of each group of near copies, none blank or 'not a face' or (if looked for) faceless."""


@dataclass(frozen=True)
class CleaningReport:
    """Counts, and the ids of images in trouble, in ascending order; a group is the ids of copies of one picture.

    `exact` and `near`: groups of two or more, near ones with all exact copies of their members; `conflicting`: those of
    `exact` whose labels differ, `near_conflicting` those of `near`; `copied`, `near_copied`: by split, test images with
    an exact or any copy in Training; `not_a_face` None without FER+ votes, `no_face` None where nobody looked, the near
    fields None where only exact copies were sought.
    """

    sha256: str
    images: int
    distinct: int
    exact: Groups
    conflicting: Groups
    copied: Mapping[str, Ids]
    near: Groups | None
    near_conflicting: Groups | None
    near_copied: Mapping[str, Ids] | None
    blank: Ids
    not_a_face: Ids | None
    no_face: Ids | None
    method: str = f"imagehash pHash, at most {MAX_BITS} of 64 bits differing; correlation at least {MIN_CORRELATION}"

    @property
    def counts(self) -> dict[str, int]:
        """The number of images or groups of each finding that was looked for."""
        found = {"images": self.images, "distinct": self.distinct}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                found[field.name] = len(value)
            elif isinstance(value, dict):
                found |= {f"{field.name} {split}": len(ids) for split, ids in value.items()}
        return found

    def to_json(self) -> str:
        """The report as JSON, its counts first."""
        return json.dumps({"counts": self.counts} | asdict(self), indent=1)


def report_from_json(text: str) -> CleaningReport:
    """The report that `to_json` wrote; DatasetError for any other text."""
    try:
        values = json.loads(text)
        values.pop("counts")
        return CleaningReport(**{name: _tuples(value) for name, value in values.items()})
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"Expected a report of 'data clean', found another text ({error}). Make it anew.") from error


def inspect(
    dataset: Dataset, detector: Detector | None = None, near: bool = True, watch: Watch = unwatched
) -> CleaningReport:
    """The report on a dataset; near copies of 35,887 images take about fifteen seconds, exact ones half a second.

    Ids are rows of fer2013.csv, or positions in the dataset where rows are not known. `watch` follows the search for
    near copies. The published dataset's exact copies are known by its index of rows, whose pictures are not read.
    """
    ids, labels, splits = image_ids(dataset), dataset.labels, dataset.splits
    exact = exact_copies(dataset)
    alike = near_groups(dataset.faces, watch) if near else None
    copies = _groups(exact)
    variants = None if alike is None else [group for group in _groups(alike) if len(np.unique(exact[group])) > 1]
    return CleaningReport(
        sha256=dataset.sha256,
        images=len(dataset),
        distinct=int(exact.max(initial=-1)) + 1,
        exact=_named(copies, ids),
        conflicting=_named(_conflicting(copies, labels), ids),
        copied=_copied(exact, splits, ids),
        near=None if variants is None else _named(variants, ids),
        near_conflicting=None if variants is None else _named(_conflicting(variants, labels), ids),
        near_copied=None if alike is None else _copied(alike, splits, ids),
        blank=_ids(_blank(dataset), ids),
        not_a_face=None if dataset.votes is None else _ids(not_a_face(dataset.votes), ids),
        no_face=None if detector is None else _ids(~np.asarray(detector(dataset.faces), bool), ids),
    )


def clean_index(dataset: Dataset, name: str, report: CleaningReport | None = None) -> np.ndarray:
    """The positions to keep, intp, ascending: one of `INDEXES`.

    'clean' needs a `report` on the same images, near copies among what was sought, and makes one where none is given;
    DatasetError for any other.
    """
    if name not in INDEXES:
        raise DatasetError(unknown("cleaned index", name, INDEXES))
    if name == "official":
        return np.arange(len(dataset))
    keep = _firsts(exact_copies(dataset), dataset.splits)
    if name == "clean":
        keep &= ~np.isin(image_ids(dataset), list(_spoilt(dataset, report or inspect(dataset))))
    return np.flatnonzero(keep)


def image_ids(dataset: Dataset) -> np.ndarray:
    """The ids that a report speaks of: the dataset's own, or positions where any is unknown or there twice."""
    ids = dataset.ids
    unique = len(np.unique(ids)) == len(ids) and bool((ids >= 0).all())
    return ids if unique else np.arange(len(ids), dtype=np.int32)


def exact_copies(dataset: Dataset) -> np.ndarray:
    """A group number for each image, intp (N,): equal for equal pixels."""
    if dataset.sha256 == OFFICIAL_SHA256:
        return groups_of(load_row_index().hashes[dataset.ids])
    return groups_of(pixel_hashes(dataset.faces))


def blank(faces: Uint8) -> np.ndarray:
    """Whether every pixel of an image has one value, bool (N,)."""
    return (faces == faces[:, :1, :1]).all(axis=(1, 2))


def _blank(dataset: Dataset) -> np.ndarray:
    """Whether an image is blank, bool (N,); of the published dataset only those without any cosine are looked at."""
    found = np.ones(len(dataset), bool)
    if dataset.sha256 == OFFICIAL_SHA256:
        found = ~load_row_index().signatures[dataset.ids].any(axis=1)
    found[found] = blank(dataset.faces[found])
    return found


def _spoilt(dataset: Dataset, report: CleaningReport) -> set[int]:
    """The ids that 'clean' leaves out besides exact copies; DatasetError where the report cannot tell them."""
    if report.sha256 != dataset.sha256:
        raise DatasetError(
            f"Expected a report on these {len(dataset):,} images, got one on {report.images:,} others (their sha256 "
            "differ). Inspect this dataset."
        )
    if report.near is None:
        raise DatasetError(
            "Expected a report that looked for near copies, got one that did not: of those 'clean' keeps the first "
            "only. Inspect the dataset with near=True, on the command line without --no-near."
        )
    order = np.lexsort((np.arange(len(dataset)), dataset.splits))
    rank = {image: place for place, image in enumerate(image_ids(dataset)[order].tolist())}
    later = {image for group in report.near for image in sorted(group, key=rank.__getitem__)[1:]}
    conflicting = {image for group in report.conflicting for image in group}
    return later | conflicting | {*report.blank, *(report.not_a_face or ()), *(report.no_face or ())}


def _firsts(groups: np.ndarray, splits: Uint8) -> np.ndarray:
    """Whether an image is the first of its group, by split and then by position, bool (N,)."""
    order = np.lexsort((np.arange(len(groups)), splits))
    first = np.zeros(len(groups), bool)
    first[order[np.unique(groups[order], return_index=True)[1]]] = True
    return first


def _groups(numbers: np.ndarray) -> list[np.ndarray]:
    """The positions in each group of two or more, in the order of their first."""
    order = np.argsort(numbers, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    return sorted((part for part in parts if len(part) > 1), key=lambda part: int(part[0]))


def _conflicting(groups: list[np.ndarray], labels: Uint8) -> list[np.ndarray]:
    return [group for group in groups if len(np.unique(labels[group])) > 1]


def _copied(groups: np.ndarray, splits: Uint8, ids: np.ndarray) -> dict[str, Ids]:
    """For each test split, the images of groups that Training has too."""
    trained = np.isin(groups, groups[splits == 0])
    return {name: _ids(trained & (splits == index), ids) for index, name in enumerate(SPLITS) if index}


def _named(groups: list[np.ndarray], ids: np.ndarray) -> Groups:
    return tuple(tuple(sorted(ids[group].tolist())) for group in groups)


def _ids(mask: np.ndarray, ids: np.ndarray) -> Ids:
    return tuple(sorted(ids[mask].tolist()))


def _tuples(value: Any) -> Any:
    """JSON's lists as tuples, at any depth."""
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
