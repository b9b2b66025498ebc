"""What networks tell of posts that are gone, read from archives: the archive's own posts say what is withdrawn."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.local import Local
from pipeline.sources.archives import deletions
from pipeline.sources.archives.read import read_archives
from schemas import Post, TrendList

BEGIN_MS = 1_686_125_340_000
PEOPLE = 9


def event(number: int, at_ms: int, **commit: Any) -> dict[str, Any]:
    told = {"collection": "app.bsky.feed.post", "rkey": f"k{number}", **commit}
    return {"did": f"did:plc:p{number % PEOPLE}", "time_us": at_ms * 1_000, "kind": "commit", "commit": told}


def id_of(number: int) -> str:
    return f"at://did:plc:p{number % PEOPLE}/app.bsky.feed.post/k{number}"


def created(number: int, at_ms: int) -> dict[str, Any]:
    when = dt.datetime.fromtimestamp(at_ms / 1_000, dt.UTC).isoformat()
    text = f"{'abcdefghij'[number % 10] * 3} #quay"
    return event(number, at_ms, operation="create", record={"text": text, "createdAt": when})


def stream(seed: int, posts: int = 60) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Events in order of their times, a post a second, and when each post that is gone went (ms), by id."""
    chance = random.Random(seed)
    events = [(BEGIN_MS + number * 1_000, created(number, BEGIN_MS + number * 1_000)) for number in range(posts)]
    gone: dict[str, int] = {}
    for number in chance.sample(range(posts), posts // 5):
        when = BEGIN_MS + number * 1_000 + chance.randrange(1, 100_000)
        gone[id_of(number)] = when
        events.append((when, event(number, when, operation="delete")))
    return [told for _, told in sorted(events, key=lambda item: item[0])], gone


def written(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(told).encode() + b"\n" for told in events)


def read(*paths: Path | str, stdin: bytes = b"") -> tuple[list[Post], int]:
    """All posts and retractions, and how many records were skipped."""
    posts: list[Post] = []
    skipped = 0
    for batch in read_archives([str(path) for path in paths], stdin=io.BytesIO(stdin)):
        assert not batch.dead
        assert batch.out_of_order == 0
        posts += batch.posts
        skipped += batch.skipped
    return posts, skipped


def withdrawn(posts: list[Post]) -> dict[str, int]:
    return {post.id: int(post.deleted) for post in posts if post.deleted is not None}


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_over_any_files_the_same_is_withdrawn(seed: int, tmp_path: Path) -> None:
    events, gone = stream(seed)
    (tmp_path / "straight.ndjson").write_bytes(written(events))
    straight, _ = read(tmp_path / "straight.ndjson")
    random.Random(seed).shuffle(events)
    files = [tmp_path / f"{number}.ndjson" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(written(events[number::3]))
    posts, skipped = read(*files)
    assert (withdrawn(posts), skipped) == (gone, 0)
    assert posts == straight
    before: set[str] = set()
    for post in posts:  # each retraction says all that its post said, and stands behind it
        if post.deleted is None:
            before.add(post.id)
        else:
            assert post.id in before
            assert post.text.endswith("#quay")


@pytest.mark.parametrize("seed", range(4))
def test_through_a_pipe_the_same_is_withdrawn(seed: int) -> None:
    events, gone = stream(seed)
    posts, skipped = read("-", stdin=written(events))
    assert (withdrawn(posts), skipped) == (gone, 0)


def test_lists_are_those_of_posts_that_say_themselves_when_they_were_withdrawn(tmp_path: Path) -> None:
    events, gone = stream(7, posts=400)
    (tmp_path / "jetstream.ndjson").write_bytes(written(events))
    posts, _ = read(tmp_path / "jetstream.ndjson")
    plain = [post for post in posts if post.deleted is None]
    lines = [json.dumps(line_of(post)) for post in plain]
    lines += [json.dumps({**line_of(post), "deleted": gone[post.id]}) for post in plain if post.id in gone]
    (tmp_path / "canonical.ndjson").write_text("\n".join(lines))
    told = lists(posts)
    assert told == lists(read(tmp_path / "canonical.ndjson")[0])
    assert any(row.withdrawn for each in told for row in each.trends)


def line_of(post: Post) -> dict[str, Any]:
    return {"id": post.id, "author": post.author, "text": post.text, "time": post.time, "source": "bluesky"}


def lists(posts: list[Post]) -> list[TrendList]:
    found: list[TrendList] = []
    local = Local(on_list=found.append)
    local.feed(posts)
    local.finish()
    return found


def test_the_end_of_an_account_withdraws_what_it_had_posted_by_then(tmp_path: Path) -> None:
    end_ms = BEGIN_MS + 30_000
    events = [created(number, BEGIN_MS + number * 1_000) for number in range(60)]
    end = {"did": "did:plc:p4", "time_us": end_ms * 1_000, "kind": "account", "account": {"active": False}}
    expected = {id_of(number): end_ms for number in range(4, 31, PEOPLE)}
    (tmp_path / "account.ndjson").write_bytes(written([end, *events]))
    assert withdrawn(read(tmp_path / "account.ndjson")[0]) == expected
    assert withdrawn(read("-", stdin=written([*events, end]))[0]) == expected


def test_a_notice_of_nothing_is_skipped(tmp_path: Path) -> None:
    unknown = [created(1, BEGIN_MS), event(2, BEGIN_MS, operation="delete")]
    (tmp_path / "unknown.ndjson").write_bytes(written(unknown))
    for posts, skipped in (read(tmp_path / "unknown.ndjson"), read("-", stdin=written(unknown))):
        assert (len(posts), skipped) == (1, 1)


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [created(number, BEGIN_MS + number * 1_000) for number in range(20)]
    notices = [event(number, BEGIN_MS + 60_000, operation="delete") for number in range(20)]
    monkeypatch.setattr(deletions, "MAX_POSTS", 5)
    monkeypatch.setattr(deletions, "MAX_NAMES", 8)
    (tmp_path / "many.ndjson").write_bytes(written([*events, *notices]))
    for posts, skipped, known in (
        (*read(tmp_path / "many.ndjson"), 8),
        (*read("-", stdin=written([*events, *notices])), 5),
    ):
        assert withdrawn(posts).keys() == {id_of(number) for number in range(20 - known, 20)}
        assert skipped == 20 - known


def test_a_server_that_names_its_statuses_alone_is_asked_within_its_file(tmp_path: Path) -> None:
    """Two servers call two statuses by one number: a deletion means that of its own file."""
    for host in ("one", "two"):
        status = {
            "id": "110",
            "uri": f"https://{host}.example/users/ana/statuses/9",
            "created_at": "2023-06-07T08:09:00Z",
            "account": {"acct": "ana", "url": f"https://{host}.example/@ana"},
            "content": "<p>amber #quay</p>",
        }
        frames = [{"event": "update", "payload": json.dumps(status)}]
        frames += [{"event": "delete", "payload": "110"}] if host == "two" else []
        (tmp_path / f"{host}.ndjson").write_bytes(written(frames))
    posts, skipped = read(tmp_path / "one.ndjson", tmp_path / "two.ndjson")
    assert list(withdrawn(posts)) == ["https://two.example/users/ana/statuses/9"]
    assert skipped == 0


CASES = Path(__file__).parent / "cases" / "deleted"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_a_pipe_remembers_the_posts_of_every_network_that_tells_deletions(case: Path) -> None:
    (source,) = case.glob("input*")
    posts, _ = read("-", stdin=source.read_bytes())
    assert {post.source for post in posts if post.deleted is not None} == {post.source for post in posts}


@pytest.mark.parametrize("name", ["jetstream", "misskey-stream", "nostr-several-and-by-others"])
@pytest.mark.parametrize("seed", range(3))
def test_notices_find_their_posts_whatever_the_order_of_a_file(name: str, seed: int, tmp_path: Path) -> None:
    """Also where a notice calls its post by another name, and that has several versions."""
    (source,) = (CASES / name).glob("input*")
    lines = source.read_bytes().splitlines(keepends=True)
    random.Random(seed).shuffle(lines)
    (tmp_path / "shuffled.ndjson").write_bytes(b"".join(lines))
    assert withdrawn(read(tmp_path / "shuffled.ndjson")[0]) == withdrawn(read(source)[0]) != {}


@pytest.mark.parametrize("seed", range(4))
def test_of_several_notices_the_first_counts_and_nobody_withdraws_for_others(seed: int, tmp_path: Path) -> None:
    """Two times of one deletion, an account that went and came back, and somebody else's word, in any order."""
    notes = [note(number, BEGIN_MS + number * 1_000) for number in range(6)]
    gone = [
        note(100 + at, BEGIN_MS + at * 1_000, kind=5, author=author, tags=[["e", f"{number:064x}"]])
        for at, author, number in ((30, 1, 1), (20, 1, 1), (10, 4, 3), (40, 0, 0), (50, 2, 5))
    ]
    events = [created(number, BEGIN_MS + number * 1_000) for number in range(0, 60, PEOPLE)]
    ends = [
        {
            "did": "did:plc:p0",
            "time_us": (BEGIN_MS + at * 1_000) * 1_000,
            "kind": "account",
            "account": {"active": False},
        }
        for at in (50, 20)
    ]
    everything = [*notes, *gone, *events, *ends]
    random.Random(seed).shuffle(everything)
    (tmp_path / "shuffled.ndjson").write_bytes(written(everything))
    posts, skipped = read(tmp_path / "shuffled.ndjson")
    by_time = {f"{1:064x}": BEGIN_MS + 20_000, f"{0:064x}": BEGIN_MS + 40_000}
    by_time |= {id_of(number): BEGIN_MS + (20_000 if number <= 20 else 50_000) for number in range(0, 51, PEOPLE)}
    assert (withdrawn(posts), skipped) == (by_time, 4)


def note(number: int, at_ms: int, *, kind: int = 1, author: int | None = None, tags: Any = ()) -> dict[str, Any]:
    """An event of Nostr."""
    key = f"{1_000 + (number if author is None else author):064x}"
    told = {"id": f"{number:064x}", "pubkey": key, "created_at": at_ms // 1_000, "kind": kind, "tags": list(tags)}
    return {**told, "content": "amber #quay" if kind == 1 else "", "sig": "aa"}
