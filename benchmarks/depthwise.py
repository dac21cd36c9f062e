"""One training step of EfficientNet-Lite0 on this processor: float32, bfloat16, and bfloat16 with quick gradients.

    uv run python benchmarks/depthwise.py [--side 96] [--batch 64] [--steps 10] [--threads 1]

The three take turns, step by step, so that a busy machine slows all alike. Random pictures: the arithmetic is the same.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from machine import describe
from torch.nn import functional

from fer_core import catalog
from trainers.torch_depthwise import quicken

WAYS = {"float32": (False, False), "bfloat16": (True, False), "bfloat16, quick gradients": (True, True)}
"""For each way, whether it reckons in bfloat16 and whether `quicken` was called."""


def main() -> None:
    """Prints one line a way: median, least and greatest milliseconds a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args()
    torch.set_num_threads(wanted.threads)
    x = torch.randn(wanted.batch, 3, wanted.side, wanted.side).contiguous(memory_format=torch.channels_last)
    y = torch.randint(0, 7, (wanted.batch,))
    learners = {name: Learner(*way) for name, way in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for step in range(wanted.steps + 2):
        for name, learner in learners.items():
            took = learner.step(x, y)
            if step >= 2:  # the first ones set up memory
                times[name].append(took * 1000)
    print(describe())
    print(f"{wanted.batch} pictures of {wanted.side} px, {wanted.threads} thread(s), n={wanted.steps} steps each")
    for name, found in times.items():
        print(f"{name:28} median {statistics.median(found):7.0f} ms   {min(found):.0f} to {max(found):.0f}")


class Learner:
    """A network and its optimizer."""

    def __init__(self, bfloat16: bool, quick: bool) -> None:
        self.network = catalog.network("torch-efficientnet-lite0").to(memory_format=torch.channels_last).train()
        if quick:
            quicken(self.network)
        self.bfloat16, self.optimizer = bfloat16, torch.optim.AdamW(self.network.parameters(), 1e-3)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """Seconds that one optimizer step took."""
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            loss = functional.cross_entropy(self.network(x).float(), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
