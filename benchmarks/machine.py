"""The machine that a benchmark ran on, in one line."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

LIBRARIES = ("streamlit", "torch", "tensorflow", "facenet-pytorch", "openvino")


def describe() -> str:
    """Processor, cores, memory, load, Python and the libraries that count."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    memory, load = psutil.virtual_memory().total / 2**30, psutil.getloadavg()[0]
    found = ", ".join(f"{library} {known}" for library in LIBRARIES if (known := _version(library)))
    cores = psutil.cpu_count()
    return f"{name}, {cores} cores, {memory:.0f} GiB, load {load:.1f}; Python {platform.python_version()}, {found}"


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:  # a GPU's machine has what trains and no more
        return None
