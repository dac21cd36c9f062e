"""Which models seven-faces predict asks: those named, or all that can answer; checked before the first photo."""

import shutil

import pytest

from fer_core import artifacts, command

SHIPPED = artifacts.default_root()
WHOLE, BARE, DAMAGED = "torch-compact", "torch-native", "keras-native"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """One model that can answer, one without weights, one whose card is damaged."""
    shutil.copytree(SHIPPED / WHOLE, tmp_path / WHOLE)
    for id in (BARE, DAMAGED):
        (tmp_path / id).mkdir()
        shutil.copy(SHIPPED / id / "card.json", tmp_path / id)
    (tmp_path / DAMAGED / "card.json").write_text("{}")
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))
    return tmp_path


def test_all_that_can_answer_are_asked_and_the_others_named(root, capsys):
    assert [card.id for card in command._cards("")] == [WHOLE]
    said = " ".join(capsys.readouterr().err.split())
    assert f"The weights of '{BARE}' are not here" in said and f"{DAMAGED}/card.json is no model card" in said


@pytest.mark.parametrize(("id", "said"), [(BARE, "weights"), (DAMAGED, "no model card"), ("torch-nativ", BARE)])
def test_one_that_was_named_and_cannot_answer_is_refused_beforehand(root, id, said):
    with pytest.raises(ValueError, match=said):
        command._cards(f"{WHOLE},{id}")


@pytest.mark.parametrize("name", [artifacts.EXPORT, artifacts.WEIGHTS])
def test_one_whose_files_are_damaged_costs_the_others_no_answer(name, root, capsys):
    shutil.copytree(SHIPPED / "torch-compact-svm", root / "torch-compact-svm")
    with (root / WHOLE / name).open("ab") as file:
        file.write(b"x")
    assert [card.id for card in command._cards("")] == ["torch-compact-svm"]
    assert f"{WHOLE}/{name} is damaged" in " ".join(capsys.readouterr().err.split())


def test_where_none_can_answer_it_is_said(root):
    shutil.rmtree(root / WHOLE)
    with pytest.raises(ValueError, match="No model here can answer"):
        command._cards("")
