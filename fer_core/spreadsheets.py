"""What keeps a text in a CSV from being a formula to a spreadsheet (OWASP, CSV injection)."""

from __future__ import annotations

import re

_CELL = "(^|;)"
"""Where a cell may begin: where decimals have a comma, a spreadsheet parts a CSV's cells at semicolons."""
_FORMULA = r"(?='*[=+\-@\t\r])"
"""What it takes for the beginning of a formula, guarded already or not."""


def guarded(text: str) -> str:
    """The text as a spreadsheet takes it for text; one that looks guarded already gets a quote more, to be undone."""
    return re.sub(_CELL + _FORMULA, r"\1'", text)


def bare(text: str) -> str:
    """The text that `guarded` was given."""
    return re.sub(f"{_CELL}'{_FORMULA}", r"\1", text)
