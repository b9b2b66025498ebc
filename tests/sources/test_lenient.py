"""Records of every network that are wrong in a character, or altogether: each costs itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from pipeline.sources.lenient import read_json, whole_characters
from pipeline.sources.live import jetstream_frames, mastodon_api, nostr, x
from schemas import Post, PostError

POST = '{"did":"did:plc:a","time_us":5,"kind":"commit","commit":{"operation":"create","collection":"c","record":%s}}'
STATUS = (
    '{"id":7,"uri":"https://a.example/7","content":%s,"account":{"acct":"ann"},"created_at":"2026-11-28T10:00:00Z"}'
)
READERS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "bluesky v1": (POST, jetstream_frames.event_of_v1),
    "bluesky v2": ('{"payload":{"$type":"x#commit","record":%s}}', jetstream_frames.event_of_v2),
    "nostr": ('["EVENT","upswell",%s]', nostr.Nostr("it", "wss://a.example", ["a"])._event),
    "nostr, whatever": ('["NOTICE",%s]', nostr.Nostr("it", "wss://a.example", ["a"])._event),
    "x": ('{"data":%s,"matching_rules":[{"id":7,"tag":"upswell it"}]}', x.X("it", "", [])._item),
    "mastodon": (STATUS, lambda raw: mastodon_api.item_of("a.example", "update", raw, 0).content),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "wrong", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '"\ud83d', "1e999", '"\x00"', '"\\ud83d"', "\x00", "{}"]
)
def test_a_record_that_is_wrong_is_one_fault_and_no_other(name: str, wrong: str) -> None:
    frame, read = READERS[name]
    for raw in (frame % wrong).encode(errors="surrogatepass"), wrong.encode(errors="surrogatepass"):
        with suppress(PostError):
            read(raw)


@pytest.mark.parametrize("name", ["bluesky v1", "bluesky v2", "x", "mastodon"])
def test_half_a_character_and_a_byte_order_mark_cost_nothing_else(name: str) -> None:
    frame, read = READERS[name]
    found = read(b"\xef\xbb\xbf" + (frame % '"half \\ud83d"').encode())
    assert not isinstance(found, PostError)
    if name == "mastodon":
        assert isinstance(found, Post)
        assert (found.id, found.text) == ("https://a.example/7", "half \ufffd")


def test_only_halves_are_replaced() -> None:
    for sound in (rb'"\ud83d\ude00"', rb'"\\ud83d"', rb'"\u00e9\n"', b'"\xf0\x9f\x98\x80"', b""):
        assert whole_characters(sound) == sound
    assert whole_characters(rb'"\\\ud83d\ud83d\ude00\udE00"') == rb'"\\\ufffd\ud83d\ude00\ufffd"'
    with pytest.raises(PostError):
        read_json(mastodon_api._named, b"")
