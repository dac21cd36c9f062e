"""The dashboard as a user starts it, on a free port of this machine, for as long as a benchmark needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def dashboard(log: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """The port of a running dashboard, whose output goes to `log`; SystemExit where it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/Home.py", *options]
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(environment or {}), stdout=out, stderr=out)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int) -> None:
    """Returns when the server answers; SystemExit after two minutes."""
    for _ in range(240):
        try:
            urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("The server did not start.")
