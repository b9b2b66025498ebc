"""What a request carries, read no further than it may be long; and how it is told to come later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException

AGAIN_S = 5  # what Retry-After says while Kafka is away


def later(status: int, detail: str, after_s: int = AGAIN_S) -> HTTPException:
    """The fault that is over by then."""
    return HTTPException(status_code=status, detail=detail, headers={"Retry-After": str(after_s)})


def length_told(headers: Mapping[str, str]) -> int | None:
    """How many bytes a request says that it has; None where it does not say."""
    told = headers.get("content-length", "")
    return int(told[:20]) if told.isascii() and told.isdigit() else None


async def body_of(request: Request[Any, Any, Any], most: int) -> bytes:
    """The whole body of at most `most` bytes. Raises HTTPException: 413, or 415 where it is compressed."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(status_code=415, detail="send it uncompressed", headers={"Accept-Encoding": "identity"})
    if (length_told(request.headers) or 0) > most:
        raise _too_long(most)
    parts, length = [], 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > most:
                raise _too_long(most)
            parts.append(part)
    except ClientException as error:
        if error.status_code == 413:
            raise _too_long(most) from None
        raise
    return b"".join(parts)


def content_type(request: Request[Any, Any, Any]) -> str:
    """The media type of the body, without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _too_long(most: int) -> HTTPException:
    return HTTPException(status_code=413, detail=f"at most {most:,} bytes at once")
