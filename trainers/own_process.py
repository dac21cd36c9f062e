"""A call in a process of its own: what a framework never gives back goes with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

from trainers.fitting import TrainingError

Answer = TypeVar("Answer")


def in_own_process(function: Callable[..., Answer], *arguments: object) -> Answer:
    """What the function answers, run in a fresh process that ends with it, or with this one if this one is killed.

    Function, arguments and answer are pickled: a function of a module, no lambdas. What it raises is raised here;
    TrainingError where the process was killed.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_end_with_the_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise TrainingError(
                "The training's process was ended from outside, as a system does that runs out of memory. "
                "Free some; the same command goes on from the last checkpoint."
            ) from error


def _end_with_the_parent() -> None:
    """So that no training is left that writes the checkpoints which the next command resumes from."""
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()
