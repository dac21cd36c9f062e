"""What the console shows of a training run: one bar over all epochs, that ends."""

from __future__ import annotations

import io
import re
from functools import partialmethod
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from trainers.progress import progress

ROW = {"train_loss": 1.0, "train_accuracy": 0.2, "public_accuracy": 0.3, "public_loss": 1.0, "seconds": 2.0}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A terminal on which each change of the bar is drawn at once."""
    monkeypatch.setattr(Progress, "update", partialmethod(Progress.update, refresh=True))
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def shown(console: Console) -> list[str]:
    """Every line that stood on the console, first to last."""
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", text).replace("\r", "\n").split("\n")


def bars(console: Console) -> list[str]:
    """The bar after each change: what it says and how many steps are done."""
    found = [re.match(r"(.*?) [━╸╺ ]{10,}(\d+/\d+)", line) for line in shown(console)]
    return list(dict.fromkeys(f"{one[1].strip()} {one[2]}" for one in found if one))


def test_one_bar_is_over_all_epochs_and_ends(console: Console) -> None:
    with progress(console, 2, Path(), "cpu") as run:
        for done in range(1, 7):
            run.step(done, 6)
            if done % 3 == 0:
                run.epoch(ROW | {"epoch": done / 3})
    assert bars(console) == [*(f"epoch {1 + (n > 3)} of 2 {n}/6" for n in range(1, 7)), "trained 6/6"]
    assert sum("PublicTest 30.0%" in line for line in shown(console)) == 2


def test_a_resumed_run_tells_its_epoch_and_one_that_stops_early_ends(console: Console) -> None:
    with progress(console, 4, Path(), "cpu") as run:
        run.asked(20, 56)
        run.step(7, 12)
        run.epoch(ROW | {"epoch": 3})
    assert bars(console) == ["asking the teacher 20/56", "epoch 3 of 4 7/12", "trained 7/7"]
