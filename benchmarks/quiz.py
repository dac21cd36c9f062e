"""How the quiz does with 100 people answering at once: no answer lost, none twice, and how long each takes.

    uv run python benchmarks/quiz.py [--people 100] [--places 20] [--think 2.5] [--database URL] [--core]

Starts the dashboard on a free port and speaks Streamlit's websocket protocol to it, a connection a person: each opens
the quiz, thinks as people do, sends an answer as the browser's component would, and waits for the next face. The
time is from sending an answer to having the next face, its picture included: server, database and loopback together.
`--core` leaves the web server out: as many threads on `fer_core.human`, without any time to think. The database is a
new SQLite file, or the one of the URL. FER2013 is noise here; nothing else is simulated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from machine import describe
from server import dashboard
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from fer_core import artifacts, datasets
from fer_core.human import quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.database import VARIABLE, Database
from fer_core.human.faces import Fer2013Faces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS


def main() -> None:
    """Prints the machine, the figures, and whether every answer is in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--places", type=int, default=20, help="how many faces each person answers")
    parser.add_argument("--think", type=float, default=2.5, help="mean seconds that a person thinks, 0.5 at least")
    parser.add_argument("--database", help="URL of a database, else a new SQLite file")
    parser.add_argument("--core", action="store_true", help="threads on the core instead of a web server")
    given = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/quiz.sqlite3"
        os.environ[VARIABLE] = url
        database = Database(url)
        faces = noise(Path(folder) / "noise.npz")
        options = Options(per_class=max(1, given.places // 7), repeats=0, checks=0, practice=0)
        runs = [quiz.start(database, faces, options, consent=True) for _ in range(given.people)]
        places = 7 * options.per_class
        began = time.perf_counter()
        if given.core:
            said, times = core(database, runs)
        else:
            said, times = web(Path(folder), runs, places, given.think)
        seconds = time.perf_counter() - began
        report("core, threads" if given.core else "web server, websockets", database, times, seconds)
        check(database, said, places)


def noise(path: Path) -> Fer2013Faces:
    """The reference's test faces with noise for pictures, saved where the server finds them."""
    reference = artifacts.reference()
    pictures = np.random.default_rng(0).integers(0, 256, (len(reference.ids), 48, 48), dtype=np.uint8)
    data = datasets.Dataset(pictures, reference.truth, reference.splits, reference.ids, None, "", "noise")
    datasets.save(data, path)
    return Fer2013Faces(reference, data)


def core(database: Database, runs: list[str]) -> tuple[dict[str, list[str]], list[float]]:
    """What each person said, and the milliseconds of each answer with reading the next task."""
    times: list[float] = []

    def person(code: str) -> list[str]:
        chance, said = random.Random(code), []
        task = quiz.state(database, code).task
        while task:
            said.append(chance.choice(EMOTIONS))
            began = time.perf_counter()
            quiz.answer(database, code, task.position, said[-1], 700.0)
            task = quiz.state(database, code).task
            times.append(1000 * (time.perf_counter() - began))
        return said

    with ThreadPoolExecutor(len(runs)) as pool:
        return dict(zip(runs, pool.map(person, runs), strict=True)), times


def web(folder: Path, runs: list[str], places: int, think: float) -> tuple[dict[str, list[str]], list[float]]:
    """What each person said, and the milliseconds from each answer to the next face, over real websockets."""
    environment = {"FER2013_PATH": str(folder / "noise.npz"), "SEVEN_FACES_CACHE": str(folder)}
    with dashboard(folder / "log.txt", environment) as port:
        return asyncio.run(everybody(port, runs, places, think))


async def everybody(port: int, runs: list[str], places: int, think: float) -> tuple[dict[str, list[str]], list[float]]:
    """All people at once, after one who wakes the server up."""
    times: list[float] = []
    async with person(port) as first:
        await first_face(first, runs[0])
    answered = await asyncio.gather(*(sit(port, code, places, think, times) for code in runs))
    return dict(zip(runs, answered, strict=True)), times


def person(port: int) -> connect:
    """A connection as a browser makes it."""
    return connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None,  # type: ignore[list-item]
                   open_timeout=120, ping_timeout=None)  # fmt: skip


async def sit(port: int, code: str, places: int, think: float, times: list[float]) -> list[str]:
    """What one person said; adds the milliseconds of each answer to `times`."""
    chance, said = random.Random(code), []
    await asyncio.sleep(chance.uniform(0, think))
    async with person(port) as connection:
        widget, item, page = await first_face(connection, code)
        while True:
            await asyncio.sleep(0.5 + chance.expovariate(1 / max(think - 0.5, 0.01)))
            said.append(chance.choice(EMOTIONS))
            answer = {"item": item, "label": said[-1], "reaction_ms": 700, "confidence": None}
            began = time.perf_counter()
            await connection.send(rerun(code, page, widget, answer))
            if item == places:
                await until_done(connection)
                times.append(1000 * (time.perf_counter() - began))
                return said
            while (now := await next_face(connection))[1] == item:
                pass
            times.append(1000 * (time.perf_counter() - began))
            await until_done(connection)
            item = now[1]


def rerun(code: str, page: str = "", widget: str = "", answer: dict | None = None) -> bytes:
    """The message with which a browser asks for a run of the quiz page, an answer in it or none."""
    message = BackMsg()
    message.rerun_script.query_string = f"run={code}"
    message.rerun_script.page_script_hash = page
    if not page:
        message.rerun_script.page_name = "quiz"
    if answer is not None:
        state = message.rerun_script.widget_states.widgets.add()
        state.id = _make_trigger_id(widget, "events")
        state.json_trigger_value = json.dumps([{"event": "answer", "value": answer}])
    return message.SerializeToString()


async def first_face(connection: ClientConnection, code: str) -> tuple[str, int, str]:
    """The component's id, the place of the first face and the page's hash."""
    await connection.send(rerun(code))
    page = ""
    async for data in connection:
        message = ForwardMsg.FromString(bytes(data))  # type: ignore[arg-type]  # Streamlit sends bytes only
        if message.WhichOneof("type") == "new_session":
            page = message.new_session.page_script_hash
        if found := face(message):
            await until_done(connection)
            return *found, page
    raise SystemExit("The server closed the connection.")


async def next_face(connection: ClientConnection) -> tuple[str, int]:
    """The component's id and the place of the next face that comes."""
    async for data in connection:
        if found := face(ForwardMsg.FromString(bytes(data))):  # type: ignore[arg-type]
            return found
    raise SystemExit("The server closed the connection.")


def face(message: ForwardMsg) -> tuple[str, int] | None:
    """The component's id and place in a message, None where it is about something else."""
    if message.WhichOneof("type") != "delta" or message.delta.new_element.WhichOneof("type") != "bidi_component":
        return None
    component = message.delta.new_element.bidi_component
    return component.id, int(json.loads(component.json)["item"])


async def until_done(connection: ClientConnection) -> None:
    """Returns when the script's run has ended."""
    async for data in connection:
        if ForwardMsg.FromString(bytes(data)).WhichOneof("type") == "script_finished":  # type: ignore[arg-type]
            return


def report(what: str, database: Database, times: list[float], seconds: float) -> None:
    """Prints the figures of one run."""
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    middle, kind = statistics.median(times), database.url.get_backend_name()
    rate = len(times) / seconds
    print(f"{what}, {kind}: n = {len(times)} answers, {rate:.0f} a second, load after {os.getloadavg()[0]:.1f}")
    print(f"median {middle:.0f} ms   p95 {p95:.0f} ms   greatest {ordered[-1]:.0f} ms")


def check(database: Database, said: dict[str, list[str]], places: int) -> None:
    """Prints whether every answer is stored once, in its place; ends with an error where not."""
    wrong = [code for code, labels in said.items() if own_answers(database, code)["label"].tolist() != labels]
    short = [code for code, labels in said.items() if len(labels) != places]
    if wrong or short:
        raise SystemExit(f"{len(wrong)} of {len(said)} runs lack an answer or have another; {len(short)} were not sat.")
    print(f"every answer of {len(said)} people is stored once and in its place")


if __name__ == "__main__":
    main()
