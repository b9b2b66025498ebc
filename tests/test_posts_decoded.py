"""Records decoded together give what each gives alone, however they are made to be taken for one another."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas import MAX_RECORD_BYTES, Post, PostError, decode_post, decode_posts


def record(**fields: object) -> bytes:
    return msgspec.json.encode({"id": "1", "author": "ann", "text": "bonjour #été", "time": 1_000} | fields)


POST = record()
HOSTILE = [
    b"",
    b" ",
    b"0",
    b"0 0",
    b"null",
    POST + b"\n0 0\n" + POST,
    POST + b" " + POST,
    POST + b"\n" + POST,
    b"\n" + POST + b"\r\n",
    POST + b"\n0 0",
    b"0 0\n" + POST,
    b'{"id":"1","author":"ann","text":"',
    b'","time":1}',
    b'{"x":[1,',
    b',2],"id":"1","author":"ann","text":"","time":1}',
    POST[:-1],
    b',"lang":"fr"}',
    b"[" + POST,
    POST + b"]",
    b"\xff",
    record(id=""),
    record(id="a\nb"),
    record(author="a\x7fb"),
    record(text="a\\b\n"),
    record(time=-1),
    record(time=1 << 60),
    record(time="2010-02-03T09:30:00+01:00"),
    record(time="yesterday"),
    record(created="2010-02-03T09:30:00+01:00"),
    record(created=-1),
    record(tags=["a", 1]),
    b" " * MAX_RECORD_BYTES + POST,
]


def alone(value: bytes) -> Post | tuple[str, str]:
    try:
        return decode_post(value)
    except PostError as fault:
        return fault.reason, fault.detail


@given(st.lists(st.one_of(st.just(POST), st.sampled_from(HOSTILE), st.binary(max_size=6)), max_size=12))
def test_each_record_is_what_it_is_alone(records: list[bytes]) -> None:
    together = [it if isinstance(it, Post) else (it.reason, it.detail) for it in decode_posts(records)]
    assert together == [alone(value) for value in records]


def test_a_thousand_posts_with_a_fault_among_them() -> None:
    records = [record(id=str(number)) for number in range(1_000)]
    records[600] = b'{"id":'
    read = decode_posts(records)
    assert [it.id if isinstance(it, Post) else it.reason for it in read] == [
        "not-json" if number == 600 else str(number) for number in range(1_000)
    ]
