"""The JSON Schemas of all messages, for programs that are not ours:

python -m schemas.export docs/schemas
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.alerts import Alert, GivenUp, Order
from schemas.counts import CountsMessage
from schemas.definitions import Definitions
from schemas.moderation import Decision
from schemas.posts import Post
from schemas.topics import ALERTS, COUNTS, DECISIONS, DEFINITIONS, GIVEN_UP, POSTS, TRENDS
from schemas.trends import TrendList

MESSAGES: dict[str, Any] = {
    POSTS.name: Post,
    COUNTS.name: CountsMessage,
    TRENDS.name: TrendList,
    ALERTS.name: Alert,
    GIVEN_UP.name: GivenUp,
    DECISIONS.name: Decision | Order,
    DEFINITIONS.name: Definitions,
}  # by topic


def schema_texts() -> dict[str, str]:
    """The JSON Schema (2020-12) of each topic's values, as it stands in a file."""
    return {topic: _text(topic, message) for topic, message in MESSAGES.items()}


def _text(topic: str, message: Any) -> str:
    kinds = getattr(message, "__args__", (message,))
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    whole: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": topic}
    whole |= schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    return json.dumps({**whole, "$defs": components}, indent=2, ensure_ascii=False) + "\n"


def main(folder: str) -> None:
    """Writes a file for each topic."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for topic, text in schema_texts().items():
        (Path(folder) / f"{topic}.json").write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
