"""A training in a process of its own: the same outcome, nothing left behind, and clear ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fer_core import datasets
from trainers import study
from trainers.fitting import Run, TrainingError
from trainers.own_process import in_own_process
from trainers.recipe import RecipeError
from trainers.study import Plan

PARENT = """
from tests.test_own_process import left
from trainers.own_process import in_own_process
if __name__ == "__main__":
    in_own_process(left, {place!r})
"""


def left(place: str) -> None:
    """Say which process this is, and be busy for long."""
    Path(place).write_text(str(os.getpid()))
    time.sleep(120)


def killed() -> None:
    """As a system does that runs out of memory."""
    psutil.Process().kill()


def refused() -> None:
    """As a recipe is that cannot be."""
    raise RecipeError("no such optimizer")


def test_it_answers_from_another_process_and_raises_here() -> None:
    assert in_own_process(os.getpid) != os.getpid()
    with pytest.raises(RecipeError, match="no such optimizer"):
        in_own_process(refused)


def test_a_killed_training_ends_with_what_to_do() -> None:
    with pytest.raises(TrainingError, match=r"runs out of memory.*the same command goes on"):
        in_own_process(killed)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="No /proc here to see processes in.")
def test_it_does_not_outlive_a_command_that_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    (tmp_path / "parent.py").write_text(PARENT.format(place=str(place)))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], env=environment)
    assert _within(60, lambda: place.is_file() and place.read_text() != "")
    parent.kill()
    parent.wait()
    assert _within(20, lambda: not _runs(int(place.read_text())))


def test_a_keras_study_trains_elsewhere_and_answers_the_same(
    fer2013_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(title="One", base="keras-native", images=28, judged=14, epochs=1)
    data = datasets.load(fer2013_csv)
    with monkeypatch.context() as patch:
        patch.setattr(study, "fit_recipe", lambda *_asked: pytest.fail("trained in this process"))
        (there,) = study.run("one", plan, data, Run(tmp_path / "runs"), tmp_path).outcomes
    ((title, change, recipe),) = study.versions(plan)
    part = study.reduced(data, 28, 14)
    here = study._outcome(title, change, recipe, there.key, part, Run(tmp_path / "here"), tmp_path)
    one, other = (replace(o, seconds=0, curves=[row | {"seconds": 0} for row in o.curves]) for o in (there, here))
    assert one.curves[0] == pytest.approx(other.curves[0])
    assert replace(one, curves=[]) == replace(other, curves=[])


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    return done()


def _runs(process: int) -> bool:
    """Whether that process is there and not just waiting to be buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
