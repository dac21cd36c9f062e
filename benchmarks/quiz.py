"""How the quiz does with 100 people at once: no answer lost, none twice, and how long each takes.

    uv run python benchmarks/quiz.py [--people 100] [--think 3] [--only sqlite] [--json FILE]

On a new SQLite file and, where PostgreSQL is installed, on a server of its own, both waiting for the disk. Loads:

* core: a thread a person on `fer_core.human`, each answering again at once, without any time to think;
* thinking: the dashboard on a free port and Streamlit's websocket protocol, a connection a person; each looks at the
  face for a random time (`--think` seconds on average, half a second at least), sends an answer as the browser's
  component would, and waits for the next face;
* burst: the same connections, all sending in the same moment, and again once all have the next face.

The time is from sending an answer to having the next face, its picture included: server, database, loopback and the
clients, which share the processor with the server, together. FER2013 is noise here; nothing else is simulated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import describe
from quiz_people import Crowd
from server import dashboard

from fer_core import artifacts, datasets
from fer_core.human import quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.database import VARIABLE, Database
from fer_core.human.faces import Fer2013Faces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS
from tests import postgres_server

ROUNDS = 7
"""How often each person answers under each load."""
Row = dict[str, Any]


def main() -> None:
    """Prints the machine and the figures; ends with an error where an answer is lost, twice or another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--think", type=float, default=3.0, help="mean seconds that a person looks, 0.5 at least")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one kind of database")
    parser.add_argument("--core", action="store_true", help="leave the web server out")
    parser.add_argument("--json", type=Path, help="the same figures for the documentation")
    given = parser.parse_args()
    results: Row = {"machine": describe(), "people": given.people, "think": given.think, "rows": []}
    print(results["machine"])
    for kind in [given.only] if given.only else ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder, database_url(kind, Path(folder)) as url:
            if url is None:
                print("PostgreSQL is not installed here: left out.")
                continue
            results["rows"] += core(url, noise(Path(folder) / "noise.npz"), given.people)
            results["rows"] += [] if given.core else web(url, Path(folder), given.people, given.think)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str | None]:
    """The URL of an empty database of that kind; None where it cannot be had."""
    programs = postgres_server.installed()
    if kind == "sqlite":
        yield f"sqlite:///{folder}/quiz.sqlite3"
    elif programs is None:
        yield None
    else:
        with postgres_server.running(programs, durable=True) as server:
            yield server.url


def noise(path: Path) -> Fer2013Faces:
    """The reference's test faces with noise for pictures, saved where the server finds them."""
    reference = artifacts.reference()
    pictures = np.random.default_rng(0).integers(0, 256, (len(reference.ids), 48, 48), dtype=np.uint8)
    data = datasets.Dataset(pictures, reference.truth, reference.splits, reference.ids, None, "", "noise")
    datasets.save(data, path)
    return Fer2013Faces(reference, data)


def core(url: str, faces: Fer2013Faces, people: int) -> list[Row]:
    """The figures of threads that answer without a pause."""
    database = Database(url)
    runs = begun(database, faces, people, per_class=1)
    times: list[list[float]] = [[] for _ in range(ROUNDS)]

    def person(code: str) -> list[str]:
        chance, said = random.Random(code), []
        task = quiz.state(database, code).task
        while task:
            said.append(chance.choice(EMOTIONS))
            began = time.perf_counter()
            quiz.answer(database, code, task.position, said[-1], 700.0)
            place, task = task.position, quiz.state(database, code).task
            times[place - 1].append(1000 * (time.perf_counter() - began))
        return said

    began, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(len(runs)) as pool:
        said = dict(zip(runs, pool.map(person, runs), strict=True))
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    found = row("core, without a pause", database, times, seconds, processor)
    check(database, said, ROUNDS)
    database.close()
    return [found]


def web(url: str, folder: Path, people: int, think: float) -> list[Row]:
    """The figures of people on a web server: opening the quiz, thinking, and all at once."""
    database = Database(url)
    runs = begun(database, noise(folder / "noise.npz"), people, per_class=2)
    environment = {"FER2013_PATH": str(folder / "noise.npz"), "SEVEN_FACES_CACHE": str(folder), VARIABLE: url}
    with dashboard(folder / "log.txt", environment) as port:
        (server,) = (one for one in psutil.Process().children() if "streamlit" in one.cmdline())
        crowd = Crowd(port, runs, lambda: sum(server.cpu_times()[:2]))
        said, loads = asyncio.run(crowd.sit(ROUNDS, think))
    titles = {"opening": "opening the quiz", "thinking": f"each thinks for {think:g} s", "burst": "all in one moment"}
    rows = [row(titles[name], database, *figures) for name, figures in loads.items()]
    check(database, said, 2 * ROUNDS)
    wrong = (folder / "log.txt").read_text().count("Traceback")
    if wrong:
        raise SystemExit(f"The server had {wrong} errors.")
    database.close()
    return rows


def begun(database: Database, faces: Fer2013Faces, people: int, per_class: int) -> list[str]:
    """The resume codes of so many runs, `per_class` faces of each of the seven emotions in each and nothing else."""
    options = Options(per_class=per_class, repeats=0, checks=0, practice=0)
    return [quiz.start(database, faces, options, consent=True) for _ in range(people)]


def row(load: str, database: Database, rounds: Sequence[Sequence[float]], seconds: float, processor: float) -> Row:
    """The figures of one load, from the milliseconds of each round; printed too."""
    times = np.concatenate([np.asarray(one) for one in rounds])
    each = [float(np.percentile(one, 95)) for one in rounds]
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database.url.get_backend_name()]
    found = {
        "load": load, "database": kind, "n": len(times), "median": float(np.median(times)),
        "p95": float(np.percentile(times, 95)), "least_p95": min(each), "greatest_p95": max(each),
        "greatest": float(times.max()), "a_second": len(times) / seconds, "processor": 1000 * processor / len(times),
        "busy": os.getloadavg()[0],
    }  # fmt: skip
    print(f"{kind}, {load}: n = {len(times)}, {found['a_second']:.0f} a second, load {found['busy']:.1f}\n  median "
          f"{found['median']:.0f} ms, p95 {found['p95']:.0f} (rounds {min(each):.0f} to {max(each):.0f}), greatest "
          f"{found['greatest']:.0f}, processor {found['processor']:.1f} ms each")  # fmt: skip
    return found


def check(database: Database, said: dict[str, list[str]], places: int) -> None:
    """Prints whether every answer is stored once, in its place; ends with an error where not."""
    wrong = [code for code, labels in said.items() if own_answers(database, code)["label"].tolist() != labels]
    short = [code for code, labels in said.items() if len(labels) != places]
    if wrong or short:
        raise SystemExit(f"{len(wrong)} of {len(said)} runs lack an answer or have another; {len(short)} were not sat.")
    print(f"  every answer of {len(said)} people is stored once and in its place")


if __name__ == "__main__":
    main()
