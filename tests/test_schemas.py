"""The schemas in docs are those of the code, and what we publish keeps to them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from pipeline.trends.wire import to_chunks
from schemas import TrendList
from schemas.export import MESSAGES, schema_texts
from tests.oracle import streams
from tests.trends.test_early_lists import local, posts_of
from tests.trends.test_snapshot import closes

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"


def validator(topic: str) -> jsonschema.protocols.Validator:
    schema = json.loads((FOLDER / f"{topic}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plain(message: object) -> object:
    return json.loads(msgspec.json.encode(message))


def test_the_files_are_those_of_the_code() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(MESSAGES)
    for topic, text in schema_texts().items():
        assert (FOLDER / f"{topic}.json").read_text() == text, "run python -m schemas.export docs/schemas"


def test_posts_and_lists_keep_to_their_schemas() -> None:
    log = streams.seeded(1, posts=400, hours=1.0)
    lists: list[TrendList] = []
    local_run = local(2, lists)
    posts = posts_of(log)
    local_run.feed(posts)
    local_run.finish()
    of_posts, of_lists = validator("posts"), validator("trends")
    for post in posts:
        of_posts.validate(plain(post))
    assert lists
    for one in lists:
        of_lists.validate(plain(one))
    with pytest.raises(jsonschema.ValidationError):
        of_lists.validate({"scope": "all"})
    with pytest.raises(jsonschema.ValidationError):
        of_posts.validate({"id": "", "author": "a", "text": "", "time": 1})


def test_counts_keep_to_their_schema() -> None:
    of_counts = validator("topic-counts")
    for pane in closes(streams.seeded(1, posts=400, hours=1.0)):
        for chunk in to_chunks(pane, 0, 1):
            of_counts.validate(plain(chunk))
