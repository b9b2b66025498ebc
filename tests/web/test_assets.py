"""Scripts and styles are sent without indentation and comments, and nothing else of them is lost."""

from __future__ import annotations

import re

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
    sent = asset(name).body.decode().splitlines()
    for line, whole in zip(sent, code, strict=True):
        rest = whole.lstrip().removeprefix(line)
        assert line + rest == whole.lstrip()
        assert not rest or (rest.lstrip().startswith("// ") and not set("\"'`") & set(rest))


def test_no_string_of_a_style_holds_what_looks_like_a_comment() -> None:
    for path in STATIC.rglob("*.css"):
        text = path.read_text("utf-8")
        strings = re.findall(r'"[^"\n]*"', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
        assert not [it for it in strings if "/*" in it or "*/" in it]
        assert "/*" not in asset(path.relative_to(STATIC).as_posix()).body.decode() or path.parent.name == "uplot"
