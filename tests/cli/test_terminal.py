"""Tables of trends keep their shape in any terminal, and nothing in them is obeyed by it."""

from __future__ import annotations

import io

import msgspec
import pytest
from cli_samples import START_MS, trend, trend_list
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from pipeline.cli.rank_changes import RankChanges
from pipeline.cli.terminal import SPARK_LEVELS, columns, console, fit, spark, table
from tests.facts import WHY


def board_of(*lists: object, scope: str = "all") -> RankChanges:
    board = RankChanges(scope, "1h")
    for trends in lists:
        board.takes(trends)  # type: ignore[arg-type]
    return board


def plain(lines: object) -> list[str]:
    return [line.plain for line in lines]  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [28, 35, 36, 59, 60, 80, 109, 110, 200])
@pytest.mark.parametrize("beneath", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, beneath: bool) -> None:
    names = ["#capcomnet", "#" + "présidentielle" * 9, "#日本語のとても長いタグですよ", "#🎉🎉🎉", "$AAPL"]
    rows = [trend(n + 1, name, posts=1_234_567, authors=99_999) for n, name in enumerate(names)]
    lines = plain(table(board_of(trend_list(*rows, flag="provisional")), 20, width, beneath))[1:]
    assert max(map(cell_len, lines)) <= width
    if not beneath:
        assert len({cell_len(line) for line in lines[1:]}) == 1, "the columns do not stand in line"


def test_the_why_is_whole_beneath_its_row_where_it_does_not_fit_beside() -> None:
    first = msgspec.structs.replace(WHY, note="no_past")
    lines = plain(table(board_of(trend_list(trend(1, "#a", why=first))), 10, 80, beneath=True))
    assert lines[-1].strip() == "50 people in the last 15 min; no past to compare with yet"


def test_a_row_says_rank_move_topic_course_posts_people_and_why() -> None:
    old = trend_list(trend(1, "#b"), trend(2, "#a"), at=START_MS)
    new = trend_list(trend(1, "#a"), trend(2, "#b"), trend(3, "#c"), at=START_MS + 60_000)
    rows = plain(table(board_of(old, new), 10, 200))[2:]
    assert [row.split()[:3] for row in rows] == [["1", "▲1", "#a"], ["2", "▼1", "#b"], ["3", "new", "#c"]]
    assert rows[0].split()[3:6] == ["▁▂▂▂▇", "1,234", "412"]
    assert "412 people in the last 15 min" in rows[0]


def test_where_the_why_has_no_room_it_says_what_is_usual() -> None:
    rows = [trend(1, "#a"), trend(2, "#b", expected=0.23), trend(3, "#c", trending=False)]
    lines = plain(table(board_of(trend_list(*rows)), 10, 80))[2:]
    assert [line[48:].strip() for line in lines] == ["usually about 35", "usually nobody", "not trending"]


def test_a_topic_that_only_fills_the_list_up_has_a_dot_for_its_move() -> None:
    lists = [trend_list(trend(1, "#a", trending=False), at=START_MS + n) for n in range(2)]
    assert plain(table(board_of(*lists), 10, 80))[2].split()[:3] == ["1", "·", "#a"]


def test_moves_are_told_from_a_quarter_of_an_hour_before() -> None:
    board = RankChanges("all", "1h")
    for minute in range(31):
        rows = [trend(1, "#a"), trend(2, "#b")] if minute < 10 else [trend(1, "#b"), trend(2, "#a")]
        board.takes(trend_list(*rows, at=START_MS + minute * 60_000))
        if minute == 24:
            assert board.move("#b") == "▲1"
    assert board.move("#b") == "="


def test_a_first_list_tells_no_moves_and_lists_of_others_are_not_taken() -> None:
    board = board_of(trend_list(trend(1, "#a")), trend_list(trend(1, "#z"), scope="lang:fr"))
    assert board.move("#a") == ""
    assert board.shown is not None
    assert board.shown.trends[0].topic == "#a"


def test_what_a_post_says_cannot_command_the_terminal() -> None:
    evil = "#a\x1b[2J\x07\u202e\x9b31m\r\n"
    row = trend(1, evil, display=evil)
    for line in plain(table(board_of(trend_list(row)), 10, 80, beneath=True)):
        assert not set(line) & set("\x1b\x07\u202e\x9b\r\n")


def test_markup_in_a_topic_is_text() -> None:
    stream = io.StringIO()
    for line in table(board_of(trend_list(trend(1, "#a", display="[red]#a[/] :smile:"))), 10, 200):
        console(stream).print(line)
    assert "[red]#a[/] :smile:" in stream.getvalue()


def test_a_board_without_a_list_says_so() -> None:
    assert plain(table(RankChanges("lang:fr", "1h"), 10, 80)) == ["lang:fr  no list yet"]


def test_two_blocks_stand_side_by_side_within_the_width() -> None:
    lines = plain(columns([Text("a" * 50)], [Text("b" * 50), Text("c")], 80))
    assert [cell_len(line) for line in lines] == [80, 42]
    assert lines[0].endswith("…")


@given(st.lists(st.floats(0, 1e9), max_size=40), st.integers(0, 30))
def test_a_spark_line_has_one_block_a_value_and_the_tallest_for_the_largest(values: list[float], width: int) -> None:
    line = spark(values, width)
    assert len(line) == min(len(values), width)
    shown = values[-width:] if width else []
    if shown and max(shown) > 0:
        assert line[shown.index(max(shown))] == SPARK_LEVELS[-1]


@given(st.text(), st.integers(0, 40))
def test_a_fitted_text_has_exactly_the_width(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
