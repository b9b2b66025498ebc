"""What a request carries, read no further than it may be long."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException


async def body_of(request: Request[Any, Any, Any], most: int) -> bytes:
    """The whole body of at most `most` bytes. Raises HTTPException: 413, or 415 where it is compressed."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(status_code=415, detail="send it uncompressed", headers={"Accept-Encoding": "identity"})
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:20]) > most:
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
