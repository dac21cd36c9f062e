"""The database itself: made once by many, brought up to date, refused when newer, and honest when it fails."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text

from fer_core.human import migration, quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.database import Database, database_url
from fer_core.human.errors import DatabaseTooNewError, DatabaseUnavailableError, HumanError
from fer_core.human.exchange import to_csv
from fer_core.human.tables import Base, RunRecord
from tests.human_cases import SHORT, sit

pytest_plugins = ("tests.human_fixtures",)
ROOT = Path(__file__).resolve().parents[1]
NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    op.add_column("runs", sa.Column("country", sa.String(2), nullable=True))
    {more}
"""


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """A function that makes a version to come the program's own until the test ends."""

    def use(more="pass"):
        folder = tmp_path / "newer"
        shutil.copytree(migration.SCRIPTS, folder, dirs_exist_ok=True)
        (folder / "versions" / "v0003_country.py").write_text(NEXT.format(more=more))
        monkeypatch.setattr(migration, "SCRIPTS", folder)
        monkeypatch.setattr(migration, "HEAD", "0003")

    return use


def test_the_migrations_make_exactly_the_tables_that_the_program_uses(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migration.VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
        assert migration.current(connection) == migration.HEAD
    versions = ScriptDirectory(str(migration.SCRIPTS))
    assert versions.get_heads() == [migration.HEAD]


def test_processes_that_start_at_once_make_one_database(url, faces):
    code = "import sys; from fer_core.human.database import Database; print('ready', flush=True); input(); "
    command = [sys.executable, "-c", code + "Database(sys.argv[1]); print('open')", url]
    started = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        said, wrong = process.communicate(timeout=120)
        assert said == "open\n", wrong
    opened = Database(url)
    assert quiz.state(opened, quiz.start(opened, faces, SHORT, consent=True)).total == 20
    opened.close()


def test_an_older_database_is_brought_up_to_date_and_keeps_its_answers(database, url, faces, newer):
    code = quiz.start(database, faces, SHORT, consent=True)
    sit(database, code, faces, lambda truth: truth, most=4)
    database.close()
    newer()
    later = Database(url)
    with later.engine.connect() as connection:
        assert migration.current(connection) == "0003"
        assert "country" in {column["name"] for column in inspect(connection).get_columns("runs")}
    assert len(own_answers(later, code)) == 4 and sit(later, code, faces, lambda truth: truth) == 16
    later.close()


def test_a_migration_that_fails_leaves_everything_as_it_was(database, url, newer):
    newer("op.execute('SELECT nonsense FROM nowhere')")
    with pytest.raises(DatabaseUnavailableError):
        Database(url)
    with database.engine.connect() as connection:
        assert migration.current(connection) == "0002"
        assert "country" not in {column["name"] for column in inspect(connection).get_columns("runs")}


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database, url, faces, monkeypatch):
    code = quiz.start(database, faces, SHORT, consent=True)
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE {migration.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match=r"of version '9999'; this program knows up to '0002'.*update"):
        Database(url)
    assert quiz.state(database, code).total == 20


def test_a_table_of_another_program_is_not_touched(url):
    from sqlalchemy import create_engine

    engine = create_engine(database_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE answers (question TEXT)"))
    engine.dispose()
    with pytest.raises(DatabaseUnavailableError, match="not of this program"):
        Database(url)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_locked_database_says_so_and_the_answer_can_be_given_again(database, url, faces):
    code = quiz.start(database, faces, SHORT, consent=True)
    with database.engine.connect() as connection:  # wait less than a person would
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnavailableError, match=r"locked by another program.*not taken"):
        quiz.answer(database, code, 1, "happy", 700)
    other.execute("ROLLBACK")
    assert quiz.answer(database, code, 1, "happy", 700).new
    other.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_writers_of_one_program_stand_in_line_and_none_is_locked_out(url, faces, monkeypatch):
    monkeypatch.setattr("fer_core.human.database.WAIT_SECONDS", 0)  # SQLite itself waits for nobody
    database = Database(url)
    codes = [quiz.start(database, faces, SHORT, consent=True) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda code: sit(database, code, faces, lambda truth: truth, most=6), codes))
    assert given == [6] * 8 and all(quiz.state(database, code).answered == 6 for code in codes)
    database.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_database_says_so_and_keeps_what_it_has(database, faces):
    code = quiz.start(database, faces, SHORT, consent=True)
    assert quiz.answer(database, code, 1, "happy", 700).new
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DatabaseUnavailableError, match="full"):
        for _ in range(200):
            quiz.start(database, faces, SHORT, consent=True)
    assert own_answers(database, code)["label"].tolist() == ["happy"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_database_that_is_deleted_in_mid_quiz_is_missed_at_once(database, url, faces, tmp_path):
    code = quiz.start(database, faces, SHORT, consent=True)
    sit(database, code, faces, lambda truth: truth, most=3)
    database.close()
    place, away = Path(url.removeprefix("sqlite:///")), tmp_path / "away"
    sit(database, code, faces, lambda truth: truth, most=1)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    place.rename(away)
    with pytest.raises(DatabaseUnavailableError, match=r"is gone\. Put it back"):
        quiz.answer(database, code, 5, "happy", 700)
    with pytest.raises(DatabaseUnavailableError, match="is gone"):
        quiz.state(database, code)
    shutil.copy(away, place)  # another file now: it is opened anew
    assert quiz.state(database, code).answered == 4
    assert sit(database, code, faces, lambda truth: truth) == 16


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_is_gone_in_mid_quiz_is_said_and_the_quiz_goes_on_later(database, faces, postgres):
    code = quiz.start(database, faces, SHORT, consent=True)
    sit(database, code, faces, lambda truth: truth, most=3)
    postgres.stop()
    try:
        with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
            quiz.answer(database, code, 4, "happy", 700)
    finally:
        postgres.start()
    assert quiz.state(database, code).answered == 3
    assert sit(database, code, faces, lambda truth: truth) == 17


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(url, content):
    place = Path(url.removeprefix("sqlite:///"))
    place.write_bytes(content)
    with pytest.raises(DatabaseUnavailableError, match=r"no database of this program|damaged"):
        Database(url)
    assert place.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailableError, match="cannot be made"):
        Database(f"sqlite:///{tmp_path}/file/quiz.sqlite3")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense with secret",
        "postgresql://u:secret@[bad/x",
        "mysql://u:secret@h/x",
        "postgresql://u:secret@127.0.0.1:1/x",
    ],
)
def test_a_url_that_will_not_do_is_refused_without_its_password(url):
    with pytest.raises(HumanError) as refused:
        Database(url)
    assert "secret" not in str(refused.value) and len(str(refused.value)) > 40


def test_the_default_file_is_private_and_in_the_users_place_for_data(tmp_path, monkeypatch):
    monkeypatch.delenv("SEVEN_FACES_DATABASE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    opened = Database()
    place = Path(opened.url.database or "")
    assert tmp_path in place.parents and place.exists()
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    opened.close()


def test_the_parts_that_pages_show_first_load_no_database():
    modules = "faces sampling scores agreement versus errors codes"
    code = f"import sys, importlib\nfor m in {modules.split()!r}: importlib.import_module('fer_core.human.' + m)\n"
    code += "print([m for m in ('sqlalchemy', 'alembic', 'statsmodels') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_moments_are_in_utc_whatever_the_servers_time_zone(database, faces):
    def far_away(connection, record):
        connection.execute("SET TIME ZONE 'Asia/Tokyo'")
        connection.commit()

    event.listen(database.engine, "connect", far_away)
    database.engine.dispose()
    code = quiz.start(database, faces, SHORT, consent=True)
    quiz.answer(database, code, 1, "happy", 700)
    with database.reading() as session:
        run = session.query(RunRecord).one()
        assert run.started.utcoffset() == timedelta(0) and run.finished is None
    row = to_csv(own_answers(database, code)).decode().splitlines()[1]
    assert row.count("+00:00") == 2 and "+09:00" not in row


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:quiz?mode=memory&cache=shared&uri=true",
    ],
)
def test_a_database_in_memory_is_refused_in_words(url):
    with pytest.raises(HumanError, match=r"outlives the program, such as sqlite:////folder.* got one in memory"):
        Database(url)


def test_a_place_without_a_write_ahead_log_is_refused_in_words(tmp_path):
    code = "import sys; from fer_core.human.database import Database; Database(sys.argv[1])"
    url = f"sqlite:///file:{tmp_path}/quiz.sqlite3?vfs=unix-dotfile&uri=true"
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert "DatabaseUnavailableError: SQLite's write-ahead log" in done.stderr.splitlines()[-1]
