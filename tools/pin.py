"""Pins every package, direct and indirect, in pyproject.toml's [tool.uv] constraint-dependencies.

`uv.lock` names the registry that it was made with and stays out of git; these pins do the same without a host name.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path

import tomlkit

PROJECT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Resolves without the old pins, then writes the new ones."""
    path = PROJECT / "pyproject.toml"
    document = tomlkit.parse(path.read_text("utf-8"))
    old = document["tool"]["uv"].pop("constraint-dependencies", None)
    path.write_text(tomlkit.dumps(document), "utf-8")
    try:
        (PROJECT / "uv.lock").unlink(missing_ok=True)
        command = [
            "uv",
            "export",
            "--all-groups",
            "--all-extras",
            "--no-hashes",
            "--no-annotate",
            "--no-header",
            "--no-emit-project",
        ]
        exported = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
        pins = pinned(exported)
    except BaseException:
        document["tool"]["uv"]["constraint-dependencies"] = old or []
        path.write_text(tomlkit.dumps(document), "utf-8")
        raise
    array = tomlkit.array()
    array.extend(pins)
    document["tool"]["uv"]["constraint-dependencies"] = array.multiline(True)
    path.write_text(tomlkit.dumps(document), "utf-8")
    print(f"{len(pins)} pins written.")  # noqa: T201


def pinned(exported: str) -> list[str]:
    """One "name==version" a package; with its marker where platforms need different versions."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in exported.splitlines():
        if match := re.match(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;]+)(?: ; (.*))?$", line.strip()):
            found[match[1]].append((match[2], match[3] or ""))
    pins = []
    for name, versions in sorted(found.items()):
        if len({version for version, _ in versions}) == 1:
            pins.append(f"{name}=={versions[0][0]}")
        else:
            pins += [f"{name}=={version} ; {marker}" for version, marker in versions]
    return pins


if __name__ == "__main__":
    main()
