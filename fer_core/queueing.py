"""Work of several users on one model: faces asked about at the same time go through the network together, in turns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from fer_core.predictor import BATCH
from fer_core.preprocess import check_faces
from fer_core.types import Float32, Uint8

MOST_WAITING = 16 * BATCH
"""Faces that wait at once for one model; whoever brings more than there is room for waits outside."""
PATIENCE = 0.05
"""Seconds between two looks at whether who waits still wants the answer."""

Predict = Callable[[list[Uint8]], Float32]
Alive = Callable[[], None]
"""Called while one waits; raises whatever it likes where nobody wants the answer any more."""


def always() -> None:
    """Nothing: the answer is wanted, however long it takes."""


@dataclass(eq=False)
class _Request:
    faces: deque[tuple[int, Uint8]]
    rows: list[Float32 | None]
    left: int
    error: Exception | None = field(default=None)

    @property
    def done(self) -> bool:
        return self.left == 0 or self.error is not None


class Queue:
    """A bounded queue before one `predict`, which never runs twice at once; for any number of threads.

    Each batch takes one face in turn of every request that waits, so that a face of one user goes with hundreds of
    another's and does not wait behind them. Whoever waits computes the next batch, so that there is no thread to stop.
    """

    def __init__(self, predict: Predict, batch: int = BATCH, most_waiting: int = MOST_WAITING) -> None:
        self._predict, self._batch, self._most = predict, batch, most_waiting
        self._waiting: deque[_Request] = deque()
        self._outside: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._busy = False

    @property
    def waiting(self) -> int:
        """How many faces wait for their turn."""
        with self._changed:
            return self._faces()

    def ask(self, faces: Sequence[Uint8], alive: Alive = always) -> Float32:
        """Probabilities (N, K) of uint8 RGB crops, N >= 0, in their order.

        ValueError for what are no faces. What `alive` or the network raises comes out; the faces that are still to be
        computed are then taken back.
        """
        whole = list(check_faces(faces))
        if not whole:
            return self._predict([])
        request = _Request(deque(enumerate(whole)), [None] * len(whole), len(whole))
        try:
            self._enter(request, alive)
            while not request.done:
                alive()
                self._help_or_wait(request)
        finally:
            self._withdraw(request)
        if request.error is not None:
            raise request.error
        return np.stack([row for row in request.rows if row is not None])

    def _enter(self, request: _Request, alive: Alive) -> None:
        """Waits, in the order of coming, until there is room; one request alone may be larger than the room."""
        with self._changed:
            self._outside.append(request)
        while True:
            with self._changed:
                room = not self._waiting or self._faces() + request.left <= self._most
                if self._outside[0] is request and room:
                    self._outside.popleft()
                    self._waiting.append(request)
                    self._changed.notify_all()
                    return
                self._changed.wait(PATIENCE)
            alive()

    def _help_or_wait(self, request: _Request) -> None:
        with self._changed:
            if self._busy:
                self._changed.wait(PATIENCE)
                return
            if request.done:
                return
            self._busy, chosen = True, self._choose()
        try:
            self._compute(chosen)
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _choose(self) -> list[tuple[_Request, int, Uint8]]:
        """The next batch: one face of each request in turn, whoever was served last coming last."""
        chosen: list[tuple[_Request, int, Uint8]] = []
        while self._waiting and len(chosen) < self._batch:
            request = self._waiting.popleft()
            chosen.append((request, *request.faces.popleft()))
            if request.faces:
                self._waiting.append(request)
        return chosen

    def _compute(self, chosen: list[tuple[_Request, int, Uint8]]) -> None:
        try:
            p = self._predict([face for _, _, face in chosen])
        except Exception as error:  # noqa: BLE001  # whoever asked is told, whoever computes goes on
            for request, _, _ in chosen:
                request.error = error
            return
        with self._changed:
            for (request, place, _), row in zip(chosen, p, strict=True):
                request.rows[place] = row
                request.left -= 1

    def _withdraw(self, request: _Request) -> None:
        with self._changed:
            for line in (self._waiting, self._outside):
                if request in line:
                    line.remove(request)
            self._changed.notify_all()

    def _faces(self) -> int:
        return sum(len(request.faces) for request in self._waiting)


class Turns:
    """So many at once, in the order of coming: for work that takes a lot of memory, such as finding faces."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, alive: Alive = always) -> Iterator[None]:
        """A block that begins when it is its turn; what `alive` raises comes out, and the place is given up."""
        me = object()
        with self._changed:
            self._line.append(me)
        try:
            while not self._begins(me):
                alive()
            yield
        finally:
            with self._changed:
                if me in self._line:
                    self._line.remove(me)
                else:
                    self._free += 1
                self._changed.notify_all()

    def _begins(self, me: object) -> bool:
        with self._changed:
            if not (self._free and self._line[0] is me):
                self._changed.wait(PATIENCE)
            if not (self._free and self._line[0] is me):
                return False
            self._line.popleft()
            self._free -= 1
            self._changed.notify_all()
            return True
