"""What the Data page shows of FER2013: with the pictures where they are here, else by id and number; no streamlit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core import crowd
from fer_core.artifacts import Reference
from fer_core.datasets import SPLITS, Dataset
from fer_core.ferplus import not_a_face
from fer_core.metrics import EvaluationReport
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Uint8

SPLIT_NAMES = (*SPLITS, "Test")


@dataclass(frozen=True, eq=False)
class Images:
    """What is known of N images, with or without their pictures.

    `ids` (N,), `labels` and `splits` uint8 (N,) as in `Dataset`; `votes` uint8 (N, 10), zeros where nobody voted;
    `faces` uint8 (N, 48, 48), None where the pictures are not on this machine; `copied` bool (N,) of a `Reference`,
    None where the pictures themselves tell; `order` intp (N,) sorts the ids.
    """

    ids: np.ndarray
    labels: Uint8
    splits: Uint8
    votes: Uint8
    faces: Uint8 | None
    copied: np.ndarray | None
    order: np.ndarray
    notes: tuple[str, ...] = ()

    def places(self, ids: Iterable[int]) -> np.ndarray:
        """Where the images of those ids are, intp; ids that are not here are passed over."""
        wanted = np.fromiter(ids, np.int64)
        at = np.searchsorted(self.ids[self.order], wanted).clip(max=len(self.ids) - 1)
        found = self.order[at]
        return found[self.ids[found] == wanted]

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that have images here."""
        return tuple(name for i, name in enumerate(SPLIT_NAMES) if (self.splits == i).any())


def images(dataset: Dataset | None, reference: Reference | None) -> Images | None:
    """What is known of FER2013 here: the dataset, else the reference's test images, else None.

    A dataset without FER+ beside it gets the reference's votes on the test images.
    """
    if dataset is None:
        if reference is None:
            return None
        order = np.argsort(reference.ids, kind="stable")
        return Images(reference.ids, reference.truth, reference.splits, reference.votes, None, reference.copied, order)
    from fer_core.cleaning import image_ids  # loads SciPy and a library of hashes: not at import

    ids = image_ids(dataset)
    order = np.argsort(ids, kind="stable")
    votes = _joined(dataset, reference) if dataset.votes is None else dataset.votes
    return Images(ids, dataset.labels, dataset.splits, votes, dataset.faces, None, order, dataset.notes)


def _joined(dataset: Dataset, reference: Reference | None) -> Uint8:
    """The reference's votes by row, zeros elsewhere; all zeros where rows are not known or are those of another set."""
    votes = np.zeros((len(dataset), len(crowd.VOTES)), np.uint8)
    if reference is None or not len(reference.ids):
        return votes
    order = np.argsort(reference.ids)
    found = order[np.searchsorted(reference.ids[order], dataset.ids).clip(max=len(order) - 1)]
    same = (reference.ids[found] == dataset.ids) & (reference.splits[found] == dataset.splits)
    votes[same] = reference.votes[found[same]]
    return votes


def counts(of: Images) -> pd.DataFrame:
    """The number of images of each label in each split, and its share of the split: a row a label and split."""
    rows = []
    for name in of.split_names:
        found = np.bincount(of.labels[of.splits == SPLIT_NAMES.index(name)], minlength=len(EMOTIONS))
        rows += [(name, label, int(n), float(n / found.sum())) for label, n in zip(EMOTIONS, found, strict=False)]
    return pd.DataFrame(rows, columns=["split", "label", "images", "share"])


def sample(of: Images, split: str, label: str, seed: int) -> np.ndarray:
    """The places of a split's images of one label, intp, shuffled by the seed; in the dataset's order for seed 0."""
    found = np.flatnonzero((of.splits == SPLIT_NAMES.index(split)) & (of.labels == EMOTIONS.index(label)))
    return np.random.default_rng(seed).permutation(found) if seed else found


def voted_tests(of: Images) -> list[str]:
    """The test splits with images that two taggers or more voted on."""
    voted = of.splits[of.votes.sum(axis=1) >= 2]
    return [name for name in of.split_names if name != "Training" and (voted == SPLIT_NAMES.index(name)).any()]


def disagreement(of: Images, splits: Collection[str]) -> np.ndarray:
    """The places of the voted images of those splits, intp: first where the fewest pairs of taggers agree."""
    votes = of.votes.astype(np.float64)
    total = votes.sum(axis=1)
    chosen = np.flatnonzero(np.isin(of.splits, [SPLIT_NAMES.index(name) for name in splits]) & (total >= 2))
    agree = pair_agreement(of.votes[chosen])
    return chosen[np.lexsort((of.ids[chosen], agree))]


def pair_agreement(votes: Uint8) -> np.ndarray:
    """The share of pairs of taggers that agree on an image, float64 (N,), as in `crowd.tagger_agreement`."""
    counted = votes.astype(np.float64)
    total = counted.sum(axis=1)
    return (counted * (counted - 1)).sum(axis=1) / (total * (total - 1))


def shares_by_truth(report: EvaluationReport) -> np.ndarray:
    """The report's confusion as shares of each label's images, (K, K); a row sums to less than 1 by other answers."""
    return ratio(report.confusion, report.per_class.support[:, None])


def top_votes(of: Images, places: np.ndarray) -> pd.DataFrame:
    """How many images have how many votes for their most frequent answer: a row a number of votes."""
    top = of.votes[places].max(axis=1)
    found = np.bincount(top, minlength=len(crowd.VOTES) + 1)
    return pd.DataFrame({"votes": np.arange(len(found)), "images": found, "share": found / max(1, found.sum())})[1:]


def describe(of: Images, places: Sequence[int] | np.ndarray) -> pd.DataFrame:
    """A row an image: its id, split and FER2013's label."""
    return pd.DataFrame({
        "id": of.ids[places],
        "split": [SPLIT_NAMES[i] for i in of.splits[places]],
        "label": [EMOTIONS[i] for i in of.labels[places]],
    })  # fmt: skip


def voted(of: Images, places: np.ndarray) -> pd.DataFrame:
    """A row an image: its id, FER2013's label, and the ten taggers' votes by FER+'s names, blank where nobody's."""
    names = ["not a face" if name == "NF" else name for name in crowd.VOTES]
    votes = pd.DataFrame(of.votes[places], columns=names).astype("Int64")
    return pd.concat([describe(of, places)[["id", "label"]], votes.mask(votes == 0)], axis=1)


def not_faces(of: Images) -> np.ndarray:
    """The places of images that more than half of the taggers call no face, intp."""
    return np.flatnonzero(not_a_face(of.votes))


def grouped(of: Images, groups: Sequence[Sequence[int]]) -> pd.DataFrame:
    """A row an image of groups of ids: the group's number from 1, and as `describe`."""
    flat = [image for group in groups for image in group]
    numbers = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    table = describe(of, of.places(flat))
    table.insert(0, "group", numbers[np.isin(flat, of.ids)])
    return table
