"""Studies of one artifact, kept beside it: read back, and refused where they are damaged or of other weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from fer_core import artifacts
from fer_core.types import ModelCard


class _Kept(Protocol):
    @property
    def weights_sha256(self) -> str: ...


Study = TypeVar("Study", bound=_Kept)


def read(kind: type[Study], name: str, id: str, root: Path | None = None) -> Study:
    """The artifact's study of that name of `artifacts.STUDIES`, a dataclass of that kind.

    ArtifactError, with the command that makes it, where there is none, or it is damaged or was made with other weights.
    """
    content = artifacts.study(name, id, root)
    try:
        found = TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise outdated(name, id, f"is damaged: {place}: {first['msg']}") from error
    if found.weights_sha256 != artifacts.card(id, root).weights_sha256:
        raise outdated(name, id, "was made with other weights")
    return found


def outdated(name: str, id: str, why: str) -> artifacts.ArtifactError:
    """The error to raise where an artifact's study cannot be used; it ends with the command that makes it anew."""
    words = name.replace("_", "-")
    return artifacts.ArtifactError(f"The {words} study of {id!r} {why}. Make it with: python -m trainers {words} {id}")


def carry(folder: Path, card: ModelCard, names: Iterable[str] = tuple(artifacts.STUDIES.values())) -> list[str]:
    """Which of these files `folder`, that is to become the card's artifact, now has from the artifact before it.

    None, where the one beside `folder` is absent, damaged or not of the same weights, data and test-time augmentation:
    what was found of it is then not true of the new one.
    """
    try:
        before = artifacts.card(card.id, folder.parent)
    except artifacts.ArtifactError:
        return []
    if _answering(before) != _answering(card):
        return []
    there = [name for name in names if (folder.parent / card.id / name).is_file()]
    for name in there:
        shutil.copyfile(folder.parent / card.id / name, folder / name)
    return there


def _answering(card: ModelCard) -> tuple[str, str, str]:
    return card.weights_sha256, card.recipe.get("test_time", "none"), card.data.sha256
