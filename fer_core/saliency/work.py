"""Long work that tells how far it is and can be stopped."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


class Stopped(Exception):  # noqa: N818, for nothing went wrong
    """The work was told to stop before it was done; there is no half result."""


class Work:
    """How much is done of how much; `progress` hears of every step, `stop` is asked before each."""

    def __init__(self, progress: Progress | None = None, stop: Stop | None = None) -> None:
        self._progress, self._stop = progress, stop
        self._done = self._of = 0

    def expect(self, steps: int) -> None:
        """Nothing comes back; so many steps more are to be done."""
        self._of += steps

    def step(self) -> None:
        """Nothing comes back; one step is about to begin. Stopped where that is wanted."""
        if self._stop is not None and self._stop():
            raise Stopped(f"Stopped after {self._done} of {self._of} steps.")
        if self._progress is not None:
            self._progress(self._done, self._of)
        self._done += 1

    def finish(self) -> None:
        """Nothing comes back; all steps are done."""
        if self._progress is not None:
            self._progress(self._of, self._of)
