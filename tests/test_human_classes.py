"""Classes on a real PostgreSQL, where a quiz begins and its class is deleted at the same moment."""

from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from fer_core.human import classes, quiz
from fer_core.human.errors import UnknownCodeError
from tests.human_cases import SHORT

pytest_plugins = ("tests.human_fixtures",)
PASSPHRASE = "horse battery"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_class_is_not_deleted_while_a_quiz_of_it_begins(database, faces, monkeypatch):
    group = classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)
    plan = quiz.plan
    with ThreadPoolExecutor(1) as pool:

        def meanwhile(*asked):
            deletion.append(pool.submit(classes.erase_class, database, group, PASSPHRASE))
            wait(deletion, timeout=1)
            return plan(*asked)

        deletion: list[Future[int]] = []
        monkeypatch.setattr(quiz, "plan", meanwhile)
        code = quiz.start(database, faces, consent=True, class_code=group)
        deletion[0].result()
    with pytest.raises(UnknownCodeError):
        quiz.state(database, code)
    with pytest.raises(UnknownCodeError, match="No class has this code"):
        quiz.start(database, faces, consent=True, class_code=group)
