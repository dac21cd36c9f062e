"""A PostgreSQL server, faces, and simulated people for the tests of the quiz; the fixtures are in `human_fixtures`."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg

from fer_core.human import quiz
from fer_core.human.database import Database
from fer_core.human.faces import LabelledFaces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS

SHORT = Options(per_class=2, repeats=3, checks=1, practice=2)
"""2 + 14 + 3 + 1 = 20 places."""


@dataclass
class PostgresServer:
    """A server of the test run's own, in a folder of its own, reached by a socket in it."""

    folder: Path
    programs: Path
    user: pwd.struct_passwd | None

    def run(self, program: str, *arguments: str) -> None:
        options = {} if self.user is None else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder, **options)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=200"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log.txt", "-o", f"{settings} -c fsync=off", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs: Debian's newest, or any on the PATH; None without one."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.get_exec_path())]
    needed = ("initdb", "pg_ctl", "postgres")
    return next((f for f in folders if all((f / program).exists() for program in needed)), None)


def unprivileged() -> pwd.struct_passwd | None:
    """A user to run the server as, None for ourselves: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def labelled(per_class: int = 6, seed: int = 0, classes: int = len(EMOTIONS)) -> LabelledFaces:
    """Small pictures of noise, `per_class` of each of the first emotions."""
    chance = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class).tolist()
    return LabelledFaces("noise", [(chance.integers(0, 256, (48, 48)).astype(np.uint8), k) for k in labels])


Person = Callable[[str], str | None]
"""How a simulated person answers a face of that emotion."""


def sit(database: Database, code: str, faces: LabelledFaces, person: Person, most: int = 10**6) -> int:
    """Answers a run from where it stands, as the person does; how many answers were given."""
    truth = {id: EMOTIONS[k] for id, k in zip(faces.ids, faces.labels.tolist(), strict=True)}
    given = 0
    while given < most and (task := quiz.state(database, code).task):
        label = task.asked if task.face is None else person(truth[task.face])
        quiz.answer(database, code, task.position, label, 800.0 + given)
        given += 1
    return given


def accurate(accuracy: float, chance: np.random.Generator) -> Person:
    """A person who is right with that probability, and else says any of the six others."""

    def answer(truth: str) -> str:
        if chance.random() < accuracy:
            return truth
        return str(chance.choice([emotion for emotion in EMOTIONS if emotion != truth]))

    return answer
