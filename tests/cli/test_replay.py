"""A replay's lists, counts, dead letters and summary, as its user and their tools read them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_samples import START_MS, post

from pipeline.cli.replay_run import by_span
from pipeline.local import Local, Options
from schemas import TrendList, decode_post

Upswell = Callable[..., Any]
HOUR_MS = 3_600_000


def records(path: Path | str) -> list[Any]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def lines_of(posts: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(it).encode() + b"\n" for it in posts)


def numbers(out: str) -> dict[str, int]:
    found = re.findall(r"^(read|counted|late|duplicate|dead|skipped) +([\d,]+)", out, re.MULTILINE)
    return {name: int(value.replace(",", "")) for name, value in found}


def test_the_table_and_the_summary_say_what_trended_and_what_became_of_the_posts(
    archive: Path, upswell: Upswell
) -> None:
    code, out, err = upswell("replay", archive, "--top", 1)
    assert (code, err) == (0, "")
    assert re.search(r"^all  1h to 2023-11-14 22:\d\d UTC", out)
    assert re.search(r"^ 1 .* #(Boom|quiet) ", out, re.MULTILINE)
    assert not re.search(r"^ 2 ", out, re.MULTILINE)
    assert numbers(out) == {"read": 100, "counted": 100, "late": 0, "duplicate": 0, "dead": 0, "skipped": 0}


def test_out_holds_every_list_of_every_scope_as_the_pipeline_issues_them(archive: Path, upswell: Upswell) -> None:
    issued: list[TrendList] = []
    local = Local(Options(), on_list=issued.append)
    local.feed([decode_post(line) for line in archive.read_bytes().splitlines()])
    local.finish()
    assert upswell("replay", archive, "--out", "lists").code == 0
    assert Path("lists").read_bytes() == b"".join(msgspec.json.encode(it) + b"\n" for it in issued)
    assert {it.scope for it in issued} == {"all", "source:twitter"}
    assert {it.window for it in issued} >= {"5m", "1h"}


def test_counts_add_up_to_the_posts_of_each_topic(archive: Path, upswell: Upswell) -> None:
    assert upswell("replay", archive, "--counts", "panes", "--pane-ms", 20_000).code == 0
    rows = records("panes")
    assert all(list(row) == ["pane", "topic", "posts", "authors"] for row in rows)
    assert all(row["pane"] % 20_000 == 0 for row in rows)
    assert [row["pane"] for row in rows] == sorted(row["pane"] for row in rows)
    total: Counter[str] = Counter()
    for row in rows:
        total[row["topic"]] += row["posts"]
    assert total == {"#quiet": 60, "#boom": 40}


def test_every_record_is_counted_late_duplicate_dead_or_skipped(upswell: Upswell) -> None:
    posts = [post(n, START_MS + n * 60_000, f"w{n} #a", author="one") for n in range(20)]
    late = [post(100, START_MS, "much too late #a", author="one")]
    double = [post(200, START_MS + 1_200_000, "twice #a", author="one")] * 2
    bad = b'{"id": 1}\nno json\n{"id": "1", "author": "a", "text": "\xff", "time": 1}\n'
    stdin = lines_of(posts) + bad + lines_of(double + late)
    code, out, _ = upswell("replay", "-", "--dead", "dead", stdin=stdin)
    assert code == 0
    found = numbers(out)
    assert found == {"read": 26, "counted": 21, "late": 1, "duplicate": 1, "dead": 3, "skipped": 0}
    assert found["read"] == sum(found.values()) - found["read"]
    assert "(twitter 1)" in out
    assert re.search(r"^hint: 1 posts .*--max-out-of-orderness-ms \(now 5000\)", out, re.MULTILINE)
    rows = records("dead")
    assert [row["line"] for row in rows] == [21, 22, 23]
    assert [row["file"] for row in rows] == ["-"] * 3
    assert sorted(row["reason"] for row in rows) == ["invalid", "not-json", "not-utf8"]
    assert rows[1]["raw"] == "no json"
    assert all(f"{row['reason']} 1" in out for row in rows)


def test_the_summary_tells_from_when_to_when_posts_are_whatever_is_withdrawn_last(upswell: Upswell) -> None:
    posts = [post(1, START_MS, "one"), post(2, START_MS + 600_000, "two")]
    _, out, _ = upswell("replay", "-", stdin=lines_of([*posts, posts[0] | {"deleted": START_MS + 601_000}]))
    assert "posts of 2023-11-14 22:14 to 2023-11-14 22:24 UTC" in out


def test_the_summary_tells_what_the_records_of_hours_leave_out(archive: Path, upswell: Upswell) -> None:
    alone = [post(n, START_MS + n * 60_000, "again #mine", author="one") for n in range(5)]
    _, out, _ = upswell("replay", "-", stdin=lines_of([*alone, post(9, START_MS + HOUR_MS, "x #other")]))
    assert re.search(r"^left out +6  .* \(2 of these\)$", out, re.MULTILINE)
    _, out, _ = upswell("replay", archive)
    assert "left out" not in out


def test_a_lateness_long_enough_makes_late_posts_count(upswell: Upswell) -> None:
    posts = [post(n, START_MS + n * 60_000, f"w{n} #a", author="one") for n in range(6)]
    late = [post(100, START_MS, "late #a", author="one")]
    _, out, _ = upswell("replay", "-", "--max-out-of-orderness-ms", 600_000, stdin=lines_of(posts + late))
    assert numbers(out)["late"] == 0


def test_data_on_standard_output_is_data_only(archive: Path, upswell: Upswell) -> None:
    code, out, err = upswell("replay", archive, "--counts", "-")
    assert code == 0
    assert {json.loads(line)["topic"] for line in out.splitlines()} == {"#quiet", "#boom"}
    assert numbers(err)["counted"] == 100


def test_events_of_the_settings_have_lists_of_their_own(archive: Path, upswell: Upswell) -> None:
    Path("upswell.toml").write_text('[[event]]\nname = "boom"\ntitle = "Le Boum"\nhashtags = ["#BOOM"]\n')
    code, out, _ = upswell("replay", archive, "--scope", "event:boom", "--out", "lists")
    assert code == 0
    assert "#Boom" in out
    assert "#quiet" not in out
    assert "event:boom" in {it["scope"] for it in records("lists")}


def test_a_scope_without_posts_says_that_there_is_no_list(archive: Path, upswell: Upswell) -> None:
    code, out, _ = upswell("replay", archive, "--scope", "lang:xx")
    assert code == 0
    assert out.startswith("lang:xx  no list yet\n")


def test_a_pipe_that_stays_open_is_read_as_it_comes(
    tmp_path: Path, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    out, counts, dead = tmp_path / "lists", tmp_path / "panes", tmp_path / "dead"
    process = started("replay", "-", "--out", out, "--counts", counts, "--dead", dead)
    assert process.stdin

    def write(content: bytes) -> None:
        assert process.stdin
        process.stdin.write(content)
        process.stdin.flush()

    def come(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "nothing came before the pipe was closed"
            assert process.poll() is None
            time.sleep(0.02)

    def minutes(first: int, count: int) -> bytes:
        """20 posts a minute by 20 people: far less than a block of input or a batch of posts."""
        times = range(first * 20, (first + count) * 20)
        return lines_of([post(n, START_MS + n * 3_000, f"words {n} #a", author=f"p{n % 20}") for n in times])

    write(minutes(0, 5) + b"no json\n" + minutes(5, 1)[:70])  # the last line is not whole yet
    come(lambda: dead.exists() and dead.stat().st_size > 0)
    come(lambda: bool(out.stat().st_size and counts.stat().st_size))
    assert out.read_bytes().endswith(b"\n")
    before = len(records(out))
    write(minutes(5, 1)[70:])
    come(lambda: len(records(out)) > before)
    live = records(out)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert records(out)[: len(live)] == live


def test_an_empty_pipe_is_told_as_an_empty_file_is(upswell: Upswell) -> None:
    code, out, err = upswell("replay", "-")
    assert (code, numbers(out)["read"]) == (1, 0)
    assert "standard input holds no record" in err


def test_retimed_posts_end_now_and_keep_their_minutes(archive: Path, upswell: Upswell) -> None:
    before_ms = time.time_ns() // 1_000_000
    assert upswell("replay", archive, "--retime", "now", "--counts", "panes").code == 0
    after_ms = time.time_ns() // 1_000_000
    assert upswell("replay", archive, "--counts", "plain").code == 0
    shifted, plain = records("panes"), records("plain")
    moves = {new["pane"] - old["pane"] for new, old in zip(shifted, plain, strict=True)}
    assert len(moves) == 1
    assert moves.pop() % 60_000 == 0
    assert before_ms - 70_000 <= shifted[-1]["pane"] <= after_ms


def test_a_table_is_read_with_the_columns_it_has(upswell: Upswell) -> None:
    rows = ["tweet,user,when,nr", "hello #a,ann,2026-01-01T10:00:00Z,1", "hello #b,bob,2026-01-01T10:00:01Z,2"]
    Path("posts.csv").write_text("\n".join(rows))
    columns = "text=tweet,author=user,time=when,id=nr"
    code, _, err = upswell("replay", "posts.csv", "--columns", columns, "--counts", "panes")
    assert (code, err) == (0, "")
    assert {row["topic"] for row in records("panes")} == {"#a", "#b"}


def test_a_table_without_the_columns_named_is_wrong_use(upswell: Upswell) -> None:
    Path("posts.csv").write_text("tweet,user\nhello,ann\n")
    code, out, err = upswell("replay", "posts.csv", "--format", "csv")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_an_output_never_overwrites_an_input(archive: Path, upswell: Upswell) -> None:
    before = archive.read_bytes()
    code, _, err = upswell("replay", archive.parent, "--out", archive)
    assert code == 2
    assert "would overwrite" in err
    assert archive.read_bytes() == before


def test_the_strongest_trends_of_the_run_are_told_with_their_best_moment(upswell: Upswell) -> None:
    steady = [post(n, START_MS + n * 60_000, f"again #daily{n % 3}", author=f"p{n % 7}") for n in range(7 * 60)]
    words = [f"{first}{last} words #Boom" for first in "abcdefgh" for last in "klmno"]
    burst = [post(1_000 + n, START_MS + 5 * HOUR_MS + n * 5_000, text) for n, text in enumerate(words)]
    stdin = lines_of(sorted(steady + burst, key=lambda it: it["time"]))
    code, out, _ = upswell("replay", "-", "--window", "5m", "--top", 1, stdin=stdin)
    assert code == 0
    _, _, told = out.partition("strongest of the whole replay")
    assert re.search(
        r"^ 1 #Boom +2023-11-15 03:1\d +\d+  \d+ people in the last (minute|5 min), where ", told, re.MULTILINE
    )


def test_what_is_told_is_the_same_whether_a_file_takes_all_lists_or_not(upswell: Upswell) -> None:
    steady = [post(n, START_MS + n * HOUR_MS // 3, f"again #daily{n % 2}", author=f"p{n % 7}") for n in range(3 * 72)]
    words = [f"{first}{last} words #Boom" for first in "abcdefgh" for last in "klmno"]
    burst = [post(1_000 + n, START_MS + 30 * HOUR_MS + n * 5_000, text) for n, text in enumerate(words)]
    Path("days").write_bytes(lines_of(sorted(steady + burst, key=lambda it: it["time"])))
    told = [upswell("replay", "days", *more).out for more in ((), ("--out", "lists"))]
    brief, whole = (re.sub(r"in [\d.]+ s \([\d,]+ a second\)", "", each) for each in told)
    assert brief == whole
    assert " 1 #Boom " in brief
    assert numbers(brief)["counted"] == len(steady) + len(burst)


def test_an_input_that_ends_in_silence_says_so(upswell: Upswell) -> None:
    spoken = [post(n, START_MS + n, f"{'xyz'[n]} #a") for n in range(3)]
    stdin = lines_of([*spoken, post(9, START_MS + 2 * HOUR_MS, "-")])
    code, out, _ = upswell("replay", "-", stdin=stdin)
    assert code == 0
    assert "nothing was talked about any more" in out


@pytest.mark.parametrize("times", [[], [0], [0, 5, 60, 61, 130], [0, 200, 10, 400], [100, 0]])
def test_runs_of_posts_keep_every_post_in_its_place(times: list[int]) -> None:
    posts = [decode_post(json.dumps(post(n, START_MS + at * 1_000, "")).encode()) for n, at in enumerate(times)]
    assert [it for run in by_span(posts, 60_000) for it in run] == posts
    assert all(run for run in by_span(posts, 60_000))


def test_what_posts_say_cannot_command_the_terminal(upswell: Upswell) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    posts = [{**post(n, START_MS + n * 1_000, f"x{evil} #t{evil} {evil}#u"), "source": evil} for n in range(9)]
    posts.append({**post(99, START_MS - HOUR_MS, "late", author="a1"), "source": f"{evil}late"})
    code, out, err = upswell("replay", "-", stdin=lines_of(posts) + evil.encode())
    assert code == 0
    assert not set(out + err) & set("\x1b\x07\u202e\r")


def test_what_a_folder_holds_that_is_no_file_is_told_in_a_line_and_the_rest_is_read(
    upswell: Callable[..., Any], archive: Path
) -> None:
    folder = archive.parent / "folder"
    folder.mkdir()
    archive.rename(folder / "posts.ndjson")
    os.mkfifo(folder / "a.json")
    (folder / "b.csv").symlink_to("/dev/zero")
    (folder / "c.json").symlink_to(folder / "nowhere")
    code, out, err = upswell("replay", folder)
    assert code == 0
    assert [line.rpartition("/")[2] for line in err.splitlines()] == [
        "a.json is a pipe, which may never end: name it by itself; it is left out",
        "b.csv is no file; it is left out",
        "c.json leads nowhere (No such file or directory); it is left out",
    ]
    assert "counted             100" in out


def test_explain_shows_what_is_read_from_where(upswell: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Date,Time,Who,Said\n2024-05-01,02:40 PM,ana,hello #World\n")
    code, out, _ = upswell("replay", path, "--explain", "--columns", "author=Who,text=Said", "--zone", "Europe/Paris")
    assert code == 0
    assert "author=Who, text=Said, time=Date, time of day=Time" in out
    assert "time 2024-05-01 12:40:00 UTC; author ana;" in out
    assert "topics #World" in out


def test_explain_says_what_to_do_about_a_file_whose_times_are_ambiguous(
    upswell: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("date;auteur;texte\n" + "07/06/2023 08:09;ana;hello #World\n" * 20)
    _, out, _ = upswell("replay", path, "--explain")
    assert out.count("is ambiguous") == 5
    assert "--time-format '%d/%m/%Y %H:%M'" in out


def test_explain_names_the_format_of_what_stands_in_other_records(upswell: Callable[..., Any], tmp_path: Path) -> None:
    toot = Path(__file__).parents[1] / "archives/cases/envelope/mastodon-web-socket/input.ndjson"
    frame = toot.read_text().splitlines()[0]
    for name, text in (
        ("docker.json", json.dumps({"log": frame, "stream": "stdout", "time": "2024-05-01T10:40:00Z"})),
        ("fluentd.log", f"2024-05-01T10:40:00+00:00\ttoots\t{frame}"),
    ):
        path = tmp_path / name
        path.write_text(text + "\n")
        _, out, _ = upswell("replay", path, "--explain")
        assert "mastodon-stream, with more around it, one a line" in out
