"""requirements.txt: what the image installs, each file by its hash, and nothing that pyproject.toml does not allow."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LOCK = (ROOT / "requirements.txt").read_text()
PINNED = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE)}
EXTRAS = ("local", "alerts", "redis")


def test_every_line_is_pinned_and_has_hashes() -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert len(entries) > 30
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+.* \\\n +--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in LOCK, "a lock names no registry"


def test_what_the_project_asks_for_is_locked_within_its_bounds() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    wanted = project["dependencies"] + pyproject["build-system"]["requires"]
    wanted += [one for extra in EXTRAS for one in project["optional-dependencies"][extra]]
    for text in wanted:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in PINNED, f"make lock: {name} is missing"
        assert requirement.specifier.contains(PINNED[name]), (
            f"make lock: {name} {PINNED[name]} is not {requirement.specifier}"
        )


def test_the_image_installs_from_the_lock_alone() -> None:
    steps = re.findall(r"^RUN /opt/upswell/bin/pip install (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(steps) == 2
    assert "--require-hashes -r requirements.txt" in steps[0]
    assert "--no-build-isolation --no-deps ." in steps[1]
