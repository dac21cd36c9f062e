"""Two processes train as one does, dropout apart: started by torchrun, on CPUs, each with half of every batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from fer_core import artifacts, catalog

# No dropout in this network: its draws are each process's own, so it alone may tell one process from two.
RECIPE = """
title = "Mine"
architecture = "torch-native"
seed = 3
[optimizer]
learning_rate = 0.001
nesterov = true
[schedule]
epochs = 1
batch_size = 15
[augment]
flip = true
rotate_degrees = 5
[regularise]
mixup = 0.2
ema = 0.9
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_two_processes_end_with_what_one_has(fer2013_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RECIPE)
    # one process is torchrun's too, so that both round alike: PyTorch's own BatchNorm is off by 1e-4, ours by 1e-6
    curves: list[list[dict[str, float]]] = []
    for number in (0, 1):
        start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(number + 1)]
        start += ["--master-port", str(free_port())]
        options: list[str | Path] = ["--data", fer2013_csv, "--device", "cpu", "--runs", tmp_path / f"r{number}"]
        options += ["--out", tmp_path / f"o{number}"]
        done = subprocess.run(
            [*start, "-m", "trainers", "train", tmp_path / "mine.toml", *options],
            cwd=Path(__file__).parents[1], env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("epoch   1/1") == 1, "one process speaks"
        rows = artifacts.curves("mine", tmp_path / f"o{number}")
        curves.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows])
    for row, twin in zip(*curves, strict=True):
        np.testing.assert_allclose(list(row.values()), list(twin.values()), atol=1e-3)
    first = catalog.untrained("torch-native", seed=3).weights()
    # by its length and direction: gradients through three BatchNorms differ by some percent from rounding alone
    ends = [artifacts.weights("mine", tmp_path / f"o{number}") for number in (0, 1)]
    moved = [np.concatenate([(end[name] - first[name]).ravel() for name in sorted(first)]) for end in ends]
    assert np.linalg.norm(moved[0]) > 0.01, "it learned"
    assert np.linalg.norm(moved[0] - moved[1]) < 0.1 * np.linalg.norm(moved[0])
