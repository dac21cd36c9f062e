"""A training that is killed leaves no half artifact, and the same command goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fer_core import artifacts, catalog


@pytest.fixture
def started(fer2013_csv: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the command in a process of its own, on a shipped architecture with epochs of some seconds."""
    recipe = tmp_path / "real.toml"
    recipe.write_text(
        'title = "Real"\narchitecture = "torch-native"\n[optimizer]\nlearning_rate = 0.01\n'
        "[schedule]\nepochs = 2\nbatch_size = 6\n"
    )
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "trainers",
        "train",
        recipe,
        "--data",
        fer2013_csv,
        "--device",
        "cpu",
    ]
    command += ["--runs", tmp_path / "runs", "--out", tmp_path / "out"]
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        home = Path(__file__).parents[1]
        processes.append(
            subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_a_kill_in_mid_epoch_leaves_no_artifact_and_the_next_run_goes_on(started, tmp_path: Path) -> None:
    first = started()
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("epoch   1/2"):
            break
    time.sleep(0.2)
    first.kill()
    rest, _ = first.communicate()
    assert first.returncode and "epoch" not in rest, "killed within the second epoch"
    assert artifacts.ids(tmp_path / "out") == () and not (tmp_path / "out" / "real").exists()

    second = started()
    text, _ = second.communicate(timeout=300)
    assert second.returncode == 0, text
    assert "epoch   2/2" in text and "epoch   1/2" not in text
    card = artifacts.card("real", tmp_path / "out")
    assert (card.epochs, len(artifacts.curves("real", tmp_path / "out"))) == (2, 2)
    assert artifacts.weights("real", tmp_path / "out").keys() == catalog.untrained("torch-native").weights().keys()
    assert json.loads((tmp_path / "out" / "real" / "metrics.json").read_text())["PrivateTest"]["n"] == 28
