"""Databases of both kinds for the tests of the quiz; test modules ask for them with `pytest_plugins`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from fer_core.human.database import Database
from fer_core.human.faces import LabelledFaces
from tests import postgres_server
from tests.human_cases import labelled
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_server.installed()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have PostgreSQL: .ci/run installs it.")
        pytest.skip("No PostgreSQL server on this machine: apt-get install postgresql")
    with postgres_server.running(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """The URL of an empty database, an SQLite file or one on a real PostgreSQL server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/quiz.sqlite3"
    server = request.getfixturevalue("postgres")
    server.empty()
    return server.url


@pytest.fixture
def database(url) -> Iterator[Database]:
    opened = Database(url)
    if url.startswith("sqlite"):  # a test need not outlive a power failure
        event.listen(opened.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        opened.engine.dispose()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def faces() -> LabelledFaces:
    return labelled()
