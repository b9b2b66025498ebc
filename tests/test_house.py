"""The house rules that a machine can check: who imports whom, how large a module is, what the README promises."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import COMMANDS, load

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path for folder in ("schemas", "pipeline", "agents", "upswell", "bench") for path in (ROOT / folder).rglob("*.py")
)
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


PURE_PACKAGES = ("schemas", "pipeline/text", "pipeline/trends", "pipeline/wording", "pipeline/moderation")
PURE_MODULES = ("pipeline/definitions.py", "pipeline/partitions.py")
KEPT_IN_FILES = "pipeline/moderation/log.py"  # decisions, in SQLite
PURE = [
    path
    for path in MODULES
    if named(path).startswith(tuple(f"{it}/" for it in PURE_PACKAGES)) or named(path) in PURE_MODULES
    if named(path) != KEPT_IN_FILES
]
LARGEST = 400  # lines
CLOCKS_AND_EDGES = {"asyncio", "sqlite3", "io", "logging", "os", "random", "socket", "subprocess", "threading", "time"}


WITH_EXAMPLES = [
    path for path in (*MODULES, *(ROOT / "tests").rglob("*.py")) if re.search("^ *>>> ", path.read_text(), re.MULTILINE)
]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=named)
def test_the_examples_of_a_module_say_what_comes_out(path: Path) -> None:
    module = importlib.import_module(named(path).removesuffix(".py").replace("/", "."))
    ran = doctest.testmod(module)
    assert ran.attempted
    assert not ran.failed


def test_nobody_imports_what_the_import_rules_forbid() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_has_its_layer() -> None:
    contract, *_ = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layered = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    found = {path.stem for path in (ROOT / "pipeline").glob("*.py")} | {
        path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")
    }
    assert layered == {"schemas", "agents"} | {f"pipeline.{name}" for name in found - {"__init__"}}


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
    assert text.count("\n") <= LARGEST
    described = ast.get_docstring(ast.parse(text))
    assert described
    assert described.splitlines()[0].endswith((".", ":", "?", "!"))


def test_every_dependency_is_bounded_on_both_sides() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [requirement for extra in project["optional-dependencies"].values() for requirement in extra]
    for requirement in project["dependencies"] + extras:
        assert re.search(r">=[\d.]+,<\d|==[\d.]+$", requirement), requirement


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


def flags_of(command: Any) -> set[str]:
    own = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}
    return own.union(*map(flags_of, getattr(command, "commands", {}).values()))


def test_flags_that_the_pages_show_are_there() -> None:
    found = 0
    flags = {name: flags_of(load(name)) for name in COMMANDS}
    for page in PAGES:
        if page.name == "CHANGELOG.md" or page.parent.name == "decisions":  # these tell what was
            continue
        for name, rest in re.findall(r"(?:^ *|[`|$(;] *)upswell ([a-z]+)([^`\n|;&]*)", page.read_text(), re.MULTILINE):
            for flag in re.findall(r"(?<!\S)--?[a-z][\w-]*", re.split(r"\s#\s", rest)[0]):
                assert flag in flags.get(name, ()), f"{named(page)}: upswell {name} {flag}"
                found += 1
    assert found > 50


def test_links_to_a_heading_find_it() -> None:
    found = 0
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            there = re.findall(r"^#+ (.*)$", (page.parent / target if target else page).read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", one.lower()).strip().replace(" ", "-") for one in there}
            assert heading in slugs, f"{named(page)} links to {target}#{heading}"
            found += 1
    assert found > 20


def test_links_between_the_pages_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]
    assert len(links) > 40
    for page, target in links:
        assert (page.parent / target).exists(), f"{named(page)} links to {target}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, f"{page.name} is not in docs/README.md"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_lines_of_a_page_are_short(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.parametrize("path", [*MODULES, *PAGES], ids=named)
def test_nothing_tells_of_the_machine_it_was_made_on(path: Path) -> None:
    assert not re.search(r"(?<![\w.])(?:/work/|/tmp/|/root/|/home/\w+/|\.\./shared)", path.read_text())


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert len(numbers) > 5
    assert len(numbers) == len(set(numbers))
