"""What `bench.words` counts: lives, rows that repeat another, and what is found without signs."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from bench.words import HOUR_MS, MINUTE_MS, lives, main, repeats, without_signs
from schemas import Post
from tests.oracle.posts import as_post
from tests.oracle.streams import talking


def test_moments_within_an_hour_are_one_life() -> None:
    assert list(lives([0, HOUR_MS, 2 * HOUR_MS + 1])) == [(0, HOUR_MS), (2 * HOUR_MS + 1, 2 * HOUR_MS + 1)]


def test_a_post_loses_its_signs_and_keeps_its_words() -> None:
    bare = without_signs(Post("1", "ann", "Up: #Lyon $AAPL", 0, tags=["#lyon", "#Été"]))
    assert (bare.text, bare.tags) == ("Up: Lyon AAPL Été", None)


def test_a_row_whose_posts_are_most_of_anothers_repeats_it() -> None:
    posts = [Post(str(n), "ann", text, n) for n, text in enumerate(["#a #b", "#a #b", "#a #c", "#c", "#c"])]
    assert repeats([(MINUTE_MS, ["#a", "#b", "#c"])], posts, by_words=False) == (1, 3)


def test_a_tag_that_trends_is_found_as_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "posts.ndjson"
    path.write_bytes(b"\n".join(msgspec.json.encode(as_post(said)) for said in talking(3, posts=300)))
    monkeypatch.setattr(sys, "argv", ["words", str(path)])
    main()
    assert "1 lives of tags, found as words 100.0%" in capsys.readouterr().out
