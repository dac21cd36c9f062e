"""Who may import whom, and that importing the core loads no framework."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = {"torch", "torchvision", "tensorflow", "keras", "facenet_pytorch", "captum", "onnxruntime", "openvino"}
FORBIDDEN = {
    "fer_core": {"streamlit", "plotly", "dashboard", "trainers"},
    "trainers": {"dashboard", "streamlit", "plotly"},
    "dashboard": {"trainers"} | FRAMEWORKS,
}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def _sources(package):
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", FORBIDDEN)
def test_packages_import_only_what_they_may(package):
    assert _sources(package)
    found = {(p.relative_to(ROOT).as_posix(), name) for p in _sources(package) for name in _imports(p)}
    assert not [pair for pair in sorted(found) if pair[1] in FORBIDDEN[package]]


def test_models_import_their_framework_and_nothing_of_ours():
    for path in _sources("fer_core/models"):
        assert not {"fer_core", "trainers", "dashboard"} & set(_imports(path)), path


def _uses_of_streamlits_caches(path):
    names = {"cache_data", "cache_resource"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in names)


def test_the_cache_package_alone_uses_streamlits_caches():
    users = {path.parent for path in _sources("dashboard") if any(_uses_of_streamlits_caches(path))}
    assert users == {ROOT / "dashboard" / "cache"}


def test_no_cache_has_the_name_of_a_module_that_it_would_hide():
    folder = ROOT / "dashboard" / "cache"
    tree = ast.parse((folder / "__init__.pyi").read_text("utf-8"))
    shown = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert shown and not shown & {path.stem for path in folder.glob("*.py")}


def test_the_core_loads_no_framework():
    modules = [
        p.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for p in _sources("fer_core")
        if not {"models", "migrations"} & set(p.parts) and not p.stem.endswith("_backend") and p.stem != "__init__"
    ]
    code = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    code += f"print(sorted(set(sys.modules) & {FRAMEWORKS!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def _lines(path):
    return len(path.read_text("utf-8").splitlines())


def test_files_and_functions_stay_readable():
    long_files = [(p.name, _lines(p)) for pkg in FORBIDDEN for p in _sources(pkg) if _lines(p) > 300]
    long_pages = [(p.name, _lines(p)) for p in _sources("dashboard/views") if _lines(p) > 120]
    long_functions = [
        (p.name, node.name)
        for pkg in FORBIDDEN
        for p in _sources(pkg)
        for node in ast.walk(ast.parse(p.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and len(ast.unparse(node).splitlines()) > 40
    ]
    assert not long_files and not long_pages and not long_functions


def test_no_error_is_swallowed_whole():
    bare = [
        (p.name, node.lineno)
        for pkg in FORBIDDEN
        for p in _sources(pkg)
        for node in ast.walk(ast.parse(p.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare


ENCODING_COMES_AFTER = {"read_text": 0, "write_text": 1, "open": 2}
"""How many arguments of these methods of a path stand before the encoding."""


def _texts_without_encoding(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        before = ENCODING_COMES_AFTER.get(node.func.attr)
        if before is None or len(node.args) > before or any(word.arg == "encoding" for word in node.keywords):
            continue
        values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        modes = [value for value in values if isinstance(value, str)]
        if node.func.attr != "open" or (len(modes) == len(node.args) and "b" not in "".join(modes)):
            yield node.lineno


def test_text_files_are_utf_8_on_every_system():
    # Windows writes in another encoding where none is named, and cannot read there what UTF-8 has
    sources = [*(p for pkg in FORBIDDEN for p in _sources(pkg)), *_sources("tools")]
    found = [(p.relative_to(ROOT).as_posix(), line) for p in sources for line in _texts_without_encoding(p)]
    assert not found
