"""Scripts are sent without indentation and comments, and nothing else of them is lost."""

from __future__ import annotations

import pytest

from pipeline.web.assets import asset
from pipeline.web.frame import STATIC

OURS = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js") if path.parent.name != "uplot")


@pytest.mark.parametrize("name", OURS)
def test_no_template_of_a_script_goes_over_a_line_so_none_can_lose_what_looks_like_a_comment(name: str) -> None:
    lines = (STATIC / name).read_text("utf-8").splitlines()
    code = [line for line in lines if not line.lstrip().startswith("//")]
    assert [line for line in code if line.count("`") % 2] == []  # each that begins ends on its line
    assert [line for line in code if line.endswith("\\")] == []  # nor does a string
    assert asset(name).body.decode().splitlines() == [line.lstrip() for line in code]
