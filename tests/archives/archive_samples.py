"""Made-up records in every format, and a reading of them in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.sources.archives.batches import Dead
from pipeline.sources.archives.read import read_archives
from schemas import Post

NOON = 1_398_945_600_000  # 2014-05-01T12:00:00Z


def post(number: int = 0, time: int | str = NOON, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "author": f"a{number}", "text": f"hello #n{number}", "time": time, **more}


def line(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def lines(*records: Any) -> bytes:
    return b"".join(record if isinstance(record, bytes) else line(record) for record in records)


class Reading:
    """All that came out of archives."""

    def __init__(self, *paths: Path | str, **options: Any) -> None:
        self.batches = list(read_archives([str(path) for path in paths], **options))
        self.posts: list[Post] = [post for batch in self.batches for post in batch.posts]
        self.dead: list[Dead] = [dead for batch in self.batches for dead in batch.dead]
        self.skipped = sum(batch.skipped for batch in self.batches)
        self.out_of_order = sum(batch.out_of_order for batch in self.batches)

    @property
    def ids(self) -> list[str]:
        return [post.id for post in self.posts]

    @property
    def faults(self) -> list[tuple[int, str]]:
        return [(dead.line, dead.reason) for dead in self.dead]


def read(folder: Path, content: bytes, name: str = "archive.jsonl", **options: Any) -> Reading:
    path = folder / name
    path.write_bytes(content)
    return Reading(path, **options)


def tweet(number: int = 1, text: str = "hello #World &amp; $ABC", **more: Any) -> dict[str, Any]:
    return {
        "created_at": "Thu May 01 12:00:00 +0000 2014",
        "id": number,
        "id_str": str(number),
        "text": text,
        "user": {
            "id_str": "77",
            "screen_name": "Ana_B",
            "name": "Ana",
            "profile_image_url_https": "https://a.example/x.png",
        },
        "entities": {
            "hashtags": [{"text": "World", "indices": [6, 12]}],
            "symbols": [{"text": "ABC", "indices": [1, 2]}],
        },
        "lang": "en",
        **more,
    }


def tweet2(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "text": "hello #World &amp; co",
        "created_at": "2014-05-01T12:00:00.000Z",
        "author_id": "77",
        "lang": "en",
        "entities": {"hashtags": [{"start": 6, "end": 12, "tag": "World"}]},
        **more,
    }


def status(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "created_at": "2014-05-01T12:00:00.000Z",
        "language": "fr",
        "uri": f"https://social.example/users/ana/statuses/{number}",
        "url": f"https://social.example/@ana/{number}",
        "content": '<p>Vive l&#39;<a href="https://social.example/t">#<span>Été</span></a><br />ici</p><p>fin</p>',
        "account": {"acct": "ana@social.example", "display_name": "Ana", "avatar": "https://social.example/a.png"},
        "tags": [{"name": "ete", "url": "https://social.example/tags/ete"}],
        "reblog": None,
        "media_attachments": [{"type": "image", "url": "https://social.example/m.png", "description": "a beach"}],
        **more,
    }


def activity(number: int = 1, **more: Any) -> dict[str, Any]:
    address = f"https://social.example/users/ana/statuses/{number}"
    return {
        "id": address + "/activity",
        "type": "Create",
        "actor": "https://social.example/users/ana",
        "published": "2014-05-01T12:00:00Z",
        "object": {
            "id": address,
            "type": "Note",
            "published": "2014-05-01T12:00:00Z",
            "url": f"https://social.example/@ana/{number}",
            "attributedTo": "https://social.example/users/ana",
            "content": "<p>Bonjour #<span>Lyon</span></p>",
            "contentMap": {"fr": "<p>Bonjour #<span>Lyon</span></p>"},
            "tag": [{"type": "Hashtag", "name": "#lyon"}, {"type": "Mention", "name": "@bob"}],
            "attachment": [{"type": "Document", "mediaType": "image/png", "url": "https://social.example/m.png"}],
        },
        **more,
    }


def skeet(
    number: int = 1, text: str = "été #Lyon", commit: Mapping[str, Any] | None = None, **record: Any
) -> dict[str, Any]:
    return {
        "did": "did:plc:abc123",
        "time_us": 1_398_945_600_500_000,
        "kind": "commit",
        "commit": {
            "rev": "r",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"k{number}",
            "cid": "c",
            "record": {
                "$type": "app.bsky.feed.post",
                "text": text,
                "createdAt": "2014-05-01T12:00:00.250Z",
                "langs": ["fr", "en"],
                "facets": [
                    {
                        "index": {"byteStart": 6, "byteEnd": 11},  # "été " is six bytes
                        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "lyon"}],
                    }
                ],
                **record,
            },
            **(commit or {}),
        },
    }
