"""Scripts and styles are sent packed, without indentation and comments, and nothing else of them is lost."""

from __future__ import annotations

import gzip
import re

import cramjam
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.web.app import create_app
from pipeline.web.assets import asset
from pipeline.web.feed import Feed
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


def test_every_network_that_scripts_mark_has_a_mark() -> None:
    drawn = re.findall(r'<symbol id="(\w+)" viewBox', (STATIC / "marks/marks.svg").read_text())
    (told,) = re.findall(r'MARKED = new Set\("([^"]*)"', (STATIC / "texts.js").read_text())
    assert sorted(drawn) == told.split()


UNPACKED = {"": bytes, "gzip": gzip.decompress, "br": lambda body: bytes(cramjam.brotli.decompress(body))}


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(Feed())


def sent(app: Litestar, path: str, taken: str) -> tuple[str, bytes, dict[str, str]]:
    """How what is at the path is packed for a browser that takes this, its bytes, and its headers."""
    with (
        TestClient(app) as client,
        client.stream("GET", path, headers={"accept-encoding": taken, "accept": "text/html"}) as answer,
    ):
        return answer.headers.get("content-encoding", ""), b"".join(answer.iter_raw()), dict(answer.headers)


@pytest.mark.parametrize("path", ["/static/app.js", "/static/base.css", "/", "/api/v1/schema/openapi.json"])
def test_what_is_sent_is_packed_as_tightly_as_the_browser_takes_it(app: Litestar, path: str) -> None:
    sizes = []
    for taken, how in ("identity", ""), ("gzip, deflate", "gzip"), ("gzip, deflate, br, zstd", "br"):
        packed, body, headers = sent(app, path, taken)
        assert packed == how
        assert not how or "accept-encoding" in headers["vary"].lower()
        sizes.append((len(body), UNPACKED[how](body)))
    (plain, text), (zipped, same), (tightest, as_well) = sizes
    assert text == same == as_well
    assert plain / 2 > zipped > tightest


def test_with_each_file_only_what_it_needs_is_said_and_a_worker_is_bound_by_a_policy_of_its_own(app: Litestar) -> None:
    for name in (*OURS, "wave.svg", "base.css"):
        _, _, headers = sent(app, f"/static/{name}", "br")
        assert headers["x-content-type-options"] == "nosniff"
        alone = {"content-security-policy"} if name in ("hub.js", "wave.svg") else set()
        told = [
            "content-type",
            "content-length",
            "content-encoding",
            "etag",
            "vary",
            "cache-control",
            "x-content-type-options",
        ]
        assert alone <= set(headers) <= {*told, *alone}
