"""The search for near copies in a process of its own: it says how far it is, can be stopped, and its report is kept.

A page that searched by itself would hold up all others for fifteen seconds and keep SciPy and every picture in memory.
`python -m fer_core.cleaning_search` is that process: it prints a line of JSON a step, the report last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import IO, Literal

from fer_core import cleaning, datasets
from fer_core.cleaning import CleaningReport, report_from_json
from fer_core.dataset_cache import cache_folder
from fer_core.fer2013_source import DatasetError

State = Literal["new", "running", "stopped", "failed", "done"]


class NearSearch:
    """One search on the dataset of that sha256, which FER2013_PATH names; nothing runs before `start`.

    `share` is how much is done, 0..1; `report` what was found, by this search or an earlier one; `problem` in words
    why it failed.
    """

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        self.state: State = "new"
        self.share = 0.0
        self.problem = ""
        self.report = kept_report(sha256)
        self._process: subprocess.Popen[str] | None = None
        self._listener: Thread | None = None
        if self.report:
            self.state, self.share = "done", 1.0

    def start(self) -> None:
        """Nothing comes back; the search runs, unless it did already."""
        if self.state in ("running", "done"):
            return
        self.state, self.share, self.problem = "running", 0.0, ""
        command = [sys.executable, "-m", __name__]
        search = os.pathsep.join([str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": search}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._listener = Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    def stop(self) -> None:
        """Nothing comes back; the search has ended without a report."""
        if self.state == "running" and self._process:
            self.state = "stopped"
            self._process.kill()
            self.wait()

    def wait(self, seconds: float | None = None) -> None:
        """Nothing comes back; the search has ended, or that many seconds have passed."""
        if self._listener:
            self._listener.join(seconds)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Follows what the process says until it ends."""
        with process:
            assert process.stdout and process.stderr
            report = self._follow(process.stdout)
            said = process.stderr.read().strip().splitlines()
        if self.state == "stopped":
            return
        if report and report.sha256 == self.sha256:
            self.report, self.share, self.state = report, 1.0, "done"
        else:
            other = "it read another dataset than this page shows" if report else f"exit status {process.returncode}"
            self.problem, self.state = self.problem or (said[-1] if said else other), "failed"

    def _follow(self, lines: IO[str]) -> CleaningReport | None:
        report = None
        for line in lines:
            said = json.loads(line)
            self.share, self.problem = said.get("share", self.share), said.get("problem", self.problem)
            report = report_from_json(said["report"]) if "report" in said else None
        return report


def kept_report(sha256: str) -> CleaningReport | None:
    """The report of an earlier search on the dataset of that sha256 by the present method; None where there is none."""
    try:
        found = report_from_json(_file(sha256).read_text(encoding="utf-8"))
    except (OSError, DatasetError, UnicodeDecodeError):
        return None
    return found if (found.sha256, found.method) == (sha256, CleaningReport.method) and found.near is not None else None


def keep_report(report: CleaningReport) -> None:
    """Nothing comes back; the report is in the cache's folder, whole or not at all; OSError where it cannot be."""
    file = _file(report.sha256)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".writing")
    beside.write_text(report.to_json(), encoding="utf-8")
    beside.replace(file)


def _file(sha256: str) -> Path:
    return cache_folder() / f"near-copies-{sha256[:16]}.json"


def main() -> None:
    """Nothing comes back; the report on FER2013_PATH's dataset is printed and kept, its progress before it.

    Ends with status 1, having said why, where there is no dataset to read.
    """
    try:
        dataset = datasets.load(mapped=True)
    except DatasetError as error:
        _say(problem=str(error))
        sys.exit(1)
    report = cleaning.inspect(dataset, watch=lambda share: _say(share=share))
    try:
        keep_report(report)
    except OSError as error:
        _say(kept=str(error))  # it costs only that the next server searches again
    _say(report=report.to_json())


def _say(**what: float | str) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
