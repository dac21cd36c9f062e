"""A PostgreSQL server of one's own for tests and benchmarks, where its programs are on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    import pwd


@dataclass
class PostgresServer:
    """A server in a folder of its own, reached by a socket in it; `durable` waits for the disk, as a real one does."""

    folder: Path
    programs: Path
    user: pwd.struct_passwd | None
    durable: bool = False

    def run(self, program: str, *arguments: str) -> None:
        options = {} if self.user is None else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder, **options)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=200"
        fsync = "on" if self.durable else "off"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log.txt", "-o", f"{settings} -c fsync={fsync}", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


@contextmanager
def running(programs: Path, *, durable: bool = False) -> Iterator[PostgresServer]:
    """A running server with an empty database, gone with its folder when the block ends."""
    folder, user = Path(tempfile.mkdtemp(prefix="sf-pg-")), _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    server = PostgresServer(folder, programs, user, durable)
    try:
        server.run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> Path | None:
    """The folder of PostgreSQL's server programs: Debian's newest, or any on the PATH; None without one."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.get_exec_path())]
    needed = ("initdb", "pg_ctl", "postgres")
    return next((f for f in folders if all((f / program).exists() for program in needed)), None)


def _unprivileged() -> pwd.struct_passwd | None:
    """A user to run the server as, None for ourselves: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    import pwd  # Windows has none, and tests that need no server import this module there too

    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
