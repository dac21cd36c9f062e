"""People who sit the quiz over Streamlit's websocket protocol, as browsers speak it, without a browser each."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from fer_core.types import EMOTIONS

SHORTEST_THOUGHT = 0.5
ARRIVE = 0.1
"""Seconds between two people who open the quiz, so that a class of 100 is in within ten."""
PATIENCE = 60
"""Seconds that a person waits for a face before the benchmark fails."""
Load = tuple[list[list[float]], float, float]
"""The milliseconds of each answer by round, the seconds that all took, and the server's processor seconds."""


class Crowd:
    """All people with a run each, on the server at `port`, whose processor seconds `used` tells."""

    def __init__(self, port: int, runs: Sequence[str], used: Callable[[], float]) -> None:
        self.people = [Person(port, code) for code in runs]
        self._used = used

    async def sit(self, rounds: int, think: float) -> tuple[dict[str, list[str]], dict[str, Load]]:
        """What each person said by code, and the figures of each load; the first to open wakes the server up."""
        await self.people[0].open()
        others = self.people[1:]
        loads = {"opening": await self._timed(1, lambda: _each(one.arrive(ARRIVE * i) for i, one in enumerate(others)))}
        loads["thinking"] = await self._timed(1, lambda: _each(one.think(rounds, think) for one in self.people))
        loads["thinking"] = (list(map(list, zip(*loads["thinking"][0][0], strict=True))), *loads["thinking"][1:])
        loads["burst"] = await self._timed(rounds, lambda: _each(one.answer() for one in self.people))
        for one in self.people:
            await one.close()
        return {one.code: one.said for one in self.people}, loads

    async def _timed(self, rounds: int, act: Callable[[], Any]) -> tuple[list[Any], float, float]:
        began, used = time.perf_counter(), self._used()
        found = [await act() for _ in range(rounds)]
        return found, time.perf_counter() - began, self._used() - used


async def _each(acts: Any) -> list[Any]:
    return list(await asyncio.gather(*acts))


class Person:
    """One connection with one run: `said` has the answers so far."""

    def __init__(self, port: int, code: str) -> None:
        self.code = code
        self.said: list[str] = []
        self._chance = random.Random(code)
        self._address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self._connection: ClientConnection
        self._page = self._fragment = self._widget = ""
        self._item = 0

    async def arrive(self, wait: float) -> float:
        """Milliseconds from opening the quiz, after so many seconds, to the first face."""
        await asyncio.sleep(wait)
        return await self.open()

    async def open(self) -> float:
        """Milliseconds from opening the quiz to the first face."""
        began = time.perf_counter()
        self._connection = await connect(self._address, subprotocols=["streamlit"], max_size=None,  # type: ignore[list-item]
                                         open_timeout=120, ping_timeout=None)  # fmt: skip
        await self._connection.send(self._rerun())
        await self._until(lambda: self._item == 1)
        milliseconds = 1000 * (time.perf_counter() - began)
        await self._ended()
        return milliseconds

    async def close(self) -> None:
        """Nothing comes back; the connection is closed."""
        await self._connection.close()

    async def think(self, rounds: int, seconds: float) -> list[float]:
        """The milliseconds of so many answers, each after a random time to think, `seconds` on average."""
        times = []
        for _ in range(rounds):
            mean = max(seconds - SHORTEST_THOUGHT, 0.01)
            await asyncio.sleep(SHORTEST_THOUGHT + self._chance.expovariate(1 / mean))
            times.append(await self.answer())
        return times

    async def answer(self) -> float:
        """Milliseconds from sending an answer to the next face, or to the end of the quiz."""
        self.said.append(self._chance.choice(EMOTIONS))
        answer = {"item": self._item, "label": self.said[-1], "reaction_ms": 700, "confidence": None}
        before, began = self._item, time.perf_counter()
        await self._connection.send(self._rerun(answer))
        self._over = False
        await self._until(lambda: self._item != before or self._over)
        milliseconds = 1000 * (time.perf_counter() - began)
        await self._ended()
        return milliseconds

    async def _ended(self) -> None:
        """Returns when the script's run has ended."""
        await self._until(lambda: self._over)

    async def _until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._read(ForwardMsg.FromString(bytes(await self._connection.recv())))  # type: ignore[arg-type]

    def _read(self, message: ForwardMsg) -> None:
        """Takes from a message what the next one needs; fails where the page shows an exception."""
        kind = message.WhichOneof("type")
        if kind == "navigation":  # the session's first message knows the router alone
            self._page = message.navigation.page_script_hash
        elif kind == "script_finished":
            self._over = True
        elif kind == "delta":
            self._read_element(message)

    def _read_element(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        what = element.WhichOneof("type")
        if what == "exception":
            raise SystemExit(f"The page shows an error: {element.exception.message}")
        if what == "bidi_component":
            self._widget, self._fragment = element.bidi_component.id, message.delta.fragment_id
            self._item = int(json.loads(element.bidi_component.json)["item"])

    def _rerun(self, answer: dict[str, object] | None = None) -> bytes:
        """The message with which a browser asks for a run of the quiz page, an answer in it or none."""
        self._over = False
        message = BackMsg()
        message.rerun_script.query_string = f"run={self.code}"
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.fragment_id = self._fragment
        if not self._page:
            message.rerun_script.page_name = "quiz"
        if answer is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = _make_trigger_id(self._widget, "events")
            state.json_trigger_value = json.dumps([{"event": "answer", "value": answer}])
        return message.SerializeToString()
