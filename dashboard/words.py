"""Numbers as people read them, the same on every page; no streamlit here."""

from __future__ import annotations

PERCENT = "\N{NO-BREAK SPACE}%"
"""What stands after a number of percent: never alone on the next line."""


def percent(share: float, digits: int = 0) -> str:
    """A share 0..1 in percent with so many digits: 71.6 %."""
    return f"{100 * share:.{digits}f}{PERCENT}"


def counted(n: int, one: str, several: str = "") -> str:
    """A number with its noun: 1 face, 1,200 faces; `several` where an s at the end does not make it many."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def points(share: float, signed: bool = False) -> str:
    """A difference of shares in points with one digit and a true minus sign; what rounds to nothing has none."""
    return f"{100 * share:{'+' if signed else ''}z.1f}".replace("-", "−")
