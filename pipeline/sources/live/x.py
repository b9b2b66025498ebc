"""X's filtered stream (API v2): posts that fit one of our rules, a JSON object a line."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import httpx
import msgspec

from pipeline.sources.archives.formats import tweets2
from pipeline.sources.lenient import read_json
from pipeline.sources.live.model import AccessError, Cursor, Fact, Item, SourceError
from pipeline.sources.live.web import get_json, http_client, lines_of, refusal
from schemas import Post, PostError

SILENCE_S = 45.0  # an empty line comes every 20 s
_FIELDS = {
    "tweet.fields": "created_at,lang,entities,referenced_tweets,attachments,note_tweet",
    "expansions": "author_id,referenced_tweets.id,attachments.media_keys",
    "user.fields": "username,name,profile_image_url",
    "media.fields": "url,preview_image_url,type,alt_text",
}


class _Rule(msgspec.Struct):
    value: str = ""
    tag: str = ""
    id: str | int = ""


class _Rules(msgspec.Struct):
    data: list[_Rule] = msgspec.field(default_factory=list)


class _Error(msgspec.Struct):
    title: str = ""
    detail: str = ""


class _Line(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    matching_rules: list[_Rule] | None = None
    errors: list[_Error] | None = None


_rules = msgspec.json.Decoder(_Rules)
_line = msgspec.json.Decoder(_Line)


class X:
    """One token's stream. X has no cursor: what it publishes while we are away is missed.

    Our rules there carry the tag `upswell NAME`; those of others are left alone, and what fits only them is left out.
    """

    source = "twitter"
    silence_s = SILENCE_S

    def __init__(
        self,
        name: str,
        token: str,
        rules: Sequence[str],
        *,
        api: str = "https://api.x.com",
        max_age_s: float = 3_600.0,
        contact: str = "",
    ) -> None:
        self.name, self.max_age_s = name, max_age_s
        self._token, self._contact, self._stream = token, contact, f"{api.rstrip('/')}/2/tweets/search/stream"
        self._wanted, self._tag = set(rules), f"upswell {name}"

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:  # noqa: ARG002 - X has none
        """Posts that fit our rules, and keep-alives."""
        async with http_client(self._contact, self._token, SILENCE_S) as client:
            await self._set_rules(client)
            async with client.stream("GET", self._stream, params=_FIELDS) as response:
                if not response.is_success:
                    raise refusal(response.status_code, response.headers, response.url.host)
                yield Item()
                async for line in lines_of(response):
                    yield self._item(line)

    async def probe(self) -> list[Fact]:
        """Which rules are in force there."""
        async with http_client(self._contact, self._token) as client:
            there = _rules.decode(await get_json(client, f"{self._stream}/rules")).data
            ours = sum(rule.tag == self._tag for rule in there)
            return [Fact("rules", {"n": len(there), "ours": ours}), Fact("paid")]

    async def _set_rules(self, client: httpx.AsyncClient) -> None:
        url = f"{self._stream}/rules"
        there = [rule for rule in _rules.decode(await get_json(client, url)).data if rule.tag == self._tag]
        added = self._wanted - {rule.value for rule in there}
        if added:
            await self._post(client, url, {"add": [{"value": value, "tag": self._tag} for value in sorted(added)]})
        if gone := [rule.id for rule in there if rule.value not in self._wanted]:
            await self._post(client, url, {"delete": {"ids": gone}})

    async def _post(self, client: httpx.AsyncClient, url: str, body: object) -> None:
        response = await client.post(url, json=body)
        if response.status_code == 400:
            raise AccessError(Fact("fault.rule", {"text": response.text[:300]}))
        if not response.is_success:
            raise refusal(response.status_code, response.headers, response.url.host)

    def _item(self, line: bytes) -> Item:
        if not line.strip():
            return Item()
        try:
            told = read_json(_line, line)
        except PostError as error:
            return Item(error)
        if told.errors and not bytes(told.data):
            fault = told.errors[0]
            why = fault.title or fault.detail or ""
            raise SourceError(Fact("fault.x_ended", {"told": bool(why), "why": why}))
        if not any(rule.tag == self._tag for rule in told.matching_rules or ()):
            return Item()
        try:
            post = tweets2.parse(line)
        except PostError as error:
            return Item(error)
        return Item(post) if isinstance(post, Post) else Item()
