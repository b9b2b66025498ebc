"""Scopes with the same cells so far are worked out once, and say what each of them alone would say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.trends.board import Board
from pipeline.trends.scope import Scope
from tests.oracle import streams
from tests.oracle.posts import Said
from tests.oracle.windows import HOUR_MS
from tests.trends.product import run


def one_channel_at_first(hours: int) -> list[Said]:
    """All posts of the first hours come from one source in one language."""
    until = streams.START_MS + hours * HOUR_MS
    posts = streams.seeded(4, posts=1_000, hours=6.0)
    return [said._replace(source="twitter", lang="en", events=()) if said.time < until else said for said in posts]


def test_twins_say_what_each_alone_would_until_and_after_a_cell_tells_them_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = one_channel_at_first(3)
    most, renamed = 0, 0
    rename, open_scope = Scope.rename, Board._open_scope

    def counting(self: Scope, twins: Sequence[str]) -> None:
        nonlocal most, renamed
        most, renamed = max(most, len(twins)), renamed + hasattr(self, "twins")
        rename(self, twins)

    with monkeypatch.context() as patched:
        patched.setattr(Scope, "rename", counting)
        found = run(log, 3)[:2]
    assert most == 3  # all, lang:en, source:twitter
    assert renamed >= 4  # told apart twice, both sides each time

    def alone(self: Board, twins: list[str]) -> None:
        for name in twins:
            open_scope(self, [name])

    monkeypatch.setattr(Board, "_open_scope", alone)
    assert run(log, 3)[:2] == found
