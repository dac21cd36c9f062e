"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

STAGING = ".staging-"
"""How the name of what is not yet whole begins."""
_OLD = "old"
_KILLED = 24 * 3600
"""Seconds after which nobody fills a folder any more: whoever did was killed."""


def put(path: Path, data: bytes) -> None:
    """Nothing comes back; the file is there, whole, or the one before is still there as it was. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f"{STAGING}{uuid4().hex}")
    try:
        staging.write_bytes(data)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


@contextmanager
def staged(place: Path) -> Iterator[Path]:
    """An empty folder to fill that becomes `place` if the block ends well; until then a previous one stays."""
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=place.parent))
    try:
        yield staging
        staging.chmod(0o755)
        _swap(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def sweep(home: Path) -> None:
    """Nothing comes back; what runs left half-made in `home` when they were killed, a day ago or longer, is gone.

    A folder that was whole once and had to make room for a new one stays: it may be the only one.
    """
    for left in home.glob(f"{STAGING}*"):
        with suppress(FileNotFoundError):  # another may sweep too
            if time.time() - left.stat().st_mtime > _KILLED and not (left / _OLD).exists():
                shutil.rmtree(left, ignore_errors=True)


def _swap(new: Path, place: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    old = Path(tempfile.mkdtemp(prefix=STAGING, dir=place.parent)) / _OLD
    try:
        place.rename(old)
        new.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)
