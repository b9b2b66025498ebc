"""The house rules that a machine can check: who imports whom, how large a module is, what the README promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipeline.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path for folder in ("schemas", "pipeline") for path in (ROOT / folder).rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PURE = [path for path in MODULES if path.relative_to(ROOT).parts[:2] in (("pipeline", "text"), ("pipeline", "trends"))]
LARGEST = 400  # lines, about
CLOCKS_AND_EDGES = {"asyncio", "io", "logging", "os", "random", "socket", "subprocess", "threading", "time"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_nobody_imports_what_the_import_rules_forbid() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", PURE, ids=named)
def test_the_pure_part_has_neither_clock_nor_environment(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert not imported & CLOCKS_AND_EDGES


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LARGEST * 1.05
    described = ast.get_docstring(ast.parse(text))
    assert described
    assert described.splitlines()[0].endswith((".", ":", "?", "!"))


def test_every_dependency_is_bounded_on_both_sides() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]:
        assert re.search(r">=[\d.]+,<\d", requirement), requirement


def test_commands_in_the_pages_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    found = 0
    for page in PAGES:
        text = page.read_text()
        for name in re.findall(r"(?:^|[`|$(] ?)upswell ([a-z]+)", text, re.MULTILINE):
            assert name in COMMANDS, f"{named(page)}: upswell {name}"
            found += 1
        for name in re.findall(r"(?:^ +|`)make (\w+)", text, re.MULTILINE):
            assert name in targets, f"{named(page)}: make {name}"
            found += 1
    assert found > 10


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{named(page)} links to {target}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, f"{page.name} is not in docs/README.md"


@pytest.mark.parametrize("path", [*MODULES, *PAGES], ids=named)
def test_nothing_tells_of_the_machine_it_was_made_on(path: Path) -> None:
    assert not re.search(r"(?<![\w.])(?:/work/|/tmp/|/root/|/home/\w+/|\.\./shared)", path.read_text())
