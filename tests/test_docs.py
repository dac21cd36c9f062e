"""The documents say what is so."""

import re
from pathlib import Path

import pytest

from dashboard.pages_table import PAGES
from trainers import ablation, findings, ladder, readme, recipe

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_readmes_table_is_that_of_the_artifacts():
    text = (ROOT / "README.md").read_text("utf-8")
    written = text.split(readme.BEGIN)[1].split(readme.END)[0].strip()
    assert written == readme.table(), "Run: make readme"


def test_the_runs_on_a_gpu_are_those_of_the_artifacts():
    written = readme.GPU.read_text("utf-8").split(readme.BEGIN_GPU)[1].split(readme.END_GPU)[0].strip()
    assert written == readme.gpu_table() and "NVIDIA" in written, "Run: make readme"


def test_the_ladder_is_that_of_the_artifacts():
    assert ladder.PAGE.read_text("utf-8") == ladder.page(), "Run: python -m trainers ladder"
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.split(ladder.BEGIN)[1].split(ladder.END)[0].strip() == ladder.block(), "Run: python -m trainers ladder"


def test_the_ablations_are_those_that_were_run():
    assert ablation.PAGE.read_text("utf-8") == ablation.page(), "Run: python -m trainers ablate ingredients"


def test_the_findings_are_those_of_the_stored_studies():
    made = findings.found()
    written = findings.PAGE.read_text("utf-8")
    assert len(made) >= 2 and written == findings.page(made), "Run: python -m trainers findings"
    for one in made:
        assert findings.PAGE.with_name(f"finding-{one.id}.svg").read_text("utf-8") == findings.chart(one.groups)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_and_make_targets_that_are_named_exist(document):
    text = document.read_text("utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for target in re.findall(r"`make ([a-z]+)", text):
        assert target in targets
    named = re.findall(r"`((?:dashboard|fer_core|trainers|tests|docs|benchmarks)/[\w./]+)`", text)
    made_by_reader = {"fer_core/models/mine.py", "trainers/recipes/mine.toml", "dashboard/views/mine.py"}
    for name in set(named) - made_by_reader:
        assert (ROOT / name).exists(), name
    for picture in re.findall(r"\]\(([\w/.]+\.(?:png|md))\)", text):
        assert (document.parent / picture).exists() or (ROOT / picture).exists(), picture


def test_the_two_commands_stand_in_the_readme():
    text = (ROOT / "README.md").read_text("utf-8")
    assert "uv run streamlit run dashboard/Home.py" in text and "uv run pytest -n 2" in text
    assert "uv run pytest -n 2" in (ROOT / ".ci/run").read_text("utf-8")


def test_recipes_named_in_documents_exist():
    for document in DOCUMENTS:
        for name in re.findall(r"trainers train ([a-z][\w-]+)", document.read_text("utf-8")):
            assert name in (*recipe.available(), "mine"), name


def test_make_help_lists_every_target():
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    assert all("##" in line for line in lines if re.match(r"^[a-z]+:", line))


def test_no_machine_of_ours_is_named_in_the_project():
    # put together here, or this file would be one of the finds
    private = ("/" + "work/", "files." + "pythonhosted", "." + "library")
    for path in [*ROOT.rglob("*.py"), *ROOT.rglob("*.md"), *ROOT.rglob("*.toml")]:
        if not {".venv", ".runs"} & set(path.parts):
            assert not [name for name in private if name in path.read_text("utf-8")], path


def test_every_page_has_a_title_and_an_icon():
    assert all(page.title and page.icon.startswith(":material/") for page in PAGES)
