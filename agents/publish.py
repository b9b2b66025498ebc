"""Sending messages so that all of them have been acknowledged before anybody goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import errors
from aiokafka.structs import RecordMetadata
from faust import App
from faust.exceptions import ProducerSendError

ACKNOWLEDGED_WITHIN_S = 60.0
_NEVER = (
    errors.TopicAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.InvalidTopicError,
    errors.MessageSizeTooLargeError,
    errors.PolicyViolationError,
    errors.RecordListTooLargeError,
)


class CannotGoOnError(Exception):
    """Going on makes no sense before somebody has mended something: one sentence that says what."""


class CannotPassError(CannotGoOnError):
    """A topic refuses what is to be written to it, and will as often as it is tried."""

    def __init__(self, topic: str, error: BaseException) -> None:
        super().__init__(f"topic {topic} refuses what is to be written to it: {error}")
        self.topic, self.error = topic, error


class Outgoing(NamedTuple):
    """One record on its way to a topic."""

    topic: str
    partition: int | None  # None: by key
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


async def publish(app: App, messages: Iterable[Outgoing]) -> list[RecordMetadata]:
    """Returns what the broker says of each when it has acknowledged all; raises the first error when it has refused
    one, or did not answer in time: CannotPassError where no retry helps. Messages of one partition are appended in
    their order."""
    sent: list[tuple[str, asyncio.Future[Any]]] = []
    topic = ""
    try:
        for out in messages:
            topic = out.topic
            future = await app.producer.send(topic, out.key, out.value, out.partition, None, list(out.headers) or None)
            sent.append((topic, asyncio.ensure_future(future)))
        return await _acknowledged([future for _, future in sent]) if sent else []
    except _NEVER as error:
        refusing = (name for name, future in sent if future.done() and not future.cancelled() and future.exception())
        raise CannotPassError(next(refusing, topic), error) from error
    except ProducerSendError as error:  # what aiokafka itself does not take
        if isinstance(error.__cause__, _NEVER):
            raise CannotPassError(topic, error.__cause__) from error
        raise


async def _acknowledged(futures: Sequence[asyncio.Future[Any]]) -> list[RecordMetadata]:
    for future in futures:
        future.add_done_callback(_seen)
    done, waiting = await asyncio.wait(futures, timeout=ACKNOWLEDGED_WITHIN_S, return_when=asyncio.FIRST_EXCEPTION)
    for future in done:
        future.result()
    if waiting:
        raise TimeoutError(f"{len(waiting)} records were not acknowledged within {ACKNOWLEDGED_WITHIN_S:.0f} s")
    return [future.result() for future in futures]


def _seen(future: asyncio.Future[Any]) -> None:
    """What follows the first error is not told by asyncio as forgotten."""
    if not future.cancelled():
        future.exception()
