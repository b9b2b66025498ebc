"""Nostr relays and X's filtered stream, spoken by local servers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pipeline.sources.archives.formats.nostr import Event
from pipeline.sources.live.model import Fact
from pipeline.sources.live.nostr import Nostr, id_of
from pipeline.sources.live.x import X
from tests.sources.harness import Log, running
from tests.sources.servers import Request, cut, forever, http_server, socket_server

ANN, BOB = "a" * 64, "b" * 64
NOW = int(time.time())


def event(content: str, *, kind: int = 1, author: str = ANN, tags: list[list[str]] | None = None) -> dict[str, Any]:
    one = Event("", author, NOW, kind, content, tags if tags is not None else [["t", "tag"]])
    one.id = id_of(one)
    return {name: getattr(one, name) for name in one.__struct_fields__} | {"sig": "0" * 128}


def test_an_id_is_that_of_the_specification() -> None:
    """A note of the network: its id is known."""
    known = Event(
        "4376c65d2f232afbe9b882a35baa4f6fe8667c4e684749af565f981833ed6a65",
        "6e468422dfb74a5738702a8823b9b28168abab8655faacb6853cd0ee15deee93",
        1673347337,
        1,
        "Walled gardens became prisons, and nostr is the first step towards tearing down the prison walls.",
        [
            ["e", "3da979448d9ba263864c4d6f14984c423a3838364ec255f03c7904b1ae77f206"],
            ["p", "bf2376e17ba4ec269d10fcc996a4746b451152be9031fa48e74553dde5526bce"],
        ],
    )
    assert id_of(known) == known.id


def test_notes_come_once_forged_ones_never_and_only_their_author_withdraws_them(tmp_path: Path) -> None:
    async def body() -> None:
        first, second = event("one"), event('two "quoted"\n#tag é')
        forged = event("three") | {"content": "something else"}
        told: list[object] = [
            ["NOTICE", "hello"],
            ["EVENT", "upswell", first],
            ["EVENT", "upswell", first],
            ["EVENT", "upswell", forged],
            ["EOSE", "upswell"],
            ["EVENT", "upswell", second],
            ["EVENT", "upswell", event("", kind=5, author=BOB, tags=[["e", second["id"]]])],
            ["EVENT", "upswell", event("", kind=5, tags=[["e", first["id"]], ["e", "x"], ["a", "1:b:c"]])],
            ["EVENT", "upswell", {"id": 1}],
            [],
            "what",
        ]
        asked: list[Any] = []

        async def relay(connection: ServerConnection) -> None:
            asked.append(json.loads(await connection.recv()))
            for one in told:
                await connection.send(json.dumps(one))
            await forever()

        log = Log()
        async with socket_server(relay) as server:
            adapter = Nostr("it", server.url, ["#Tag"])
            async with running(tmp_path, adapter, log) as run:
                await run.until(lambda: run.outcome("dead") == 4)
                assert (run.outcome("duplicate"), run.outcome("withdrawn")) == (1, 1)
                assert run.outcome("withdrawal-unknown") == 1
        kind, _, notes, deletions = asked[0]
        assert (kind, notes["kinds"], notes["#t"], deletions["kinds"]) == ("REQ", [1], ["tag"], [5])
        assert notes["since"] <= time.time()
        left = log.posts[-1]  # the first went as soon as it came
        assert (left.text, left.author, left.tags) == ('two "quoted"\n#tag é', ANN, ["#tag"])

    asyncio.run(body())


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("rate-limited: slow down", "throttled"), ("auth-required: x", "refused"), ("error: no database", "broken")],
)
def test_a_subscription_that_a_relay_ends_is_told(tmp_path: Path, reason: str, kind: str) -> None:
    async def body() -> None:
        async def relay(connection: ServerConnection) -> None:
            await connection.recv()
            await connection.send(json.dumps(["CLOSED", "upswell", reason]))
            await forever()

        async with socket_server(relay) as server, running(tmp_path, Nostr("it", server.url, ["a"]), Log()) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind=kind) >= 1)

    asyncio.run(body())


def test_two_relays_give_a_note_once_and_a_cut_loses_none(tmp_path: Path) -> None:
    async def body() -> None:
        notes = [event(f"note {number}") for number in range(4)]

        async def relay(connection: ServerConnection) -> None:
            await connection.recv()
            for one in notes[:2]:
                await connection.send(json.dumps(["EVENT", "upswell", one]))
            await asyncio.sleep(0.02)
            cut(connection)

        async def sound(connection: ServerConnection) -> None:
            await connection.recv()
            for one in notes:
                await connection.send(json.dumps(["EVENT", "upswell", one]))
            await forever()

        log = Log()
        async with socket_server(relay) as one, socket_server(sound) as two:
            adapters = [Nostr("it", one.url, ["tag"]), Nostr("other", two.url, ["tag"])]
            async with running(tmp_path, adapters, log) as run:
                await run.until(lambda: len(log.posts) == 4 and len(one.handshakes) >= 3)
        assert sorted(log.texts) == [f"note {number}" for number in range(4)]

    asyncio.run(body())


class XServer:
    """Rules, and a stream."""

    def __init__(self, stream: Callable[[Request], Awaitable[None]]) -> None:
        self.rules: list[dict[str, str]] = [{"id": "9", "value": "theirs", "tag": "somebody else's"}]
        self.stream = stream

    async def handle(self, request: Request) -> None:
        if request.path == "/2/tweets/search/stream":
            await self.stream(request)
        elif request.method == "GET":
            await request.answer(json.dumps({"data": self.rules, "meta": {"sent": "x"}}))
        else:
            told = json.loads(request.body)
            if any("nonsense" in rule["value"] for rule in told.get("add", ())):
                await request.answer(json.dumps({"title": "Invalid Request", "detail": "nonsense"}), 400)
                return
            for rule in told.get("add", ()):
                self.rules.append(rule | {"id": str(len(self.rules))})
            gone = told.get("delete", {}).get("ids", ())
            self.rules = [rule for rule in self.rules if rule["id"] not in gone]
            await request.answer("{}", 201)


def line(number: int, tag: str = "upswell it") -> bytes:
    created = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    data = {"id": str(number), "text": f"post {number} #tag", "created_at": created, "author_id": "5"}
    users = [{"id": "5", "username": "ann", "name": "Ann"}]
    whole = {"data": data, "includes": {"users": users}, "matching_rules": [{"id": "1", "tag": tag}]}
    return json.dumps(whole).encode() + b"\r\n"


def test_posts_that_fit_our_rules_come_once_through_keep_alives_cuts_and_errors(tmp_path: Path) -> None:
    async def body() -> None:
        lives = 0

        async def stream(request: Request) -> None:
            nonlocal lives
            lives += 1
            if lives == 3:
                await request.answer(b'{"title":"ConnectionException"}', 429, x_rate_limit_reset=str(int(time.time())))
                return
            await request.begin("application/json")
            await request.chunk(b"\r\n")
            await request.chunk(line(1) + b"\r\n" + line(8, "somebody else's"))
            whole = line(lives + 1)
            await request.chunk(whole[:40])
            if lives == 1:
                return  # cut in the middle of a line
            await request.chunk(whole[40:])
            if lives == 2:
                await request.chunk(b'{"errors":[{"title":"operational-disconnect","detail":"x"}]}\r\n')
            await forever()

        server = XServer(stream)
        log = Log()
        async with http_server(server.handle) as http:
            adapter = X("it", "secret", ["#tag -is:retweet"], api=http.url)
            async with running(tmp_path, adapter, log) as run:
                await run.until(lambda: "5" in log.ids)
                assert run.value("faults_total", name="it", kind="throttled") == 1
                assert "operational-disconnect" in " ".join(run.said)
                assert "secret" not in " ".join(run.said)
            assert sorted(log.ids) == ["1", "3", "5"]
            assert (log.posts[0].author, log.posts[0].source) == ("ann", "twitter")
            ours = [rule["value"] for rule in server.rules if rule["tag"] == "upswell it"]
            assert ours == ["#tag -is:retweet"]
            assert {"id": "9", "value": "theirs", "tag": "somebody else's"} in server.rules
            assert http.requests[0].headers["authorization"] == "Bearer secret"
            changed = X("it", "secret", ["#other"], api=http.url)
            assert Fact("rules", {"n": 3, "ours": 2}) not in await changed.probe()
            await anext(changed.read(None))
            assert [rule["value"] for rule in server.rules if rule["tag"] == "upswell it"] == ["#other"]

    asyncio.run(body())


@pytest.mark.parametrize(("rule", "said"), [("nonsense (", "does not take a rule"), ("#tag", "look at the token")])
def test_a_rule_or_token_that_is_refused_is_told(tmp_path: Path, rule: str, said: str) -> None:
    async def body() -> None:
        server = XServer(lambda request: request.answer(b"{}", 401))
        async with (
            http_server(server.handle) as http,
            running(tmp_path, X("it", "secret", [rule], api=http.url), Log()) as run,
        ):
            await run.until(lambda: run.value("faults_total", name="it", kind="refused") == 1)
            assert said in run.said[-1]

    asyncio.run(body())
