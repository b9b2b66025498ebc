"""The topics are declared once: what is made, asked for and documented comes from that declaration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.context import Context
from pipeline.kafka import topics
from pipeline.kafka.connection import Connection
from pipeline.kafka.rights import worker_rights
from pipeline.kafka.topics import Found, Wanted, mismatches, topic_table
from pipeline.settings import load_settings
from schemas.topics import POSTS, ROLES, TOPICS, Topic, Topics

ROOT = Path(__file__).resolve().parents[2]
NAMES = {topic.name for topic in TOPICS}


def page_of_topics() -> str:
    """The tables of docs/kafka.md: the topics, and who does what with them."""
    lines = ["| topic | key | partitions | kept | carries |", "| --- | --- | --- | --- | --- |"]
    for it in TOPICS:
        lines.append(f"| `{it.name}` | {it.key} | {_many(it)} | {_kept(it)} | {it.carries} |")
    lines += ["", f"| topic | {' | '.join(ROLES)} |", f"| --- {'| --- ' * len(ROLES)}|"]
    for it in TOPICS:
        told = [" ".join(operation.capitalize() for operation in it.operations(role)) for role in ROLES]
        lines.append(f"| `{it.name}` | {' | '.join(told)} |")
    return "\n".join([*lines, "", *(f"- {role}: {who}" for role, who in ROLES.items()), ""])


def _many(topic: Topic) -> str:
    return "1" if topic.partitions == 1 else f"`{topic.partitions}`"


def _kept(topic: Topic) -> str:
    spans = ["compacted"] if "compact" in topic.policy else []
    if topic.kept_days is not None:
        spans.append(f"{topic.kept_days:g} days" if topic.kept_days >= 1 else f"{topic.kept_days * 24:g} hours")
    return ", ".join(spans)


def test_the_page_tells_the_topics_as_they_are_declared() -> None:
    page = (ROOT / "docs" / "kafka.md").read_text()
    _, told, _ = page.split("<!-- topics -->\n")
    assert told == page_of_topics(), "put what page_of_topics() returns between the two marks"


def test_nothing_else_names_a_topic() -> None:
    named = re.compile(r"(?:prefix\}|prefix \+ f?[\"'])\s*[a-z{]")
    for path in sorted(path for folder in ("agents", "pipeline") for path in (ROOT / folder).rglob("*.py")):
        assert not named.findall(path.read_text()), path


def test_every_declared_topic_has_a_name_with_the_prefix() -> None:
    told = {name for name in vars(Topics("p-")).values() if name != "p-"}
    assert told == {f"p-{name}" for name in NAMES} | {"p-upswell"}
    assert Context.__annotations__["topics"] == "Topics"


def test_a_worker_asks_for_the_rights_on_what_it_reads_and_writes_and_no_other() -> None:
    rights = worker_rights(load_settings(kafka_prefix="p-"))
    assert rights["p-posts"] == ("READ", "WRITE")
    assert rights["p-posts-dead"] == ("WRITE",)
    assert "p-alerts-given-up" not in rights
    assert {name.removeprefix("p-") for name in rights} < NAMES


@pytest.mark.parametrize(
    ("partitions", "settings", "told"),
    [
        (4, {"message.timestamp.type": "LogAppendTime"}, None),
        (4, {"message.timestamp.type": "LogAppendTime", "retention.ms": "1"}, None),
        (5, {"message.timestamp.type": "LogAppendTime"}, "set UPSWELL_PARTITIONS to 5"),
        (4, {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact"}, "cleanup.policy=[delete]"),
        (4, {}, "--add-config message.timestamp.type=LogAppendTime"),
    ],
)
def test_what_is_found_otherwise_than_declared_is_told_with_a_remedy(
    partitions: int, settings: dict[str, str], told: str | None
) -> None:
    faults = mismatches(Wanted(POSTS, "posts", 4), Found(partitions, settings))
    assert len(faults) == (told is not None)
    assert told is None or told in faults[0]


def test_one_row_makes_one_topic() -> None:
    table = topic_table(load_settings(partitions=7))
    assert {it.name: it.partitions for it in table}["posts"] == 7
    assert {it.settings["cleanup.policy"] for it in table} == {"delete", "compact", "compact,delete"}


def test_topics_are_made_when_the_broker_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has just begun does so some time after it has said that they are made."""
    connection = Connection.of(load_settings(kafka_brokers="kafka.example.org:9092"))
    answers = iter([{}, {"posts": 0}, {"posts": 4}, {"posts": 4, "trends": 1}])
    monkeypatch.setattr(topics, "wait_for_broker", lambda *_: next(answers))
    topics._wait_until_shown(connection, {"posts", "trends"})
    assert not list(answers)
    monkeypatch.setattr(topics, "wait_for_broker", lambda *_: {"posts": 4})
    monkeypatch.setattr(topics, "SHOWN_WITHIN_S", 0.2)
    with pytest.raises(topics.TopicsError, match=r"has made trends and does not show it after"):
        topics._wait_until_shown(connection, {"posts", "trends"})
