"""Where people are from: servers and bots, among a topic's people and among the stream's, from plain posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from xxhash import xxh64_intdigest as xxh64

from .counting import HOUR_MS, Counted
from .people import K, Mention, Sample
from .posts import Said, origin_of


def largest(told: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Of (author, origin) the largest by author, where something is known."""
    found: dict[int, int] = {}
    for author, origin in told:
        if origin:
            found[author] = max(origin, found.get(author, 0))
    return found


class Hours:
    """The shares of servers in each hour of a stream."""

    def __init__(self, counted: Counted) -> None:
        by_hour: dict[int, list[Said]] = {}
        for said in counted.posts:
            by_hour.setdefault(said.time // HOUR_MS * HOUR_MS, []).append(said)
        self.shares = {hour: shares_of(posts) for hour, posts in by_hour.items()}

    def usual(self, server: int, bucket: int) -> float | None:
        """The lower median of a server's share in the 24 hours before a bucket, of those that tell."""
        hours = (self.shares.get(bucket - back * HOUR_MS) for back in range(1, 25))
        told = sorted(shares.get(server, 0.0) for shares in hours if shares)
        return told[(len(told) - 1) // 2] if told else None


def shares_of(posts: Sequence[Said]) -> dict[int, float]:
    """Server -> share of the people who have one; nothing where these are less than 20."""
    people = largest((xxh64(said.author.encode()), origin_of(said)) for said in posts)
    servers = Counter(people[author] // 2 for author in sorted(people)[:K] if people[author] > 1)
    return {server: n / servers.total() for server, n in servers.items()} if servers.total() >= 20 else {}


def origins_of(mentions: Iterable[Mention], people: Sample, hours: Hours, bucket: int) -> dict[str, Any] | None:
    """What a row tells of these people, who are in these mentions, withdrawn or not."""
    known = largest((mention.author, mention.origin) for mention in mentions)
    known = {author: origin for author, origin in known.items() if author in people.texts}
    if not known:
        return None
    servers = Counter(origin // 2 for origin in known.values() if origin > 1)
    server, most = min(servers.items(), key=lambda each: (-each[1], each[0])) if servers else (0, 0)
    usual = hours.usual(server, bucket) if servers else None
    m = len(people.texts)
    return {
        "people": m,
        "one_server": round(most / m, 4),
        "usual": None if usual is None else round(usual, 4),
        "bots": round(sum(origin % 2 for origin in known.values()) / m, 4),
    }


def flags_of(told: dict[str, Any] | None) -> list[str]:
    """What is remarkable."""
    found: list[str] = []
    if told is None:
        return found
    share, usual, m = told["one_server"], told["usual"], told["people"]
    if usual is not None and m >= 5 and share >= 0.75 and share > (1 + usual) / 2 and usual ** round(share * m) < 0.05:
        found.append("one_server")
    if told["bots"] > 0.5:
        found.append("bots")
    return found
