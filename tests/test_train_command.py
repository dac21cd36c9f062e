"""The command line: every end is clear, and no half artifact is left."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from fer_core import artifacts, seed_runs
from fer_core.compiled import has_bfloat16
from tests.training_cases import (
    FRAMEWORKS,
)
from trainers import __main__ as program, recipe as recipes, run as runs

pytestmark = pytest.mark.usefixtures("tiny")


@dataclass
class Command:
    """`python -m trainers ...` in this process: a folder with a recipe, the exit status and what was printed."""

    folder: Path
    csv: Path
    arguments: Callable[[list[str]], None]
    printed: Callable[[], str]

    def __call__(self, *arguments: object) -> tuple[int, str]:
        self.arguments(["python -m trainers", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            program.main()
        code = end.value.code
        return (code if isinstance(code, int) else 0), self.printed()

    def train(self, recipe: Path, *options: str) -> tuple[int, str]:
        """The train command with data and folders of this test."""
        places = ("--data", self.csv, "--runs", self.folder / "runs", "--out", self.folder / "out", "--device", "cpu")
        return self("train", recipe, *places, *options)

    def recipe(self, learning_rate: float = 0.03, epochs: int = 2, architecture: str = "tiny-torch") -> Path:
        """A recipe's file, mine.toml."""
        lines = ['title = "Mine"', f'architecture = "{architecture}"', "seed = 1", "[optimizer]"]
        lines += [f"learning_rate = {learning_rate}", "[schedule]", f"epochs = {epochs}", "batch_size = 6"]
        path = self.folder / "mine.toml"
        path.write_text("\n".join(lines))
        return path

    @property
    def out(self) -> dict[str, bytes]:
        """All that lies where artifacts go, hidden files too."""
        out = self.folder / "out"
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture
def command(tmp_path, fer2013_csv, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.delenv("FER2013_PATH", raising=False)
    arguments = lambda given: monkeypatch.setattr(sys, "argv", given)  # noqa: E731
    return Command(tmp_path, fer2013_csv, arguments, lambda: capsys.readouterr().out)


def test_train_leaves_an_artifact_and_says_how_good_it_is(command: Command) -> None:
    status, text = command.train(command.recipe())
    assert status == 0
    assert "epoch   1/2" in text and "epoch   2/2" in text
    assert "PublicTest" in text and "PrivateTest" in text and "28" in text
    assert artifacts.card("mine", command.folder / "out").epochs == 2
    quantized = {artifacts.QUANTIZED} if has_bfloat16() else set()  # the tiny network has one convolution
    assert {name.partition("/")[2] for name in command.out} == quantized | {
        "card.json", "metrics.json", "predictions.npz", "curves.csv", "environment.json", "weights.safetensors",
        "model.onnx", "engine.json",
    }  # fmt: skip


def test_train_again_trains_no_more_and_restart_does(command: Command) -> None:
    command.train(command.recipe())
    before = command.out
    _, again = command.train(command.recipe())
    assert "epoch " not in again and command.out["mine/weights.safetensors"] == before["mine/weights.safetensors"]
    _, anew = command.train(command.recipe(), "--restart")
    assert "epoch   1/2" in anew


def test_train_again_leaves_the_studies_of_the_same_weights(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command.train(command.recipe())
    root = command.folder / "out"
    for name in ("test_time", "what_if"):
        artifacts.save_study(name, {"of": name}, "mine", root)
    before = command.out
    with monkeypatch.context() as patch:
        patch.setattr("trainers.export.find_spec", lambda _name: None)  # no openvino, to make an export anew
        assert command.train(command.recipe())[0] == 0
    kept = {name for name, data in command.out.items() if data == before[name]}
    assert {"mine/test_time.json", "mine/what_if.json", "mine/model.onnx", "mine/engine.json"} <= kept
    assert command.out.keys() == before.keys()
    (root / "mine" / "engine.json").write_text("{}")
    assert command.train(command.recipe())[0] == 0 and command.out["mine/engine.json"] != b"{}", "made anew"

    card = artifacts.card("mine", root)
    artifacts.save_card(root / "mine", replace(card, recipe={**card.recipe, "test_time": "flip"}))
    assert command.train(command.recipe())[0] == 0
    assert "mine/test_time.json" not in command.out, "that one answered otherwise"
    artifacts.save_study("test_time", {}, "mine", root)
    assert command.train(command.recipe(learning_rate=0.02))[0] == 0
    assert "mine/test_time.json" not in command.out, "these are other weights"
    artifacts.save_study("test_time", {}, "mine", root)
    (root / "mine" / "card.json").write_text("{}")
    assert command.train(command.recipe(learning_rate=0.02))[0] == 0, "a damaged card does not stand in the way"
    assert "mine/test_time.json" not in command.out


def test_smoke_leaves_the_artifacts_alone(command: Command) -> None:
    recipe, folder = command.recipe(epochs=50), command.folder
    status, text = command(
        "train", recipe, "--data", command.csv, "--runs", folder / "runs", "--smoke", "--device", "cpu"
    )
    assert status == 0 and "epoch   1/1" in text
    assert artifacts.card("mine", folder / "runs" / "smoke").epochs == 1
    assert not (folder / "out").exists()


@pytest.fixture
def both(command: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recipe of an ensemble whose two members are among the artifacts, as if these were the program's own."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(command.folder / "out"))
    for name in ("one", "two"):
        assert command.train(command.recipe(epochs=1).rename(command.folder / f"{name}.toml"))[0] == 0
    path = command.folder / "both.toml"
    path.write_text('title = "Both"\nmembers = ["one", "two"]\n')
    return path


def test_smoke_of_an_ensemble_leaves_the_artifacts_alone(command: Command, both: Path) -> None:
    assert command.train(both)[0] == 0
    before = command.out
    status, text = command("train", both, "--data", command.csv, "--runs", command.folder / "runs", "--smoke")
    assert status == 0, text
    assert command.out == before and artifacts.card("both", command.folder / "runs" / "smoke").title == "Both"


def test_smoke_of_an_ensemble_elsewhere_takes_the_members_that_are_here(command: Command, both: Path) -> None:
    there = command.folder / "there"
    status, text = command("train", both, "--data", command.csv, "--smoke", "--out", there)
    assert status == 0, text
    assert artifacts.card("both", there).recipe["members"] == ["one", "two"]
    status, text = command("train", both, "--data", command.csv, "--out", there)
    assert status == 1 and "python -m trainers train one" in text, "but no ensemble that could not be asked"


def test_nothing_is_trained_for_an_ensemble_so_no_seed_is_taken(command: Command, both: Path) -> None:
    status, text = command.train(both, "--seed", "3")
    assert status != 0 and "--seed" in text and "both" not in artifacts.ids(command.folder / "out")


def test_a_run_with_another_seed_is_taught_by_the_same_teacher(command: Command, monkeypatch) -> None:
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(command.folder / "elsewhere"))
    assert command.train(command.recipe(epochs=1).rename(command.folder / "teacher.toml"))[0] == 0
    student = command.recipe(epochs=1).rename(command.folder / "student.toml")
    student.write_text(student.read_text() + '\n[distil]\nteacher = "teacher"\n')
    status, text = command.train(student, "--seed", "5")
    assert status == 0, text
    card = artifacts.card("student-seed5", seed_runs.place(command.folder / "out"))
    assert card.teacher_sha256 == artifacts.card("teacher", command.folder / "out").weights_sha256


def test_recipes_are_listed_with_what_is_made_of_them(
    command: Command, tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for root, made in ((tiny_artifacts, 2), (tmp_path, 0)):
        monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(root))
        status, text = command("recipes")
        assert status == 0 and all(id in text for id in recipes.available())
        assert text.count("yes") == made
        assert "…" not in text  # though a pipe and a narrow console have 80 columns


@pytest.mark.parametrize("options", [("--data", "nowhere.csv"), ()])
def test_missing_data_end_with_what_to_download(command: Command, options: tuple[str, ...]) -> None:
    status, text = command("train", command.recipe(), *options, "--out", command.folder / "out")
    assert status == 1 and text.startswith("Stopped. ")
    assert ("nowhere.csv does not exist" if options else "FER2013_PATH is not set") in text
    assert "https://www.kaggle.com" in text and not (command.folder / "out").exists()


def test_a_wrong_recipe_ends_before_the_data_are_read(command: Command) -> None:
    status, text = command("train", "torch-nativ", "--data", "nowhere.csv")
    assert status == 1 and "Did you mean 'torch-native'?" in text and "nowhere" not in text


def test_a_message_keeps_its_brackets(command: Command) -> None:
    path = command.recipe()
    path.write_text(path.read_text().replace("learning_rate", "learning_rat"))
    status, text = command.train(path)
    assert status == 1 and "Did you mean 'learning_rate'?" in text and "(in [optimizer])" in text
    status, text = command("train", command.recipe(), "--data", "[/red]")
    assert status == 1 and "[/red] does not exist" in text


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_diverging_run_leaves_no_artifact(command: Command, framework: str) -> None:
    status, text = command.train(command.recipe(learning_rate=1e30, architecture=f"tiny-{framework}"))
    assert status == 1 and "Lower optimizer.learning_rate" in text and "Traceback" not in text
    assert command.out == {} and not list((command.folder).glob("out/*"))


def test_a_diverging_run_leaves_the_previous_artifact(command: Command) -> None:
    command.train(command.recipe())
    before = command.out
    status, _ = command.train(command.recipe(learning_rate=1e30))
    assert status == 1 and command.out == before


def test_a_disk_that_fills_leaves_the_previous_artifact(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command.train(command.recipe())
    before = command.out

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "save_weights", full)
        status, text = command.train(command.recipe(learning_rate=0.02))
    assert status == 1 and "[Errno 28] No space left on device" in text
    assert command.out == before and len(list((command.folder / "out").iterdir())) == 1
    status, text = command.train(command.recipe(learning_rate=0.02))
    assert status == 0 and "epoch " not in text, "once there is room again, nothing is trained twice"
    assert command.out != before


def test_a_disk_that_is_full_from_the_start_is_told(command: Command, full_disk) -> None:
    recipe = command.recipe()
    with full_disk(5_000):
        status, text = command.train(recipe)
    assert status == 1 and "File too large" in text and command.out == {}


def test_ctrl_c_says_how_to_go_on(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "train", interrupted)
    status, text = command.train(command.recipe())
    assert status == 130 and "The same command goes on from the last finished epoch." in text


def test_a_damaged_checkpoint_is_told_and_restart_mends_it(command: Command) -> None:
    command.train(command.recipe())
    for file in (command.folder / "runs").rglob("last.pt"):
        file.write_bytes(b"PK damaged")
    status, text = command.train(command.recipe())
    assert status == 1 and "is damaged" in text and "--restart" in text
    assert command.train(command.recipe(), "--restart")[0] == 0


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("gpuu", "expected auto, cpu or cuda."),
        ("mps", "expected auto, cpu or cuda. PyTorch cannot augment on Apple's GPU yet."),
        ("cuda", "`CUDAAccelerator` can not run on your system"),
    ],
)
def test_a_device_that_is_not_there_is_told(
    command: Command, device: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    places = ("--data", command.csv, "--runs", command.folder / "runs", "--out", command.folder / "out")
    status, text = command("train", command.recipe(), *places, "--device", device)
    assert status == 1 and text.startswith(f"Stopped. --device {device}: {why}")


def test_a_device_without_memory_is_told_of_in_words(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.fit_torch.augment", lambda *asked: torch.empty(2**52))
    code, printed = command.train(command.recipe())
    assert code == 1 and "no memory left" in printed and "schedule.batch_size" in printed
    assert command.out == {}
