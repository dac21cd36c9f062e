"""What a run's folder tells beside its checkpoint: whose code trained its epochs, on what, computing in what."""

from __future__ import annotations

from pathlib import Path

COMMITS, DEVICES, PRECISIONS = "commits.txt", "devices.txt", "precisions.txt"


def note(file: Path, line: str) -> None:
    """Nothing comes back; the file has the line, after those that came before it."""
    known = notes(file)
    if line not in known:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join([*known, line]) + "\n", "utf-8")


def notes(file: Path) -> list[str]:
    """The lines, first to last; none where there is no file."""
    return file.read_text("utf-8").splitlines() if file.is_file() else []
